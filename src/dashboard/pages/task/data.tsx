import { useState } from 'react';
import type { Json } from '../../client/graphql.ts';
import { useAsked } from '../../hooks/use-asked.ts';
import { Button } from '../../parts/button.tsx';
import { CopyButton } from '../../parts/copy-button.tsx';
import { JsonTree } from '../../parts/json-tree.tsx';
import { Loading, Panel } from '../../parts/page.tsx';
import { type TaskData, taskDefinition } from './task-data.ts';
import type { LiveTask } from './task-live.ts';
import styles from './data.module.css';

/** What went in and what came out, side by side where there is room. */
export function Data({ task, about }: { readonly task: LiveTask; readonly about: TaskData | undefined }) {
  const data = task.progress?.data ?? null;
  const { data: known } = useAsked({ query: taskDefinition, variables: { name: task.name } });
  const takesNone = known?.definition?.inputType === null && isEmpty(about?.input);
  return (
    <div className={styles['data']}>
      {task.status === 'SUCCEEDED' && (
        <DataPanel title="Output" value={task.outputJson} absent="It returned nothing." />
      )}
      {about === undefined ? (
        <Panel title="Input">
          <Loading />
        </Panel>
      ) : (
        <DataPanel title="Input" value={takesNone ? null : about.input} absent="It takes none." />
      )}
      {data !== null && <DataPanel title="Data of its progress" value={data} absent="" />}
    </div>
  );
}

function isEmpty(input: Json | undefined): boolean {
  return typeof input === 'object' && input !== null && Object.keys(input).length === 0;
}

function DataPanel({
  title,
  value,
  absent,
}: {
  readonly title: string;
  readonly value: Json;
  readonly absent: string;
}) {
  const [isRaw, setRaw] = useState(false);
  const name = `the ${title.toLowerCase()}`;
  const isLeaf = value === null || typeof value !== 'object';
  return (
    <Panel
      title={title}
      aside={
        !isLeaf && (
          <Button tone="quiet" aria-pressed={isRaw} onClick={() => setRaw(!isRaw)}>
            {isRaw ? 'Tree' : 'Raw'}
          </Button>
        )
      }
    >
      {value === null ? (
        <p className={styles['absent']}>{absent}</p>
      ) : isRaw ? (
        <div className={styles['raw']}>
          <CopyButton text={() => JSON.stringify(value, undefined, 2)} label={`Copy ${name} as JSON`} />
          <pre role="region" tabIndex={0} aria-label={`${title} as JSON`}>
            {JSON.stringify(value, undefined, 2)}
          </pre>
        </div>
      ) : (
        <div className={styles['tree']}>
          <JsonTree value={value} label={name} />
        </div>
      )}
    </Panel>
  );
}

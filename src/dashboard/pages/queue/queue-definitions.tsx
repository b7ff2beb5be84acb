import { useState } from 'react';
import { useMutation } from 'urql';
import { useAsked } from '../../hooks/use-asked.ts';
import { Link } from 'wouter';
import { graphql } from '../../client/graphql.ts';
import { useViewer } from '../../client/viewer.tsx';
import { ActLine } from '../../parts/act-line.tsx';
import { Ask } from '../../parts/ask.tsx';
import { Button } from '../../parts/button.tsx';
import { Panel } from '../../parts/page.tsx';
import { messagesOf } from '../../parts/problem.tsx';
import table from '../../parts/table.module.css';
import { toast } from '../../parts/toasts.tsx';
import type { Queue } from './queue-fields.ts';
import { pauseDefinition, resumeDefinition } from './queue-mutations.ts';
import styles from './queue.module.css';

const queueDefinitions = graphql(`
  query QueueDefinitions {
    definitions {
      name
      queue
      description
    }
  }
`);

/** The definitions whose tasks wait in a queue: each can be paused by itself. */
export function QueueDefinitions({ queue }: { readonly queue: Queue }) {
  const { may } = useViewer();
  const { data } = useAsked({ query: queueDefinitions, pause: !may('tasks:read') });
  const known = data?.definitions.filter((definition) => definition.queue === queue.name) ?? [];
  const paused = new Map(queue.pausedDefinitions.map(({ name, pause }) => [name, pause]));
  // Also those that this API has not loaded, as far as the queue itself tells of them.
  const named = [...paused.keys(), ...queue.limits.map(({ definition }) => definition ?? '')];
  const names = new Set([...known.map(({ name }) => name), ...named.filter((name) => name !== '')]);
  return (
    <Panel title="Definitions">
      {names.size === 0 ? (
        <p className={styles['note']}>This API has loaded no definition of it.</p>
      ) : (
        <table className={table['table']}>
          <thead>
            <tr>
              <th scope="col">Name</th>
              <th scope="col">
                <span className="unseen">Actions</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {[...names].toSorted().map((name) => {
              const pause = paused.get(name);
              const isKnown = known.some((definition) => definition.name === name);
              return (
                <tr key={name}>
                  <td>
                    {isKnown && may('tasks:write') ? (
                      <Link href={`/enqueue/${name}`} className="mono">
                        {name}
                      </Link>
                    ) : (
                      <span className="mono">{name}</span>
                    )}
                    <div className={styles['meta']}>
                      {known.find((definition) => definition.name === name)?.description}
                    </div>
                    {pause !== undefined && (
                      <div className={`${styles['meta']} ${styles['blocking']}`}>
                        paused <ActLine act={pause} />
                      </div>
                    )}
                  </td>
                  <td className={`${table['end']} ${table['whole']}`}>
                    <DefinitionAction name={name} isPaused={pause !== undefined} />
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      )}
    </Panel>
  );
}

function DefinitionAction({ name, isPaused }: { readonly name: string; readonly isPaused: boolean }) {
  const [isAsked, setAsked] = useState(false);
  const [, pause] = useMutation(pauseDefinition);
  const [{ fetching }, resume] = useMutation(resumeDefinition);
  const goOn = async (): Promise<void> => {
    const { error } = await resume({ name });
    if (error === undefined) toast(`${name} goes on.`);
    else toast(messagesOf(error).join(' '), 'bad');
  };
  if (isPaused) {
    return (
      <Button icon="play" isBusy={fetching} aria-label={`Resume ${name}`} onClick={() => void goOn()}>
        Resume
      </Button>
    );
  }
  return (
    <>
      <Button icon="pause" tone="quiet" aria-label={`Pause ${name}`} onClick={() => setAsked(true)}>
        Pause …
      </Button>
      {isAsked && (
        <Ask
          title={`Pause ${name}?`}
          verb="Pause"
          hasReason
          onDo={async (reason) => await pause({ name, reason })}
          onClose={() => setAsked(false)}
        >
          <p>No task of this definition begins until it is resumed. Others of the queue go on.</p>
        </Ask>
      )}
    </>
  );
}

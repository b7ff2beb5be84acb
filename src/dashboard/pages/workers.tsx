import { useState } from 'react';
import { graphql } from '../client/graphql.ts';
import { useLive } from '../hooks/use-live.ts';
import { Input } from '../parts/field.tsx';
import { Empty, Loading, Page } from '../parts/page.tsx';
import { Problem } from '../parts/problem.tsx';
import { TasksLink } from '../parts/tasks-link.tsx';
import { WorkerCard } from './workers/worker-card.tsx';
import { type Worker, workerFields } from './workers/worker-fields.ts';
import styles from './workers/workers.module.css';

const workersUpdated = graphql(
  `
    subscription WorkersUpdated {
      workersUpdated {
        ...WorkerFields
      }
    }
  `,
  [workerFields],
);

const toWorkers = (
  _: unknown,
  { workersUpdated }: { readonly workersUpdated: readonly Worker[] },
): readonly Worker[] => workersUpdated.toSorted((one, other) => one.id.localeCompare(other.id));

/** Who runs tasks: where, in what version, with what load and memory, and what each runs now. */
export default function WorkersPage() {
  const [search, setSearch] = useState('');
  const { state: workers, error } = useLive(workersUpdated, none, toWorkers);
  const usual = mostFrequent((workers ?? []).map(({ version }) => version));
  const wanted = search.toLowerCase();
  const shown = (workers ?? []).filter(({ id, host, queues }) =>
    [id, host, ...queues.map(({ name }) => name)].some((text) => text.toLowerCase().includes(wanted)),
  );
  return (
    <Page
      title="Workers"
      lead="Processes that take tasks and run them."
      actions={
        (workers?.length ?? 0) > 5 && (
          <Input
            type="search"
            aria-label="Find a worker"
            placeholder="Host, id or queue  /"
            value={search}
            onChange={({ target }) => setSearch(target.value)}
          />
        )
      }
    >
      <Problem error={error} />
      {workers === undefined && <Loading label="Loading the workers" lines={6} />}
      {workers?.length === 0 && (
        <Empty title="No worker is there.">
          Start one by <code>taskwire worker</code>. What waits meanwhile is among the{' '}
          <TasksLink href="/tasks?status=QUEUED">tasks</TasksLink>.
        </Empty>
      )}
      {workers !== undefined && workers.length > 0 && shown.length === 0 && (
        <Empty title={`No worker has “${search}” in its host, id or queues.`} />
      )}
      <ul className={styles['cards']}>
        {shown.map((worker) => (
          <li key={worker.id}>
            <WorkerCard worker={worker} isOdd={worker.version !== usual} />
          </li>
        ))}
      </ul>
    </Page>
  );
}

const none = {};

/** The version that most have: who has another one stands out. */
function mostFrequent(versions: readonly string[]): string | undefined {
  const counts = Map.groupBy(versions, (version) => version);
  return [...counts].toSorted(([, one], [, other]) => other.length - one.length)[0]?.[0];
}

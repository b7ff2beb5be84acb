import { useEffect } from 'react';
import { useQuery } from 'urql';
import { Link } from 'wouter';
import { graphql, type ResultOf } from '../../client/graphql.ts';
import { useViewer } from '../../client/viewer.tsx';
import { useLive } from '../../hooks/use-live.ts';
import { formatCount } from '../../parts/format.ts';
import { Icon } from '../../parts/icon.tsx';
import { DueIn } from './due.tsx';
import type { LiveTask } from './task-live.ts';
import styles from './waiting.module.css';

const standing = graphql(`
  query TaskStanding($id: ID!) {
    task(id: $id) {
      id
      queuePosition
      estimatedStartAt
      waitsFor {
        reason
        message
        until
      }
    }
  }
`);

const queueUpdated = graphql(`
  subscription QueueOfTask($name: String!) {
    queueUpdated(name: $name) {
      name
      waiting
      running
    }
  }
`);

/**
 * Where a task stands in its queue, and why it waits. That isn't part of its state: it is asked for again when the task comes
 * to another status or attempt, and whenever its queue changes, for who may see queues.
 */
export function Waiting({ task }: { readonly task: LiveTask }) {
  const { may } = useViewer();
  const [{ data }, ask] = useQuery({
    query: standing,
    variables: { id: task.id },
    requestPolicy: 'network-only',
  });
  const { state: changes } = useLive(
    queueUpdated,
    may('queues:manage') ? { name: task.queue } : undefined,
    (count: number | undefined) => (count ?? 0) + 1,
  );
  useEffect(() => ask({ requestPolicy: 'network-only' }), [ask, task.status, task.attempt, changes]);
  const { queuePosition = null, estimatedStartAt = null, waitsFor = [] } = data?.task ?? {};
  return (
    <>
      {waitsFor.length > 0 && (
        <ul className={styles['waits']} aria-label="Why it waits">
          {waitsFor.map((wait) => (
            <WaitView key={wait.reason} wait={wait} task={task} />
          ))}
        </ul>
      )}
      {(queuePosition !== null || estimatedStartAt !== null) && (
        <Standing position={queuePosition} startAt={estimatedStartAt} />
      )}
    </>
  );
}

type Wait = NonNullable<ResultOf<typeof standing>['task']>['waitsFor'][number];

/** What somebody has to do about it, as it does not pass by itself. */
const stuck: ReadonlySet<string> = new Set(['QUEUE_PAUSED', 'DEFINITION_PAUSED', 'NO_WORKER']);

/** A reason why it waits, with where something can be done about it. */
function WaitView({ wait, task }: { readonly wait: Wait; readonly task: LiveTask }) {
  const { may } = useViewer();
  const { reason, message, until } = wait;
  const isOfQueue = may('queues:manage') && /PAUSED|LIMIT/.test(reason);
  const isOfWorkers = may('queues:manage') && /WORKER/.test(reason);
  return (
    <li data-stuck={stuck.has(reason)}>
      <Icon name={stuck.has(reason) ? 'warning' : 'info'} />
      <span>
        {message} {until !== null && <DueIn at={until} />}
      </span>
      {isOfQueue && <Link href={`/queues/${encodeURIComponent(task.queue)}`}>To the queue</Link>}
      {isOfWorkers && <Link href="/workers">To the workers</Link>}
    </li>
  );
}

function Standing({
  position: queuePosition,
  startAt: estimatedStartAt,
}: {
  readonly position: number | null;
  readonly startAt: string | null;
}) {
  return (
    <dl className={styles['standing']}>
      {queuePosition !== null && (
        <div>
          <dt>Place in line</dt>
          <dd>{queuePosition === 1 ? 'next' : formatCount(queuePosition)}</dd>
        </div>
      )}
      {estimatedStartAt !== null && (
        <div>
          <dt>Starts about</dt>
          <dd>
            <DueIn at={estimatedStartAt} />
          </dd>
        </div>
      )}
    </dl>
  );
}

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
  subscription TaskStanding($id: ID!) {
    taskUpdated(id: $id, throttle: "1s") {
      id
      status
      attempt
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

type TaskStanding = ResultOf<typeof standing>['taskUpdated'];

const toStanding = (_: unknown, { taskUpdated }: ResultOf<typeof standing>): TaskStanding => taskUpdated;

/**
 * Where a task stands in its queue, and why it waits. That has a subscription of its own, once a second at most: it takes a
 * look at the queue each time, which progress is not worth.
 */
export function Waiting({ task }: { readonly task: LiveTask }) {
  const { state } = useLive(standing, { id: task.id }, toStanding);
  // The task may have gone on already.
  if (state?.status !== task.status || state.attempt !== task.attempt) return null;
  const { queuePosition, estimatedStartAt, waitsFor } = state;
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

type Wait = TaskStanding['waitsFor'][number];

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

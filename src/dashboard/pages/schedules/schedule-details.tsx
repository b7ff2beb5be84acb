import { Link } from 'wouter';
import { applyChanges } from '../../client/apply-changes.ts';
import { graphql, type ResultOf } from '../../client/graphql.ts';
import { useViewer } from '../../client/viewer.tsx';
import { useLive } from '../../hooks/use-live.ts';
import { JsonTree } from '../../parts/json-tree.tsx';
import { Problem } from '../../parts/problem.tsx';
import { StatusBadge } from '../../parts/status-badge.tsx';
import { TimeAgo } from '../../parts/time.tsx';
import type { Schedule } from './schedule-fields.ts';
import { exactTime, skipWords } from './schedule-words.ts';
import styles from './schedules.module.css';

const tasksOfSchedule = graphql(`
  subscription TasksOfSchedule($ids: [ID!]!) {
    tasksUpdated(filter: { schedules: $ids }, first: 5) {
      reset {
        nodes {
          __typename
          id
          status
          createdAt
        }
      }
      changes {
        kind
        index
        task {
          __typename
          id
          status
          createdAt
        }
      }
      hasNextPage
    }
  }
`);

type Update = ResultOf<typeof tasksOfSchedule>;
type Task = NonNullable<Update['tasksUpdated']['reset']>['nodes'][number];

/** All of one schedule: its next slots, its newest tasks as they go, and what they are made of. */
export function ScheduleDetails({ schedule }: { readonly schedule: Schedule }) {
  const { may } = useViewer();
  const { input, nextRuns, queue, priority, tags, lastSkip, missedCount, createdAt } = schedule;
  return (
    <div className={styles['details']}>
      <section>
        <h3>Next runs</h3>
        {nextRuns.length === 0 ? (
          <p className="faint">{schedule.isPaused ? 'None while it is paused.' : 'None any more.'}</p>
        ) : (
          <ol className={styles['runs']}>
            {nextRuns.map((slot) => (
              <li key={slot}>
                <span>{exactTime(slot)}</span>
                <span className="faint">
                  <TimeAgo at={slot} />
                </span>
              </li>
            ))}
          </ol>
        )}
      </section>
      <NewestTasks id={schedule.id} />
      <section>
        <h3>Its tasks</h3>
        <dl className={styles['facts']}>
          <dt>Queue</dt>
          <dd>
            {may('queues:manage') ? (
              <Link href={`/queues/${encodeURIComponent(queue)}`}>{queue}</Link>
            ) : (
              queue
            )}
          </dd>
          <dt>Priority</dt>
          <dd>{priority}</dd>
          <dt>Tags</dt>
          <dd>{tags.length === 0 ? <span className="faint">none</span> : tags.join(', ')}</dd>
          <dt>Left out</dt>
          <dd>
            {lastSkip === null ? (
              <span className="faint">no slot so far</span>
            ) : (
              <>
                <TimeAgo at={lastSkip.slot} />, as {skipWords[lastSkip.reason]}
              </>
            )}
          </dd>
          {missedCount > 0 && (
            <>
              <dt>Missed</dt>
              <dd>{missedCount}</dd>
            </>
          )}
          <dt>Made</dt>
          <dd>
            <TimeAgo at={createdAt} />
          </dd>
        </dl>
      </section>
      {input !== null && (
        <section className={styles['input']}>
          <h3>Input</h3>
          <JsonTree value={input} label="the input" />
        </section>
      )}
    </div>
  );
}

function NewestTasks({ id }: { readonly id: string }) {
  const { state: tasks, error } = useLive(tasksOfSchedule, { ids: [id] }, reduce, { isEndless: true });
  return (
    <section>
      <h3>Newest tasks</h3>
      <Problem error={error} />
      {tasks?.length === 0 && <p className="faint">None so far.</p>}
      <ul className={styles['runs']}>
        {tasks?.map((task) => (
          <li key={task.id}>
            <Link href={`/tasks/${encodeURIComponent(task.id)}`}>
              <TimeAgo at={task.createdAt} />
            </Link>
            <StatusBadge status={task.status} />
          </li>
        ))}
      </ul>
      {tasks !== undefined && tasks.length > 0 && (
        <Link href={`/tasks?schedule=${encodeURIComponent(id)}`}>All of them</Link>
      )}
    </section>
  );
}

function reduce(tasks: readonly Task[] | undefined, { tasksUpdated }: Update): readonly Task[] {
  return applyChanges(tasksUpdated.reset?.nodes ?? tasks ?? [], tasksUpdated.changes);
}

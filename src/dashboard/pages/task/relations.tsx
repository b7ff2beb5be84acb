import { Link } from 'wouter';
import { Panel } from '../../parts/page.tsx';
import { StatusBadge, type TaskStatus } from '../../parts/status-badge.tsx';
import { formatCount } from '../../parts/format.ts';
import { Fact } from './facts.tsx';
import type { TaskData } from './task-data.ts';
import styles from './facts.module.css';

/** Where a task comes from: nothing, where nobody but a client made it. */
export function Relations({ about }: { readonly about: TaskData | undefined }) {
  if (about === undefined) return null;
  const { parent, replayOf, batch, schedule } = about;
  if (parent === null && replayOf === null && batch === null && schedule === null) return null;
  return (
    <Panel title="Comes from">
      <dl className={styles['facts']}>
        {parent !== null && (
          <Fact name="Parent">
            <TaskLink task={parent} />
          </Fact>
        )}
        {replayOf !== null && (
          <Fact name="Replay of">
            <TaskLink task={replayOf} />
          </Fact>
        )}
        {batch !== null && (
          <Fact name="Batch">
            <Link href={`/tasks?batch=${encodeURIComponent(batch.id)}`}>
              {formatCount(batch.total)} tasks
            </Link>
          </Fact>
        )}
        {schedule !== null && (
          <Fact name="Schedule">
            <Link href={`/schedules?id=${encodeURIComponent(schedule.id)}`}>
              {schedule.name ?? schedule.definition}
            </Link>
          </Fact>
        )}
      </dl>
    </Panel>
  );
}

function TaskLink({
  task: { id, name, status },
}: {
  readonly task: { readonly id: string; readonly name: string; readonly status: TaskStatus };
}) {
  return (
    <>
      <Link href={`/tasks/${encodeURIComponent(id)}`} title={id}>
        {name}
      </Link>{' '}
      <StatusBadge status={status} />
    </>
  );
}

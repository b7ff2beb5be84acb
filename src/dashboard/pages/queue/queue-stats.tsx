import { useViewer } from '../../client/viewer.tsx';
import { formatCompact, formatCount } from '../../parts/format.ts';
import { Stat, Stats } from '../../parts/stat.tsx';
import { tasksOf } from '../../parts/tasks-link.tsx';
import { Elapsed } from '../../parts/time.tsx';
import type { Queue } from './queue-fields.ts';

/** The figures of a queue; each leads to the tasks that it counts. */
export function QueueStats({ queue }: { readonly queue: Queue }) {
  const { name, counts, waiting, running, workers, oldestWaitingSince } = queue;
  const { may } = useViewer();
  const link = (...statuses: readonly string[]) =>
    may('tasks:read') ? { href: tasksOf(name, ...statuses) } : {};
  const failed = counts.failed > 0 ? { tone: '--failed' } : {};
  return (
    <Stats>
      <Stat
        label="Waiting"
        value={formatCompact(waiting)}
        detail={
          oldestWaitingSince === null ? (
            'none waits'
          ) : (
            <>
              the oldest for <Elapsed from={oldestWaitingSince} />
            </>
          )
        }
        {...link('QUEUED')}
      />
      <Stat
        label="Running"
        value={formatCompact(running)}
        detail={
          workers.count === 0
            ? 'no worker'
            : `${formatCount(workers.busy)} of ${formatCount(workers.slots)} slots busy`
        }
        {...link('RUNNING', 'CANCELING')}
      />
      <Stat
        label="Scheduled"
        value={formatCompact(counts.scheduled)}
        detail="wait for their time"
        {...link('SCHEDULED')}
      />
      <Stat
        label="Retrying"
        value={formatCompact(counts.retrying)}
        detail="wait for their next attempt"
        {...link('RETRYING')}
      />
      <Stat
        label="Succeeded"
        value={formatCompact(counts.succeeded)}
        detail="still kept"
        {...link('SUCCEEDED')}
      />
      <Stat
        label="Failed"
        value={formatCompact(counts.failed)}
        detail="still kept"
        {...failed}
        {...link('FAILED')}
      />
      <Stat
        label="Canceled"
        value={formatCompact(counts.canceled)}
        detail="still kept"
        {...link('CANCELED')}
      />
      <Stat label="Expired" value={formatCompact(counts.expired)} detail="still kept" {...link('EXPIRED')} />
    </Stats>
  );
}

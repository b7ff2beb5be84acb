import { useViewer } from '../../client/viewer.tsx';
import { Elapsed } from '../../parts/time.tsx';
import { formatCompact } from '../../parts/format.ts';
import { Stat, Stats } from '../../parts/stat.tsx';
import { total } from './hour.ts';
import type { Overview, OverviewQueue } from './use-overview.ts';

/** The figures that say whether all is well. */
export function Headline({ queues, minutes, workers }: Pick<Overview, 'queues' | 'minutes' | 'workers'>) {
  const { may } = useViewer();
  const link = (status: string) => (may('tasks:read') ? { href: `/tasks?status=${status}` } : {});
  const sum = (of: (queue: OverviewQueue) => number): number =>
    (queues ?? []).reduce((total, queue) => total + of(queue), 0);
  const oldest = (queues ?? []).flatMap(({ oldestWaitingSince }) => oldestWaitingSince ?? []).toSorted()[0];
  const slots = (workers ?? []).reduce((total, worker) => total + worker.slots, 0);
  const busy = (workers ?? []).reduce((total, worker) => total + worker.busy, 0);
  const failed = total(minutes ?? [], ({ finished }) => finished.failed);
  const succeeded = total(minutes ?? [], ({ finished }) => finished.succeeded);
  return (
    <Stats>
      <Stat
        label="Waiting"
        value={queues === undefined ? unknown : formatCompact(sum(({ waiting }) => waiting))}
        detail={
          queues === undefined ? undefined : oldest === undefined ? (
            'nothing waits'
          ) : (
            <>
              oldest: <Elapsed from={oldest} />
            </>
          )
        }
        {...link('QUEUED')}
      />
      <Stat
        label="Running"
        value={queues === undefined ? unknown : formatCompact(sum(({ running }) => running))}
        detail={workers && `${busy} of ${slots} slots busy`}
        tone="--running"
        {...link('RUNNING')}
      />
      <Stat
        label="Retrying"
        value={queues === undefined ? unknown : formatCompact(sum(({ counts }) => counts.retrying))}
        detail={queues && `${formatCompact(sum(({ counts }) => counts.scheduled))} scheduled`}
        {...link('RETRYING')}
      />
      <Stat
        label="Succeeded, last hour"
        value={minutes === undefined ? unknown : formatCompact(succeeded)}
        detail={
          queues &&
          `${formatCompact(sum(({ finishedPerMinute }) => finishedPerMinute.total))} ended in a minute`
        }
      />
      <Stat
        label="Failed, last hour"
        value={minutes === undefined ? unknown : formatCompact(failed)}
        detail={
          minutes &&
          (failed + succeeded === 0
            ? 'nothing ended'
            : `${percent(failed, failed + succeeded)} of what ended`)
        }
        {...(failed > 0 ? { tone: '--failed' } : {})}
        {...link('FAILED')}
      />
      <Stat
        label="Workers"
        value={workers === undefined ? unknown : workers.length}
        detail={workers && `on ${new Set(workers.map(({ host }) => host)).size} host(s)`}
        href="/workers"
      />
    </Stats>
  );
}

/** A figure that hasn't come yet. */
const unknown = '–';

function percent(part: number, whole: number): string {
  const share = (100 * part) / whole;
  return `${share > 0 && share < 10 ? share.toFixed(1) : Math.round(share)} %`;
}

import { Elapsed } from '../../parts/time.tsx';
import { formatCompact } from '../../parts/format.ts';
import { Stat, Stats } from '../../parts/stat.tsx';
import { total } from './hour.ts';
import type { Overview, OverviewQueue } from './use-overview.ts';

/** The figures that say whether all is well. */
export function Headline({ queues, minutes, workers }: Pick<Overview, 'queues' | 'minutes' | 'workers'>) {
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
        value={formatCompact(sum(({ waiting }) => waiting))}
        detail={
          oldest === undefined ? (
            'nothing waits'
          ) : (
            <>
              oldest: <Elapsed from={oldest} />
            </>
          )
        }
        href="/tasks?status=QUEUED"
      />
      <Stat
        label="Running"
        value={formatCompact(sum(({ running }) => running))}
        detail={`${busy} of ${slots} slots busy`}
        tone="--running"
        href="/tasks?status=RUNNING"
      />
      <Stat
        label="Retrying"
        value={formatCompact(sum(({ counts }) => counts.retrying))}
        detail={`${formatCompact(sum(({ counts }) => counts.scheduled))} scheduled`}
        href="/tasks?status=RETRYING"
      />
      <Stat
        label="Succeeded, last hour"
        value={formatCompact(succeeded)}
        detail={`${formatCompact(sum(({ finishedPerMinute }) => finishedPerMinute.total))} ended in a minute`}
      />
      <Stat
        label="Failed, last hour"
        value={formatCompact(failed)}
        detail={
          failed + succeeded === 0 ? 'nothing ended' : `${percent(failed, failed + succeeded)} of what ended`
        }
        {...(failed > 0 ? { tone: '--failed' } : {})}
        href="/tasks?status=FAILED"
      />
      <Stat
        label="Workers"
        value={workers === undefined ? '–' : workers.length}
        detail={`on ${new Set((workers ?? []).map(({ host }) => host)).size} host(s)`}
        href="/workers"
      />
    </Stats>
  );
}

function percent(part: number, whole: number): string {
  const share = (100 * part) / whole;
  return `${share > 0 && share < 10 ? share.toFixed(1) : Math.round(share)} %`;
}

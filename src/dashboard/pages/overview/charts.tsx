import { useMemo } from 'react';
import { Chart, type Series } from '../../parts/chart.tsx';
import { formatCompact, formatDuration, parseDuration } from '../../parts/format.ts';
import { Panel, Loading } from '../../parts/page.tsx';
import { type Minute, total } from './hour.ts';
import type { Overview } from './use-overview.ts';
import styles from './overview.module.css';

/** The last hour: what came and what ended, how long it waited and ran. */
export function Charts({ minutes }: Pick<Overview, 'minutes'>) {
  const drawn = useMemo(() => minutes && draw(minutes), [minutes]);
  return (
    <div className={styles['halves']}>
      <Panel title="Throughput" aside={<span className="faint">tasks a minute, last hour</span>}>
        {drawn === undefined ? <Loading lines={5} /> : <Chart {...drawn.throughput} />}
      </Panel>
      <Panel title="Latency" aside={<span className="faint">last hour</span>}>
        {drawn === undefined ? <Loading lines={5} /> : <Chart {...drawn.latency} />}
      </Panel>
    </div>
  );
}

function draw(minutes: readonly Minute[]) {
  const times = minutes.map(({ time }) => time / 1000);
  const counts = (of: (minute: Minute) => number): number[] => minutes.map(of);
  const spread = (of: (minute: Minute) => string | null): (number | null)[] =>
    minutes.map((minute) => parseDuration(of(minute)) ?? null);
  const throughput: Series[] = [
    { label: 'enqueued', color: '--queued', isDashed: true, values: counts(({ enqueued }) => enqueued) },
    {
      label: 'succeeded',
      color: '--succeeded',
      isArea: true,
      values: counts(({ finished }) => finished.succeeded),
    },
    { label: 'failed', color: '--failed', isArea: true, values: counts(({ finished }) => finished.failed) },
  ];
  const latency: Series[] = [
    { label: 'wait p50', color: '--scheduled', values: spread(({ wait }) => wait.p50) },
    { label: 'wait p95', color: '--scheduled', isDashed: true, values: spread(({ wait }) => wait.p95) },
    { label: 'run p50', color: '--running', values: spread(({ run }) => run.p50) },
    { label: 'run p95', color: '--running', isDashed: true, values: spread(({ run }) => run.p95) },
  ];
  const ended = total(minutes, ({ finished }) => finished.succeeded + finished.failed);
  return {
    throughput: {
      label: 'Tasks a minute in the last hour',
      summary: `${total(minutes, ({ enqueued }) => enqueued)} enqueued, ${ended} ended.`,
      times,
      series: throughput,
      format: formatCompact,
    },
    latency: {
      label: 'How long tasks waited and ran in the last hour',
      summary: `of ${total(minutes, ({ run }) => run.count)} attempts.`,
      times,
      series: latency,
      format: formatDuration,
    },
  };
}

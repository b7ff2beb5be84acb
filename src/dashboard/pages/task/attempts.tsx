import { useNow } from '../../hooks/use-now.ts';
import { formatCount, formatDuration } from '../../parts/format.ts';
import { Panel } from '../../parts/page.tsx';
import { Elapsed } from '../../parts/time.tsx';
import { type Span, ticksOf, type Track, type Tracks, tracksOf } from './attempt-tracks.ts';
import { DueIn } from './due.tsx';
import { FailureView } from './failure.tsx';
import type { Attempt, LiveTask } from './task-live.ts';
import styles from './attempts.module.css';

const outcomes = {
  SUCCEEDED: 'Succeeded',
  FAILED: 'Failed',
  TIMED_OUT: 'Timed out',
  CANCELED: 'Canceled',
  LOST: 'Worker lost',
  SUPERSEDED: 'Given back',
} as const;

/** The attempts on one axis of time: what was waited for each, how long it ran, where, and how it ended. */
export function Attempts({ task }: { readonly task: LiveTask }) {
  const now = useNow();
  const tracks = tracksOf(task, now);
  const ticks = ticksOf(tracks.to - tracks.from, 6);
  const missing = (task.attempts[0]?.number ?? 1) - 1;
  return (
    <Panel
      title="Attempts"
      aside={
        <span className="faint">
          {task.failedAttempts} of {task.maxAttempts} spent
        </span>
      }
    >
      <div className={styles['attempts']}>
        <div className={styles['axis']} aria-hidden="true">
          <div>
            {ticks.map((tick) => (
              <span key={tick} style={{ left: `${(tick / (tracks.to - tracks.from)) * 100}%` }}>
                {tick === 0 ? '0' : formatDuration(tick)}
              </span>
            ))}
          </div>
        </div>
        {missing > 0 && (
          <p className="faint">
            {missing === 1 ? 'An earlier attempt is' : `${formatCount(missing)} earlier attempts are`} no
            longer kept.
          </p>
        )}
        <ol>
          {tracks.tracks.map((track) => (
            <AttemptLine
              key={track.number ?? 'next'}
              track={track}
              tracks={tracks}
              attempt={task.attempts.find(({ number }) => number === track.number)}
              task={task}
              now={now}
            />
          ))}
        </ol>
      </div>
    </Panel>
  );
}

function AttemptLine({
  track,
  tracks,
  attempt,
  task,
  now,
}: {
  readonly track: Track;
  readonly tracks: Tracks;
  readonly attempt: Attempt | undefined;
  readonly task: LiveTask;
  readonly now: number;
}) {
  const outcome = attempt?.outcome ?? undefined;
  // The task's own failure is shown above already.
  const isTold = attempt?.failure?.attempt === task.failure?.attempt && task.failure !== null;
  return (
    <li>
      <div className={styles['words']}>
        <span className={styles['number']}>{attempt === undefined ? 'Next' : `#${attempt.number}`}</span>
        {attempt === undefined ? (
          <span className={styles['next']}>{task.isFinal ? 'never began' : <NextAttempt task={task} />}</span>
        ) : (
          <>
            <span className={styles['outcome']} data-outcome={outcome ?? 'RUNNING'}>
              {outcome === undefined ? 'Running' : outcomes[outcome]}
            </span>
            <span className="number">
              <Elapsed from={attempt.startedAt} to={attempt.finishedAt} />
            </span>
            <span className={styles['worker']} title={attempt.worker}>
              {attempt.worker}
            </span>
          </>
        )}
      </div>
      <div className={styles['lane']}>
        {track.wait !== undefined && (
          <Bar span={track.wait} tracks={tracks} now={now} kind="wait" label="waited" />
        )}
        {track.run !== undefined && (
          <Bar span={track.run} tracks={tracks} now={now} kind={outcome ?? 'RUNNING'} label="ran" />
        )}
      </div>
      {attempt !== undefined && attempt.failure !== null && !isTold && (
        <div className={styles['failure']}>
          <FailureView failure={attempt.failure} />
        </div>
      )}
    </li>
  );
}

function NextAttempt({ task }: { readonly task: LiveTask }) {
  if (task.nextAttemptAt === null) return <>waits for a worker</>;
  return (
    <>
      {task.status === 'RETRYING' ? 'is tried again ' : 'begins '}
      <DueIn at={task.nextAttemptAt} />
    </>
  );
}

function Bar({
  span,
  tracks,
  now,
  kind,
  label,
}: {
  readonly span: Span;
  readonly tracks: Tracks;
  readonly now: number;
  readonly kind: string;
  readonly label: string;
}) {
  const length = tracks.to - tracks.from;
  const to = span.to ?? Math.max(now, span.from);
  const left = ((span.from - tracks.from) / length) * 100;
  const width = ((to - span.from) / length) * 100;
  return (
    <span
      className={styles['bar']}
      data-kind={kind}
      style={{ left: `${left}%`, width: `${width}%` }}
      title={`${label} ${formatDuration(to - span.from)}, from ${new Date(span.from).toLocaleTimeString()}`}
    />
  );
}

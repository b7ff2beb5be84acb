import { useNow } from '../../hooks/use-now.ts';
import { formatCount, formatDuration } from '../../parts/format.ts';
import { Panel } from '../../parts/page.tsx';
import { Progress } from '../../parts/progress.tsx';
import { Elapsed, TimeAgo } from '../../parts/time.tsx';
import { DueIn } from './due.tsx';
import { type Reading, timeLeft } from './eta.ts';
import { FailureView } from './failure.tsx';
import type { LiveTask } from './task-live.ts';
import { Waiting } from './waiting.tsx';
import styles from './summary.module.css';

/** At a glance: how it stands, how far it is, and what is in its way. */
export function Summary({
  task,
  readings,
}: {
  readonly task: LiveTask;
  readonly readings: readonly Reading[];
}) {
  return (
    <Panel>
      <div className={styles['summary']}>
        <p className={styles['headline']}>
          <Headline task={task} />
        </p>
        {(task.status === 'RUNNING' || task.status === 'CANCELING') && (
          <Running task={task} readings={readings} />
        )}
        {!task.isFinal && <Waiting task={task} />}
        {task.cancellation !== null && <Cancellation of={task.cancellation} />}
        {task.failure !== null && <FailureView failure={task.failure} />}
      </div>
    </Panel>
  );
}

function Headline({ task }: { readonly task: LiveTask }) {
  const { attempt, maxAttempts } = task;
  const current = task.attempts.at(-1);
  const count = maxAttempts > 1 && attempt > 0 ? `, attempt ${attempt}` : '';
  switch (task.status) {
    case 'RUNNING':
    case 'CANCELING':
      return (
        <>
          {task.status === 'RUNNING' ? 'Running for ' : 'Is being canceled, running for '}
          <strong>
            <Elapsed from={current?.startedAt} />
          </strong>
          {count}
          {current !== undefined && <span className="soft"> on {current.worker}</span>}
        </>
      );
    case 'QUEUED':
      return (
        <>
          Waits for a worker since{' '}
          <strong>
            <Elapsed from={current?.finishedAt ?? task.runAt ?? task.createdAt} />
          </strong>
        </>
      );
    case 'SCHEDULED':
      return (
        <>
          Begins <DueIn at={task.nextAttemptAt} />
        </>
      );
    case 'RETRYING':
      return (
        <>
          Failed {task.failedAttempts} of {maxAttempts} times, tries again <DueIn at={task.nextAttemptAt} />
        </>
      );
    case 'SUCCEEDED':
      return (
        <>
          Succeeded <TimeAgo at={task.finishedAt} />, after{' '}
          <strong>
            <Elapsed from={current?.startedAt} to={task.finishedAt} />
          </strong>
          {attempt > 1 && ` of its attempt ${attempt}`}
        </>
      );
    case 'FAILED':
      return (
        <>
          Failed <TimeAgo at={task.finishedAt} />
          {attempt > 0 && `, after ${attempt === 1 ? 'one attempt' : `${attempt} attempts`}`}
        </>
      );
    case 'CANCELED':
      return (
        <>
          Canceled <TimeAgo at={task.finishedAt} />
        </>
      );
    case 'EXPIRED':
      return (
        <>
          Expired <TimeAgo at={task.finishedAt} />: no worker began it in time
        </>
      );
  }
}

function Running({ task, readings }: { readonly task: LiveTask; readonly readings: readonly Reading[] }) {
  const { progress } = task;
  const fraction = progress?.fraction ?? undefined;
  const done =
    typeof progress?.current === 'number'
      ? `${formatCount(progress.current)}${typeof progress.total === 'number' ? ` of ${formatCount(progress.total)}` : ''}`
      : undefined;
  return (
    <div className={styles['progress']}>
      <div className={styles['figures']}>
        {fraction !== undefined && (
          <span className={styles['percent']}>{Math.floor(fraction * 1000) / 10} %</span>
        )}
        <span className={styles['message']}>
          {[done, progress?.message].filter((text) => typeof text === 'string' && text !== '').join(' · ')}
        </span>
        {fraction !== undefined && task.status === 'RUNNING' && <TimeLeft readings={readings} />}
      </div>
      <div className={styles['bar']}>
        <Progress fraction={fraction} label={`Progress of ${task.name}`} />
      </div>
    </div>
  );
}

/** How long it will still take: nothing where that can't be told. */
function TimeLeft({ readings }: { readonly readings: readonly Reading[] }) {
  const now = useNow();
  const left = timeLeft(readings, now);
  if (left === undefined) return null;
  return (
    <span
      className={styles['left']}
      title={`At the pace of the last minute. About ${new Date(now + left).toLocaleTimeString()}`}
    >
      {left < 1000 ? 'done any moment' : `about ${formatDuration(Math.ceil(left / 1000) * 1000)} left`}
    </span>
  );
}

function Cancellation({ of }: { readonly of: NonNullable<LiveTask['cancellation']> }) {
  return (
    <p className={styles['note']}>
      Cancel asked for{of.actor !== null && ` by ${of.actor}`} <TimeAgo at={of.requestedAt} />
      {of.reason !== null && <>: “{of.reason}”</>}
    </p>
  );
}

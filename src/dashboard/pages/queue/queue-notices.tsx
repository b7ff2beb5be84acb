import type { ReactNode } from 'react';
import { ActLine } from '../../parts/act-line.tsx';
import { formatCount } from '../../parts/format.ts';
import { Icon, type IconName } from '../../parts/icon.tsx';
import { ResumeQueue } from './queue-actions.tsx';
import type { Queue } from './queue-fields.ts';
import styles from './queue.module.css';

/** What holds a queue up, with what to do. */
export function QueueNotices({ queue }: { readonly queue: Queue }) {
  const { pause, drain, waiting, workers } = queue;
  return (
    <>
      {pause !== null && (
        <Notice icon="pause" action={<ResumeQueue queue={queue} />}>
          <strong>Nothing of it begins.</strong> Paused <ActLine act={pause} />
        </Notice>
      )}
      {drain !== null && (
        <Notice icon="drain" action={pause === null && <ResumeQueue queue={queue} />}>
          <strong>It takes no new tasks.</strong> Drained <ActLine act={drain} />
        </Notice>
      )}
      {waiting > 0 && workers.count === 0 && (
        <Notice icon="warning" isBad>
          <strong>No worker serves it,</strong> and {formatCount(waiting)}{' '}
          {waiting === 1 ? 'task waits' : 'tasks wait'}. Start one that loads its definitions:{' '}
          <code>taskwire worker</code>.
        </Notice>
      )}
    </>
  );
}

function Notice({
  icon,
  isBad = false,
  action,
  children,
}: {
  readonly icon: IconName;
  readonly isBad?: boolean;
  readonly action?: ReactNode;
  readonly children: ReactNode;
}) {
  return (
    <div className={styles['notice']} data-tone={isBad ? 'bad' : 'held'}>
      <Icon name={icon} />
      <div>{children}</div>
      {action}
    </div>
  );
}

import styles from './status-badge.module.css';

/** Each status of a task: how it is called on the page, and the token of its colour. */
export const statuses = {
  SCHEDULED: { name: 'Scheduled', color: 'var(--scheduled)' },
  QUEUED: { name: 'Queued', color: 'var(--queued)' },
  RUNNING: { name: 'Running', color: 'var(--running)' },
  RETRYING: { name: 'Retrying', color: 'var(--retrying)' },
  CANCELING: { name: 'Canceling', color: 'var(--canceling)' },
  SUCCEEDED: { name: 'Succeeded', color: 'var(--succeeded)' },
  FAILED: { name: 'Failed', color: 'var(--failed)' },
  CANCELED: { name: 'Canceled', color: 'var(--canceled)' },
  EXPIRED: { name: 'Expired', color: 'var(--expired)' },
} as const;

export type TaskStatus = keyof typeof statuses;

/** A task's status: a colour, a shape that differs without it, and the word. */
export function StatusBadge({ status }: { readonly status: TaskStatus }) {
  return (
    <span className={styles['badge']} data-status={status}>
      <span className={styles['dot']} aria-hidden="true" />
      {statuses[status].name}
    </span>
  );
}

import { memo, type MouseEvent } from 'react';
import { Link } from 'wouter';
import { CopyButton } from '../../parts/copy-button.tsx';
import { Progress } from '../../parts/progress.tsx';
import { StatusBadge } from '../../parts/status-badge.tsx';
import { Elapsed, TimeAgo } from '../../parts/time.tsx';
import type { TaskRow } from './row.ts';
import styles from './list.module.css';

interface RowProps {
  readonly task: TaskRow;
  /** The place in the whole list, counted from 0. */
  readonly place: number;
  readonly isActive: boolean;
  readonly isSelected: boolean;
  readonly hasBox: boolean;
  readonly hasOwner: boolean;
  readonly onToggle: (task: TaskRow, isRange: boolean) => void;
}

/** The id of a row's element, by which the grid names the active one. */
export function rowId(task: { readonly id: string }): string {
  return `row-${task.id}`;
}

/** A task in the list. All of it is a link to the task, but for what can be pressed in it. */
export const Row = memo(function Row(props: RowProps) {
  const { task, place, isActive, isSelected, hasBox, hasOwner, onToggle } = props;
  return (
    <div
      id={rowId(task)}
      role="row"
      aria-rowindex={place + 2}
      aria-selected={hasBox ? isSelected : undefined}
      className={styles['row']}
      data-active={isActive}
      data-status={task.status}
    >
      {hasBox && (
        <div role="gridcell" className={styles['box']}>
          <input
            type="checkbox"
            tabIndex={-1}
            checked={isSelected}
            aria-label={`Select ${task.name} ${shortId(task.id)}`}
            onChange={nothing}
            onClick={(event: MouseEvent) => onToggle(task, event.shiftKey)}
          />
        </div>
      )}
      <Cells task={task} hasOwner={hasOwner} />
    </div>
  );
});

/** What a new place of the row doesn't change. */
const Cells = memo(function Cells({
  task,
  hasOwner,
}: {
  readonly task: TaskRow;
  readonly hasOwner: boolean;
}) {
  return (
    <>
      <div role="gridcell" className={styles['status']}>
        <StatusBadge status={task.status} />
      </div>
      <div role="gridcell" className={styles['name']}>
        <Link href={`/tasks/${task.id}`} tabIndex={-1} className={styles['link']}>
          {task.name}
        </Link>
      </div>
      <div role="gridcell" className={styles['id']}>
        <code title={task.id}>{shortId(task.id)}</code>
        <span className={styles['copy']}>
          <CopyButton text={task.id} label="Copy the id" />
        </span>
      </div>
      <div role="gridcell" className={styles['queue']} title={task.queue}>
        {task.queue}
      </div>
      <div role="gridcell" className={styles['progress']}>
        <State task={task} />
      </div>
      <div role="gridcell" className={styles['attempts']}>
        <Attempts task={task} />
      </div>
      <div role="gridcell" className={styles['created']}>
        <TimeAgo at={task.createdAt} />
      </div>
      <div role="gridcell" className={styles['duration']}>
        <Elapsed from={task.startedAt} to={task.startedAt === null ? null : task.finishedAt} />
      </div>
      <div role="gridcell" className={styles['tags']} title={task.tags.join(', ')}>
        {task.tags.map((tag) => (
          <span key={tag} className={styles['tag']}>
            {tag}
          </span>
        ))}
      </div>
      {hasOwner && (
        <div role="gridcell" className={styles['owner']} title={task.owner}>
          {task.owner}
        </div>
      )}
    </>
  );
});

/** How far it is while it runs, and else what there is to say: why it failed, when it goes on. */
function State({ task }: { readonly task: TaskRow }) {
  const { status, progress, failure, nextAttemptAt } = task;
  if (status === 'RUNNING' || status === 'CANCELING') {
    const percent =
      typeof progress?.fraction === 'number' ? `${Math.floor(progress.fraction * 100)} %` : undefined;
    const words = [percent, progress?.message ?? undefined].filter((word) => word !== undefined).join(' · ');
    return (
      <>
        <Progress fraction={progress?.fraction ?? undefined} label={words === '' ? 'Running' : words} />
        {words !== '' && (
          <span className={styles['message']} title={words}>
            {words}
          </span>
        )}
      </>
    );
  }
  if (failure !== null)
    return (
      <span className={styles['failure']} title={`${failure.code}: ${failure.message}`}>
        {failure.message}
      </span>
    );
  if (nextAttemptAt !== null && !task.isFinal)
    return (
      <span className={styles['message']}>
        {status === 'RETRYING' ? 'next attempt ' : 'begins '}
        <TimeAgo at={nextAttemptAt} />
      </span>
    );
  return null;
}

function Attempts({ task: { attempt, failedAttempts, maxAttempts } }: { readonly task: TaskRow }) {
  if (attempt === 0) return <span className="faint">–</span>;
  return (
    <span
      className={failedAttempts > 0 ? styles['retried'] : undefined}
      title={`Attempt ${attempt}; ${failedAttempts} of ${maxAttempts} have failed`}
    >
      {failedAttempts > 0 ? `${failedAttempts}/${maxAttempts} failed` : attempt}
    </span>
  );
}

/** A place whose task is about to come. */
export function Bone({ place }: { readonly place: number }) {
  return (
    <div role="row" aria-rowindex={place + 2} aria-busy="true" className={styles['row']}>
      <div role="gridcell" className={styles['bone']}>
        <span />
        <span className="unseen">Loading</span>
      </div>
    </div>
  );
}

/** An id's end, which tells it apart; all of it is in the title. */
export function shortId(id: string): string {
  return `…${id.slice(-8)}`;
}

function nothing(): void {}

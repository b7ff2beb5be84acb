import type { ReactNode } from 'react';
import { Link } from 'wouter';
import { formatDuration } from '../../parts/format.ts';
import { Panel } from '../../parts/page.tsx';
import { TimeAgo } from '../../parts/time.tsx';
import { DueIn } from './due.tsx';
import { QueueLink } from './queue-link.tsx';
import type { LiveTask } from './task-live.ts';
import styles from './facts.module.css';

/** What there is to know of a task besides how it stands. */
export function Facts({ task }: { readonly task: LiveTask }) {
  const { priority, tags, startedAt, finishedAt, createdAt } = task;
  const total = finishedAt === null ? undefined : Date.parse(finishedAt) - Date.parse(createdAt);
  return (
    <Panel title="Details">
      <dl className={styles['facts']}>
        <Fact name="Queue">
          <QueueLink name={task.queue} />
        </Fact>
        <Fact name="Definition">
          <Link href={`/tasks?name=${encodeURIComponent(task.name)}`}>{task.name}</Link>{' '}
          <code className="faint" title="The version of its input's type">
            {task.definitionVersion}
          </code>
        </Fact>
        <Fact name="Owner">{task.owner}</Fact>
        <Fact name="Priority">
          {priority === 0 ? 'none' : `${priority > 0 ? '+' : '−'}${Math.abs(priority)} s head start`}
        </Fact>
        {tags.length > 0 && (
          <Fact name="Tags">
            <span className={styles['tags']}>
              {tags.map((tag) => (
                <Link key={tag} href={`/tasks?tag=${encodeURIComponent(tag)}`}>
                  {tag}
                </Link>
              ))}
            </span>
          </Fact>
        )}
        <Fact name="Enqueued">
          <TimeAgo at={createdAt} />
        </Fact>
        {task.runAt !== null && (
          <Fact name="To begin">
            <TimeAgo at={task.runAt} />
          </Fact>
        )}
        {task.scheduledFor !== null && (
          <Fact name="Scheduled for">
            <TimeAgo at={task.scheduledFor} />
          </Fact>
        )}
        <Fact name="Started">
          <TimeAgo at={startedAt} />
        </Fact>
        <Fact name="Finished">
          <TimeAgo at={finishedAt} />
          {total !== undefined && <span className="faint"> · {formatDuration(total)} in all</span>}
        </Fact>
        {task.expiresAt !== null && !task.isFinal && (
          <Fact name="Expires">
            <DueIn at={task.expiresAt} />
          </Fact>
        )}
        {task.deadlineAt !== null && (
          <Fact name="Deadline">
            {task.isFinal ? <TimeAgo at={task.deadlineAt} /> : <DueIn at={task.deadlineAt} />}
          </Fact>
        )}
      </dl>
    </Panel>
  );
}

export function Fact({ name, children }: { readonly name: string; readonly children: ReactNode }) {
  return (
    <div className={styles['fact']}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

import { useEffect } from 'react';
import { useQuery } from 'urql';
import { graphql } from '../../client/graphql.ts';
import { useViewer } from '../../client/viewer.tsx';
import { useLive } from '../../hooks/use-live.ts';
import { formatCount } from '../../parts/format.ts';
import { DueIn } from './due.tsx';
import type { LiveTask } from './task-live.ts';
import styles from './waiting.module.css';

const standing = graphql(`
  query TaskStanding($id: ID!) {
    task(id: $id) {
      id
      queuePosition
      estimatedStartAt
    }
  }
`);

const queueUpdated = graphql(`
  subscription QueueOfTask($name: String!) {
    queueUpdated(name: $name) {
      name
      waiting
      running
    }
  }
`);

/**
 * Where a task stands in its queue, and why it waits. That isn't part of its state: it is asked for again whenever the task
 * or its queue changes.
 */
export function Waiting({ task }: { readonly task: LiveTask }) {
  const { may } = useViewer();
  const [{ data }, ask] = useQuery({
    query: standing,
    variables: { id: task.id },
    requestPolicy: 'network-only',
  });
  const { state: changes } = useLive(
    queueUpdated,
    may('queues:manage') ? { name: task.queue } : undefined,
    (count: number | undefined) => (count ?? 0) + 1,
  );
  useEffect(() => ask({ requestPolicy: 'network-only' }), [ask, task.version, changes]);
  const { queuePosition = null, estimatedStartAt = null } = data?.task ?? {};
  if (queuePosition === null && estimatedStartAt === null) return null;
  return (
    <dl className={styles['standing']}>
      {queuePosition !== null && (
        <div>
          <dt>Place in line</dt>
          <dd>{queuePosition === 1 ? 'next' : formatCount(queuePosition)}</dd>
        </div>
      )}
      {estimatedStartAt !== null && (
        <div>
          <dt>Starts about</dt>
          <dd>
            <DueIn at={estimatedStartAt} />
          </dd>
        </div>
      )}
    </dl>
  );
}

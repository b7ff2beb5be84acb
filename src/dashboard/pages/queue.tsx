import { Link } from 'wouter';
import { graphql } from '../client/graphql.ts';
import { useLive } from '../hooks/use-live.ts';
import { Loading, Page } from '../parts/page.tsx';
import { Problem } from '../parts/problem.tsx';
import { QueueActions } from './queue/queue-actions.tsx';
import { QueueDefinitions } from './queue/queue-definitions.tsx';
import { queueFields, type Queue } from './queue/queue-fields.ts';
import { QueueLimits } from './queue/queue-limits.tsx';
import { QueueNotices } from './queue/queue-notices.tsx';
import { QueueStats } from './queue/queue-stats.tsx';
import styles from './queue/queue.module.css';

const queueUpdated = graphql(
  `
    subscription QueueUpdated($name: String!) {
      queueUpdated(name: $name) {
        ...QueueFields
      }
    }
  `,
  [queueFields],
);

/** One queue: all that is known of it, and what can be done to it. */
export default function QueuePage({ params }: { readonly params: Readonly<Record<string, string>> }) {
  const name = params['name'] ?? '';
  const { state: queue, error } = useLive<{ readonly queueUpdated: Queue }, { readonly name: string }, Queue>(
    queueUpdated,
    { name },
    (_, { queueUpdated }) => queueUpdated,
  );
  return (
    <Page
      title={name}
      lead={<Link href="/queues">All queues</Link>}
      actions={queue !== undefined && <QueueActions queue={queue} />}
    >
      <Problem error={error} />
      {queue === undefined ? (
        error === undefined && <Loading label="Loading the queue" lines={6} />
      ) : (
        <>
          <QueueNotices queue={queue} />
          <QueueStats queue={queue} />
          <div className={styles['columns']}>
            <QueueLimits queue={queue} />
            <QueueDefinitions queue={queue} />
          </div>
        </>
      )}
    </Page>
  );
}

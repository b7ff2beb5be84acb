import { Link } from 'wouter';
import { formatCompact } from '../../parts/format.ts';
import { Empty, Loading, Panel } from '../../parts/page.tsx';
import { Elapsed } from '../../parts/time.tsx';
import type { Overview } from './use-overview.ts';
import styles from './overview.module.css';

/** Each queue in a line. */
export function QueueTable({ queues }: Pick<Overview, 'queues'>) {
  return (
    <Panel title={<Link href="/queues">Queues</Link>}>
      {queues === undefined && <Loading />}
      {queues?.length === 0 && (
        <Empty title="No queue so far">A queue appears with the first definition of it.</Empty>
      )}
      {queues !== undefined && queues.length > 0 && (
        <div className={styles['scroll']}>
          <table className={styles['table']}>
            <thead>
              <tr>
                <th scope="col">Queue</th>
                <th scope="col">Waiting</th>
                <th scope="col">Running</th>
                <th scope="col">Oldest</th>
                <th scope="col">In / min</th>
                <th scope="col">Out / min</th>
                <th scope="col">Slots</th>
              </tr>
            </thead>
            <tbody>
              {queues.map((queue) => (
                <tr key={queue.name}>
                  <th scope="row">
                    <Link href={`/queues/${encodeURIComponent(queue.name)}`}>{queue.name}</Link>
                    {queue.isPaused && <span className={styles['mark']}>paused</span>}
                    {queue.isDraining && <span className={styles['mark']}>draining</span>}
                  </th>
                  <td>{formatCompact(queue.waiting)}</td>
                  <td>{formatCompact(queue.running)}</td>
                  <td>
                    <Elapsed from={queue.oldestWaitingSince} />
                  </td>
                  <td>{formatCompact(queue.enqueuedPerMinute)}</td>
                  <td>{formatCompact(queue.finishedPerMinute.total)}</td>
                  <td>
                    {queue.workers.busy} / {queue.workers.slots}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  );
}

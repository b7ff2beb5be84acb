import { Link } from 'wouter';
import { ActLine } from '../../parts/act-line.tsx';
import { formatCompact } from '../../parts/format.ts';
import { Meter } from '../../parts/meter.tsx';
import table from '../../parts/table.module.css';
import { Elapsed } from '../../parts/time.tsx';
import { limitsInWords } from '../queue/limit-words.ts';
import type { Queue } from '../queue/queue-fields.ts';
import { QueueState } from '../queue/queue-state.tsx';
import { TasksLink, tasksOf } from '../../parts/tasks-link.tsx';
import styles from './queue-table.module.css';

/** The queues, a row each. */
export function QueueTable({ queues }: { readonly queues: readonly Queue[] }) {
  // The bars of all rows have one scale, so that they can be compared.
  const most = Math.max(
    1,
    ...queues.flatMap(({ enqueuedPerMinute, finishedPerMinute }) => [
      enqueuedPerMinute,
      finishedPerMinute.total,
    ]),
  );
  return (
    <div className={table['scroll']}>
      <table className={table['table']}>
        <thead>
          <tr>
            <th scope="col">Queue</th>
            <th scope="col" className={table['end']}>
              Waiting
            </th>
            <th scope="col" className={table['end']}>
              Running
            </th>
            <th scope="col" className={table['end']} title="Wait for their time, or for their next attempt">
              Later
            </th>
            <th scope="col" className={table['end']}>
              Failed
            </th>
            <th scope="col">Oldest waits for</th>
            <th scope="col">In the last minute</th>
            <th scope="col">Slots</th>
            <th scope="col">Limits</th>
          </tr>
        </thead>
        <tbody>
          {queues.map((queue) => (
            <QueueRow key={queue.name} queue={queue} most={most} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

const number = `${table['end']} ${table['narrow']}`;

function QueueRow({ queue, most }: { readonly queue: Queue; readonly most: number }) {
  const { name, waiting, running, counts, oldestWaitingSince, workers, pause, drain } = queue;
  const address = `/queues/${encodeURIComponent(name)}`;
  return (
    <tr>
      <td>
        <div className={styles['name']}>
          <Link href={address}>{name}</Link>
          <QueueState queue={queue} />
        </div>
        {pause !== null && (
          <div className={styles['act']}>
            paused <ActLine act={pause} />
          </div>
        )}
        {drain !== null && (
          <div className={styles['act']}>
            drained <ActLine act={drain} />
          </div>
        )}
      </td>
      <td data-label="Waiting" className={number}>
        <Count count={waiting} queue={name} statuses={['QUEUED']} />
      </td>
      <td data-label="Running" className={number}>
        <Count count={running} queue={name} statuses={['RUNNING', 'CANCELING']} />
      </td>
      <td data-label="Later" className={number}>
        <Count count={counts.scheduled + counts.retrying} queue={name} statuses={['SCHEDULED', 'RETRYING']} />
      </td>
      <td data-label="Failed" className={number}>
        <Count count={counts.failed} queue={name} statuses={['FAILED']} isBad />
      </td>
      <td data-label="Oldest waits for">
        <Elapsed from={oldestWaitingSince} />
      </td>
      <td data-label="In the last minute">
        <Flow queue={queue} most={most} />
      </td>
      <td data-label="Slots">
        {workers.count === 0 ? (
          <span className="faint">no worker</span>
        ) : (
          <Meter value={workers.busy} max={workers.slots} label={`Busy slots of ${name}`} />
        )}
      </td>
      <td data-label="Limits" className={styles['limits']}>
        {limitsInWords(queue).map((words) => (
          <div key={words}>{words}</div>
        ))}
        {limitsInWords(queue).length === 0 && <span className="faint">none</span>}
      </td>
    </tr>
  );
}

function Count({
  count,
  queue,
  statuses,
  isBad = false,
}: {
  readonly count: number;
  readonly queue: string;
  readonly statuses: readonly string[];
  readonly isBad?: boolean;
}) {
  if (count === 0) return <span className="faint">0</span>;
  return (
    <TasksLink href={tasksOf(queue, ...statuses)} className={styles[isBad ? 'failed' : 'count']}>
      {formatCompact(count)}
    </TasksLink>
  );
}

/** What came and what went in the last minute. */
function Flow({ queue, most }: { readonly queue: Queue; readonly most: number }) {
  const came = queue.enqueuedPerMinute;
  const went = queue.finishedPerMinute.total;
  return (
    <span className={styles['flow']}>
      <span className="faint">in</span>
      <Bar share={came / most} tone="in" />
      <span>{formatCompact(came)}</span>
      <span className="faint">out</span>
      <Bar share={went / most} tone="out" />
      <span>{formatCompact(went)}</span>
    </span>
  );
}

function Bar({ share, tone }: { readonly share: number; readonly tone: 'in' | 'out' }) {
  return (
    <span
      className={`${styles['bar']} ${styles[tone]}`}
      style={{ transform: `scaleX(${share})` }}
      aria-hidden="true"
    />
  );
}

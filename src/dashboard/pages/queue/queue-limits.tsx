import { useState } from 'react';
import { Button } from '../../parts/button.tsx';
import { formatCount } from '../../parts/format.ts';
import { Meter } from '../../parts/meter.tsx';
import { Panel } from '../../parts/page.tsx';
import table from '../../parts/table.module.css';
import { EditLimits } from './edit-limits.tsx';
import { rateInWords } from './limit-words.ts';
import type { Queue, QueueLimit } from './queue-fields.ts';
import styles from './queue.module.css';

/** How much of a queue may run and wait, and what that holds up. */
export function QueueLimits({ queue }: { readonly queue: Queue }) {
  const [isEdited, setEdited] = useState(false);
  const { limits, maxWaiting, counts } = queue;
  return (
    <Panel
      title="Limits"
      aside={
        <Button icon="edit" tone="quiet" onClick={() => setEdited(true)}>
          Edit …
        </Button>
      }
    >
      {limits.length === 0 ? (
        <p className={styles['note']}>As much of it runs as its workers have slots.</p>
      ) : (
        <div className={table['scroll']}>
          <table className={table['table']}>
            <thead>
              <tr>
                <th scope="col">Of</th>
                <th scope="col">Side by side</th>
                <th scope="col">Starts</th>
                <th scope="col">Now</th>
              </tr>
            </thead>
            <tbody>
              {limits.map((limit) => (
                <LimitRow key={`${limit.definition ?? ''} ${limit.isPerKey}`} limit={limit} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      <div className={styles['foot']}>
        {maxWaiting === null
          ? 'Any number may wait.'
          : `${formatCount(counts.queued + counts.scheduled)} of at most ${formatCount(maxWaiting)} wait; another one is refused.`}
      </div>
      {isEdited && <EditLimits queue={queue} onClose={() => setEdited(false)} />}
    </Panel>
  );
}

const whenFullWords = {
  WAIT: undefined,
  REJECT: 'refuses what has no room',
  CANCEL_OLDEST: 'cancels the oldest that waits',
} as const;

function LimitRow({ limit }: { readonly limit: QueueLimit }) {
  const { definition, isPerKey, concurrency, running, rate, whenFull, isBlocking, blockedKeys } = limit;
  const meta = [isPerKey ? 'for each key by itself' : undefined, whenFullWords[whenFull]].filter(
    (words) => words !== undefined,
  );
  return (
    <tr>
      <td>
        {definition === null ? 'the whole queue' : <span className="mono">{definition}</span>}
        {meta.length > 0 && <div className={styles['meta']}>{meta.join(', ')}</div>}
      </td>
      <td data-label="Side by side">
        {concurrency === null ? (
          <span className="faint">any number</span>
        ) : running === null ? (
          formatCount(concurrency)
        ) : (
          <Meter
            value={running}
            max={concurrency}
            label={`Running under the limit of ${definition ?? 'the queue'}`}
            warnsWhenFull
          />
        )}
      </td>
      <td data-label="Starts">
        {rate === null ? <span className="faint">any rate</span> : rateInWords(rate)}
      </td>
      <td data-label="Now">
        {isBlocking ? (
          <span className={styles['blocking']}>
            {blockedKeys === null || blockedKeys === 0
              ? 'holds up what waits'
              : `holds up ${blockedKeys >= 1000 ? '1,000 keys or more' : blockedKeys === 1 ? '1 key' : `${formatCount(blockedKeys)} keys`}`}
          </span>
        ) : (
          <span className="faint">has room</span>
        )}
      </td>
    </tr>
  );
}

import { Link } from 'wouter';
import { formatCount } from '../../parts/format.ts';
import table from '../../parts/table.module.css';
import type { AuditEvent } from './documents.ts';
import { Outcome, toneOf } from './outcome.tsx';
import { Target } from './target.tsx';
import styles from './audit.module.css';

/** Events, a row each. */
export function EventTable({
  events,
  queryOf,
}: {
  readonly events: readonly AuditEvent[];
  /** The query of the address that shows the events of an actor alone. */
  readonly queryOf: (actor: string) => string;
}) {
  return (
    <div className={table['scroll']}>
      <table className={table['table']}>
        <thead>
          <tr>
            {['Time', 'Actor', 'Action', 'Target', 'Outcome', 'Reason', 'Credential', 'Address'].map(
              (name) => (
                <th key={name} scope="col">
                  {name}
                </th>
              ),
            )}
            <th scope="col" className={table['end']}>
              Count
            </th>
          </tr>
        </thead>
        <tbody>
          {events.map((event) => (
            <EventRow key={event.id} event={event} queryOf={queryOf} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function EventRow({
  event,
  queryOf,
}: {
  readonly event: AuditEvent;
  readonly queryOf: (actor: string) => string;
}) {
  const { at, actor, action, target, outcome, reason, credential, address, count } = event;
  return (
    <tr className={styles['event']} data-tone={toneOf(outcome)} data-event={event.id}>
      <td className={styles['time']}>
        <time dateTime={at} title={new Date(at).toLocaleString()}>
          {times.format(new Date(at))}
        </time>
      </td>
      <td data-label="Actor">
        {actor === null ? (
          <span className="faint">nobody</span>
        ) : (
          <Link
            href={`/audit?${queryOf(actor)}`}
            title={`Only what ${actor} did`}
            className={styles['actor']}
          >
            {actor}
          </Link>
        )}
      </td>
      <td data-label="Action" className={styles['action']}>
        {action}
      </td>
      <td data-label="Target">
        <Target target={target} />
      </td>
      <td data-label="Outcome">
        <Outcome outcome={outcome} />
      </td>
      <td
        data-label="Reason"
        className={`${styles['reason']} ${table['whole']}`}
        data-empty={reason === null}
      >
        {reason}
      </td>
      <td data-label="Credential" className={styles['detail']}>
        {credential ?? none}
      </td>
      <td data-label="Address" className={styles['detail']}>
        {address ?? none}
      </td>
      <td data-label="Count" className={`${table['end']} ${styles['count']}`} data-many={count > 1}>
        {count > 1 ? `× ${formatCount(count)}` : '1'}
      </td>
    </tr>
  );
}

const none = <span className="faint">–</span>;

/** To the second: what was done is compared with logs. */
const times = new Intl.DateTimeFormat(undefined, {
  month: 'short',
  day: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
});

import { Link } from 'wouter';
import type { AuditEvent } from './documents.ts';
import styles from './audit.module.css';

type AuditTarget = NonNullable<AuditEvent['target']>;

/** To what something was done, and the way to it. */
export function Target({ target }: { readonly target: AuditTarget | null }) {
  if (target === null) return <span className="faint">–</span>;
  const { kind, id } = target;
  const address = addressOf(target);
  return (
    <span className={styles['target']}>
      <span className={styles['kind']}>{kind.toLowerCase()}</span>{' '}
      {id === null ? null : address === undefined ? (
        <code title={id}>{id}</code>
      ) : (
        <Link href={address} title={id} className="mono">
          {id}
        </Link>
      )}
    </span>
  );
}

function addressOf({ kind, id }: AuditTarget): string | undefined {
  // Of many, by their filter: there is no page of them as they were.
  if (id === null || id.startsWith('{')) return undefined;
  const name = encodeURIComponent(id);
  switch (kind) {
    case 'TASK':
      return `/tasks/${name}`;
    case 'BATCH':
      return `/tasks?batch=${name}`;
    case 'DEFINITION':
      return `/tasks?name=${name}`;
    case 'QUEUE':
      return `/queues/${name}`;
    case 'SCHEDULE':
      return `/schedules?id=${name}`;
    case 'WORKER':
      return `/workers`;
    case 'TOKEN':
      return '/audit?tab=tokens';
    default:
      // The list of kinds may grow.
      return undefined;
  }
}

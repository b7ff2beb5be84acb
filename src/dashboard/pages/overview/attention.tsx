import { Link } from 'wouter';
import { Icon } from '../../parts/icon.tsx';
import { Panel } from '../../parts/page.tsx';
import { TasksLink } from '../../parts/tasks-link.tsx';
import type { Overview, OverviewFinding } from './use-overview.ts';
import styles from './attention.module.css';

/** What somebody should look after, the worst first, each with what to do. */
export function Attention({ findings }: Pick<Overview, 'findings'>) {
  if (findings === undefined) return null;
  if (findings.length === 0) {
    return (
      <p className={styles['well']}>
        <Icon name="check" /> Nothing needs attention.
      </p>
    );
  }
  const failures = findings.filter(({ level }) => level === 'FAILURE');
  const warnings = findings.filter(({ level }) => level !== 'FAILURE');
  return (
    <Panel title="Needs attention" aside={<span className="faint number">{findings.length}</span>}>
      <ul className={styles['list']}>
        {[...failures, ...warnings].map((finding) => (
          <li
            key={`${finding.check} ${finding.queue} ${finding.definition} ${finding.found}`}
            data-level={finding.level}
          >
            <Icon name="warning" />
            <div>
              <p>
                <Subject finding={finding} />
                {finding.found}
              </p>
              {finding.todo !== null && <p className="soft">{finding.todo}</p>}
            </div>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function Subject({ finding: { queue, definition } }: { readonly finding: OverviewFinding }) {
  if (definition !== null)
    return (
      <span className={styles['subject']}>
        <TasksLink href={`/tasks?name=${encodeURIComponent(definition)}`}>{definition}</TasksLink>
      </span>
    );
  if (queue === null) return null;
  return (
    <Link href={`/queues/${encodeURIComponent(queue)}`} className={styles['subject']}>
      {queue}
    </Link>
  );
}

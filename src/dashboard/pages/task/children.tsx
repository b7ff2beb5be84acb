import { Link } from 'wouter';
import { applyChanges } from '../../client/apply-changes.ts';
import { graphql, type ResultOf } from '../../client/graphql.ts';
import { useLive } from '../../hooks/use-live.ts';
import { formatCount } from '../../parts/format.ts';
import { Panel } from '../../parts/page.tsx';
import { Progress } from '../../parts/progress.tsx';
import { StatusBadge } from '../../parts/status-badge.tsx';
import { Elapsed } from '../../parts/time.tsx';
import styles from './children.module.css';

const most = 20;

const childrenUpdated = graphql(`
  subscription ChildrenOfTask($filter: TaskFilter!, $first: Int!) {
    tasksUpdated(filter: $filter, first: $first, orderBy: { field: CREATED_AT, direction: ASC }) {
      reset {
        nodes {
          __typename
          id
          name
          status
          startedAt
          finishedAt
          progress {
            fraction
            message
          }
        }
      }
      changes {
        kind
        index
        task {
          __typename
          id
          name
          status
          startedAt
          finishedAt
          progress {
            fraction
            message
          }
        }
      }
      totalCount {
        count
      }
    }
  }
`);

type Update = ResultOf<typeof childrenUpdated>['tasksUpdated'];
type Child = NonNullable<Update['reset']>['nodes'][number];

/** The tasks that this one has enqueued, live; nothing where it has none. */
export function Children({ id }: { readonly id: string }) {
  const { state } = useLive(childrenUpdated, { filter: { parents: [id] }, first: most }, reduce);
  if (state === undefined || state.tasks.length === 0) return null;
  const { tasks, count } = state;
  return (
    <Panel
      title={`Children (${formatCount(count)})`}
      aside={<Link href={`/tasks?parent=${encodeURIComponent(id)}`}>All of them</Link>}
    >
      <ul className={styles['children']}>
        {tasks.map((child) => (
          <li key={child.id}>
            <Link href={`/tasks/${encodeURIComponent(child.id)}`} title={child.id}>
              {child.name}
            </Link>
            <StatusBadge status={child.status} />
            <span className={styles['progress']}>
              {child.status === 'RUNNING' && (
                <Progress
                  fraction={child.progress?.fraction ?? undefined}
                  label={`Progress of ${child.name} ${child.id}`}
                />
              )}
            </span>
            <span className={styles['time']}>
              {child.startedAt !== null && <Elapsed from={child.startedAt} to={child.finishedAt} />}
            </span>
          </li>
        ))}
      </ul>
      {count > tasks.length && (
        <p className={styles['more']}>
          The first {tasks.length} of {formatCount(count)}.
        </p>
      )}
    </Panel>
  );
}

interface State {
  readonly tasks: readonly Child[];
  readonly count: number;
}

function reduce(state: State | undefined, { tasksUpdated }: ResultOf<typeof childrenUpdated>): State {
  const { reset, changes, totalCount } = tasksUpdated;
  return { tasks: applyChanges(reset?.nodes ?? state?.tasks ?? [], changes), count: totalCount.count };
}

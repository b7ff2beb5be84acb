import { useAsked } from '../hooks/use-asked.ts';
import { Link } from 'wouter';
import { CopyButton } from '../parts/copy-button.tsx';
import { Empty, Loading, Page } from '../parts/page.tsx';
import { Problem } from '../parts/problem.tsx';
import { StatusBadge } from '../parts/status-badge.tsx';
import { Actions } from './task/actions.tsx';
import { Attempts } from './task/attempts.tsx';
import { Children } from './task/children.tsx';
import { Data } from './task/data.tsx';
import { Facts } from './task/facts.tsx';
import { Journals } from './task/journals.tsx';
import { Relations } from './task/relations.tsx';
import { Summary } from './task/summary.tsx';
import { taskData } from './task/task-data.ts';
import { useTask } from './task/task-live.ts';
import styles from './task/task.module.css';

/** One task: what it does, and why it isn't done. */
export default function TaskPage({ params }: { readonly params: Readonly<Record<string, string>> }) {
  const { id = '' } = params;
  return <TaskOf key={id} id={id} />;
}

function TaskOf({ id }: { readonly id: string }) {
  const { followed, error, round } = useTask(id);
  const { data, error: unread } = useAsked({ query: taskData, variables: { id } });
  if (followed === undefined) return <Absent id={id} error={error} />;
  const { task, readings } = followed;
  const about = data?.task ?? undefined;
  return (
    <Page
      title={task.name}
      lead={
        <div className={styles['lead']}>
          <StatusBadge status={task.status} />
          <span className={styles['id']}>
            <code>{task.id}</code>
            <CopyButton text={task.id} label="Copy the id" />
          </span>
        </div>
      }
      actions={<Actions task={task} about={about} />}
    >
      <Problem error={error ?? unread} />
      <Summary task={task} readings={readings} />
      <div className={styles['columns']}>
        <div className={styles['column']}>
          <Attempts task={task} />
          <Journals task={task} round={round} />
          <Data task={task} about={about} />
          <Children id={task.id} />
        </div>
        <aside className={styles['column']} aria-label="About this task">
          <Facts task={task} />
          <Relations about={about} />
        </aside>
      </div>
    </Page>
  );
}

function Absent({ id, error }: { readonly id: string; readonly error: ReturnType<typeof useTask>['error'] }) {
  if (error === undefined) {
    return (
      <Page title="Task" lead={<code>{id}</code>}>
        <Loading label="Loading the task" lines={6} />
      </Page>
    );
  }
  const isUnknown = error.graphQLErrors.some(({ extensions }) => extensions['code'] === 'TASK_NOT_FOUND');
  return (
    <Page title="Task" lead={<code className={styles['wrapped']}>{id}</code>}>
      {isUnknown ? (
        <Empty title="There is no task of this id that you may see.">
          <p>
            It may belong to somebody else, or it has been removed: tasks are kept for a while after their
            end.
          </p>
          <p>
            <Link href="/tasks">To all tasks</Link>
          </p>
        </Empty>
      ) : (
        <Problem error={error} />
      )}
    </Page>
  );
}

import { useCallback, useMemo, useState } from 'react';
import { Link, useLocation, useSearch } from 'wouter';
import { useViewer } from '../client/viewer.tsx';
import { Button } from '../parts/button.tsx';
import { formatCount } from '../parts/format.ts';
import { Empty, Loading, Page } from '../parts/page.tsx';
import { Problem } from '../parts/problem.tsx';
import { filterOf, formatView, isFiltered, parseView, type TaskView, withoutFilter } from './tasks/filter.ts';
import { Filters } from './tasks/filters.tsx';
import { TaskGrid } from './tasks/list.tsx';
import { useSelection } from './tasks/selection.ts';
import { SelectionBar } from './tasks/selection-bar.tsx';
import type { ListState } from './tasks/task-list.ts';
import { useTaskList } from './tasks/use-task-list.ts';

/** All tasks that one may see, live; the address says which, and in which order. */
export default function TasksPage() {
  const query = useSearch();
  const [, navigate] = useLocation();
  const { may, isAnonymous } = useViewer();
  // Where nobody signs in all is one owner's.
  const hasOwners = may('admin') && !isAnonymous;
  const view = useMemo(() => parseView(query), [query]);
  const setView = useCallback(
    (next: TaskView) => {
      const query = formatView(next);
      navigate(query === '' ? '/tasks' : `/tasks?${query}`);
    },
    [navigate],
  );
  return (
    <Page title="Tasks" isFull>
      <Filters view={view} hasOwners={hasOwners} onView={setView} />
      <List key={query} view={view} canAct={may('tasks:write')} hasOwners={hasOwners} onView={setView} />
    </Page>
  );
}

function List({
  view,
  canAct,
  hasOwners,
  onView,
}: {
  readonly view: TaskView;
  readonly canAct: boolean;
  readonly hasOwners: boolean;
  readonly onView: (view: TaskView) => void;
}) {
  // Times up to now are of when they were asked for: a list whose filter moved would begin anew all the time.
  const [filter] = useState(() => filterOf(view, Date.now()));
  const { list, state } = useTaskList(filter, view.order);
  const selection = useSelection();
  const turn = (): void => onView({ ...view, order: view.order === 'ASC' ? 'DESC' : 'ASC' });
  return (
    <>
      <SelectionBar
        selection={selection}
        filter={filter}
        isFiltered={isFiltered(view)}
        canAct={canAct}
        onTurn={turn}
        order={view.order}
      >
        <Total state={state} isFiltered={isFiltered(view)} />
      </SelectionBar>
      <Problem error={state.error} />
      <TaskGrid
        list={list}
        state={state}
        selection={selection}
        canSelect={canAct}
        hasOwner={hasOwners}
        direction={view.order}
        onSort={turn}
      >
        {state.isLoading ? (
          <Loading label="Loading tasks" lines={8} />
        ) : isFiltered(view) ? (
          <Empty title="No task matches.">
            <Button onClick={() => onView(withoutFilter(view))}>Clear all filters</Button>
          </Empty>
        ) : (
          <Empty title="There are no tasks yet.">
            {canAct && (
              <>
                <Link href="/enqueue">Enqueue the first one</Link>, and see it here at once.
              </>
            )}
          </Empty>
        )}
      </TaskGrid>
    </>
  );
}

function Total({ state, isFiltered }: { readonly state: ListState; readonly isFiltered: boolean }) {
  const { total } = state;
  if (total === undefined) return <span className="faint">Counting …</span>;
  const words = total.count === 1 ? 'task' : 'tasks';
  return (
    <span className="number">
      {total.isExact ? '' : 'at most '}
      <strong>{formatCount(total.count)}</strong> {words}
      {isFiltered ? (total.count === 1 ? ' matches' : ' match') : ''}
    </span>
  );
}

import { useEffect, useMemo, useSyncExternalStore } from 'react';
import { useClient } from 'urql';
import type { TaskFilter } from './filter.ts';
import { type ListState, TaskList } from './task-list.ts';

/** A list of tasks while it is on the screen, and a render when it has changed. */
export function useTaskList(
  filter: TaskFilter,
  direction: 'ASC' | 'DESC',
): { readonly list: TaskList; readonly state: ListState } {
  const client = useClient();
  const list = useMemo(() => new TaskList(client, filter, direction), [client, filter, direction]);
  useEffect(() => list.open(), [list]);
  return { list, state: useSyncExternalStore(list.onChange, () => list.state) };
}

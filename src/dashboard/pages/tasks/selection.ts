import { useCallback, useRef, useState } from 'react';
import type { Row } from './list-window.ts';
import type { TaskRow } from './row.ts';

/** The tasks that one has marked, by id, as they were then. */
export type Selected = ReadonlyMap<string, TaskRow>;

/** More than so many are better named by a filter. */
export const mostSelected = 1000;

export interface Selection {
  readonly selected: Selected;
  /** Marks a task, or takes its mark away; with `isRange` all rows from the last marked one to it. */
  readonly toggle: (task: TaskRow, rows: readonly Row[], isRange: boolean) => void;
  readonly clear: () => void;
}

const none: Selected = new Map();

export function useSelection(): Selection {
  const [selected, setSelected] = useState<Selected>(none);
  const last = useRef<string>(undefined);
  const toggle = useCallback((task: TaskRow, rows: readonly Row[], isRange: boolean) => {
    const from = isRange ? rows.findIndex((row) => row.task.id === last.current) : -1;
    const to = rows.findIndex((row) => row.task.id === task.id);
    last.current = task.id;
    setSelected((before) => {
      const next = new Map(before);
      if (from >= 0 && to >= 0) {
        for (const row of rows.slice(Math.min(from, to), Math.max(from, to) + 1))
          next.set(row.task.id, row.task);
      } else if (!next.delete(task.id)) next.set(task.id, task);
      return next.size > mostSelected ? before : next;
    });
  }, []);
  const clear = useCallback(() => setSelected(none), []);
  return { selected, toggle, clear };
}

import type { StoreFilter } from './store-filter.ts';
import type { Task } from './task.ts';

/** Tells of a state what a filter says: fields are AND-ed, members of a field OR-ed, an empty list asks for nothing. */
export interface Matcher {
  /** By what never changes in a task: false once is false for ever. */
  mayMatch(task: Task): boolean;
  /** By its status, which changes. */
  hasStatus(task: Task): boolean;
}

/** What the store's script `page` looks at, for states that are here. */
export function matcherOf(filter: StoreFilter): Matcher {
  const { names, statuses, tags, owners, parents, batches, schedules } = filter;
  const ids = filter.ids !== undefined && filter.ids.length > 0 ? new Set(filter.ids) : undefined;
  const { createdAfter = -Infinity, createdBefore = Infinity } = filter;
  const isIn = <T>(list: readonly T[] | undefined, value: T | undefined): boolean =>
    list === undefined || list.length === 0 || (value !== undefined && list.includes(value));
  return {
    mayMatch: (task) =>
      (ids === undefined || ids.has(task.id)) &&
      isIn(names, task.name) &&
      isIn(owners, task.owner) &&
      isIn(parents, task.parent) &&
      isIn(batches, task.batch) &&
      isIn(schedules, task.schedule) &&
      (tags === undefined || tags.length === 0 || task.tags.some((tag) => tags.includes(tag))) &&
      task.createdUs >= createdAfter * 1_000 &&
      task.createdUs < createdBefore * 1_000,
    hasStatus: ({ status }) => isIn(statuses, status),
  };
}

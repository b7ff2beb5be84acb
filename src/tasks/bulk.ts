import { BadUserInputError, type Issue, UnavailableError } from '../errors.ts';
import { parseCursor, type TaskFilter } from './list.ts';
import { type Task, taskStatuses, type TaskStatus } from './task.ts';
import type { Tasks } from './tasks.ts';

/** The most tasks that one call acts on. */
export const maxBulkSize = 1_000;

/** Which tasks an action by filter is for, and how many of them at a time. */
export interface BulkQuery {
  /** At least one field, as nobody cancels everything by a filter that got lost on the way. */
  readonly filter: TaskFilter;
  /** Only counts. @default false */
  readonly dryRun?: boolean;
  /** From 1 to 1,000. */
  readonly limit: number;
  /** The `endCursor` of the call before. */
  readonly after?: string;
}

/** Where the tasks are found. */
type Listed = Pick<Tasks, 'list' | 'count'>;

/** What one task's action came to. */
export type BulkResult<Answer> =
  | { readonly id: string; readonly answer: Answer }
  | { readonly id: string; readonly error: unknown };

export interface Bulk<Answer> {
  /** How many tasks the whole filter found before anything was done. */
  readonly total: { readonly count: number; readonly exact: boolean };
  /** Newest first; none of a dry run. */
  readonly results: readonly BulkResult<Answer>[];
  /** Whether the filter may find more after `endCursor`. */
  readonly hasMore: boolean;
  readonly endCursor?: string;
}

/**
 * Acts on the tasks that a filter finds, where they have a status that the action is for. An error of one task is
 * told with it and stops none of the others, but for the store being away: then nothing more is tried. What is wrong
 * with the query is so of a dry run, too.
 *
 * @throws BadUserInputError where the filter is empty, or a limit or cursor can't be used
 */
export async function actOnTasks<Answer>(
  tasks: Listed,
  { filter, dryRun = false, limit, after }: BulkQuery,
  isFor: (status: TaskStatus) => boolean,
  act: (task: Task) => Promise<Answer>,
): Promise<Bulk<Answer>> {
  checkQuery(filter, limit);
  if (after !== undefined) parseCursor(after);
  const statuses = taskStatuses.filter(
    (status) => isFor(status) && (filter.statuses?.includes(status) ?? true),
  );
  // For a list no statuses are all of them.
  if (statuses.length === 0) return { total: { count: 0, exact: true }, results: [], hasMore: false };
  const concerned = { ...filter, statuses };
  const total = await tasks.count(concerned);
  if (dryRun) return { total, results: [], hasMore: false };
  const { found, hasMore, endCursor } = await find(tasks, concerned, limit, after);
  const results = await actOnEach(found, act);
  return { total, results, hasMore, ...(endCursor === undefined ? {} : { endCursor }) };
}

/** Looks for tasks that one call takes at most; each is a bounded page. */
const mostLooks = 20;
const pageSize = 100;

/** Newest first: what a replay makes is newer than all of them, so that no later page meets it. */
async function find(tasks: Listed, filter: TaskFilter, limit: number, after: string | undefined) {
  const found: Task[] = [];
  let [hasMore, endCursor] = [true, after];
  for (let look = 0; look < mostLooks && hasMore && found.length < limit; look += 1) {
    const page = await tasks.list({
      filter,
      direction: 'DESC',
      limit: Math.min(pageSize, limit - found.length),
      ...(endCursor === undefined ? {} : { after: endCursor }),
    });
    found.push(...page.tasks.map(({ task }) => task));
    hasMore = page.hasMore;
    endCursor = page.endCursor ?? endCursor;
  }
  return { found, hasMore, endCursor };
}

/** How many tasks are acted on at the same time. */
const atOnce = 20;

async function actOnEach<Answer>(
  found: readonly Task[],
  act: (task: Task) => Promise<Answer>,
): Promise<BulkResult<Answer>[]> {
  const results: BulkResult<Answer>[] = [];
  let away: UnavailableError | undefined;
  const attempt = async (task: Task): Promise<BulkResult<Answer>> => {
    try {
      // Each would wait for the store until its own deadline.
      if (away !== undefined) throw away;
      return { id: task.id, answer: await act(task) };
    } catch (error) {
      if (error instanceof UnavailableError) away = error;
      return { id: task.id, error };
    }
  };
  // Oldest first, the order in which they were enqueued; all hands take from one list.
  const rest = [...found.entries()];
  const hand = async () => {
    for (let next = rest.pop(); next !== undefined; next = rest.pop()) {
      const [index, task] = next;
      results[index] = await attempt(task);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, hand));
  return results;
}

function checkQuery(filter: TaskFilter, limit: number): void {
  const issues: Issue[] = [];
  const given = Object.entries(filter).filter(([, value]) => value !== undefined);
  if (given.length === 0) {
    const message =
      'Expected at least one field. For all tasks so far say `createdBefore` with the time now.';
    issues.push({ path: ['filter'], message });
  }
  for (const [field, value] of given) {
    if (!Array.isArray(value) || value.length > 0) continue;
    issues.push({
      path: ['filter', field],
      message: 'Expected at least one member: an empty list would match all.',
    });
  }
  if (!Number.isInteger(limit) || limit < 1 || limit > maxBulkSize) {
    issues.push({ path: ['first'], message: `Expected 1 to ${maxBulkSize}, got ${limit}.` });
  }
  if (issues.length === 0) return;
  const [first] = issues;
  throw new BadUserInputError(`${first?.path.join('.')}: ${first?.message}`, issues);
}

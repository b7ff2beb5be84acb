import { BadUserInputError } from '../errors.ts';
import { matcherOf } from './matching.ts';
import type { Position, StoreFilter } from './store-filter.ts';
import { countOfQueue, pageOfQueue } from './store-list.ts';
import type { Store } from './store.ts';
import type { Task } from './task.ts';

/** Which tasks: fields are AND-ed, members of a field OR-ed. Times are ms since 1970. */
export interface TaskFilter extends StoreFilter {
  readonly queues?: readonly string[];
}

/** A page by creation time, forwards from `after` or backwards from `before`. */
export interface TaskQuery {
  readonly filter?: TaskFilter;
  readonly direction: 'ASC' | 'DESC';
  /** From 1 to 100. */
  readonly limit: number;
  readonly after?: string;
  readonly before?: string;
  /** Leaves out those for which it is false. */
  readonly visible?: (task: Task) => boolean;
}

/** A page in the order of its query's direction. */
export interface TaskPage {
  readonly tasks: readonly { readonly task: Task; readonly cursor: string }[];
  /** Whether more may follow (with `before`: precede). A rare filter's page may be short and yet not the last. */
  readonly hasMore: boolean;
  /** Where the next page goes on: beyond the last task where the look went further without finding one. */
  readonly endCursor?: string;
}

/** Looks that a page takes at most at each queue; each look is bounded by itself. */
const looksPerPage = 5;

/**
 * Merges the queues' pages into one. The order is the same in all of them, so that one position serves all.
 *
 * @throws BadUserInputError where a cursor isn't one of ours
 */
export async function listTasks(
  store: Store,
  queues: readonly string[],
  query: TaskQuery,
): Promise<TaskPage> {
  const { filter = {}, limit, after, before } = query;
  const backwards = before !== undefined;
  const direction = backwards === (query.direction === 'ASC') ? 'DESC' : 'ASC';
  const given = before ?? after;
  const start = given === undefined ? undefined : parseCursor(given);
  const parts = namesTasks(filter)
    ? [await namedPart(store, queues, { ...query, filter }, direction, start)]
    : await Promise.all(
        queues.map((queue) => queuePart(store, queue, { ...query, filter }, direction, start)),
      );
  const comparePositions = comparator(direction);

  // Beyond the place where some queue's bounded look ended, another's tasks can't be placed yet.
  const horizon = parts
    .filter((part) => part.more)
    .map((part) => part.end)
    .filter((end) => end !== undefined)
    .toSorted(comparePositions)[0];
  const inReach = parts
    .flatMap((part) => part.tasks)
    .filter(({ position }) => horizon === undefined || comparePositions(position, horizon) <= 0)
    .toSorted((a, b) => comparePositions(a.position, b.position));
  const found = inReach.slice(0, limit);
  const hasMore = horizon !== undefined || inReach.length > limit;
  const end = found.length === limit ? found.at(-1)?.position : (horizon ?? found.at(-1)?.position);
  const tasks = found.map(({ task, position }) => ({ task, cursor: formatCursor(position) }));
  return {
    tasks: backwards ? tasks.toReversed() : tasks,
    hasMore,
    ...(end === undefined ? {} : { endCursor: formatCursor(end) }),
  };
}

/** How many tasks there are; where it isn't exact, at most so many. */
export interface TaskCount {
  readonly count: number;
  readonly exact: boolean;
}

/** How many tasks of some queues a filter finds; where it isn't exact, at least as many as there are. */
export async function countTasks(
  store: Store,
  queues: readonly string[],
  filter: StoreFilter,
): Promise<TaskCount> {
  if (namesTasks(filter)) return { count: (await namedTasks(store, queues, filter)).length, exact: true };
  const counts = await Promise.all(queues.map((queue) => countOfQueue(store, queue, filter)));
  return {
    count: counts.reduce((sum, { count }) => sum + count, 0),
    exact: counts.every(({ exact }) => exact),
  };
}

type Part = Awaited<ReturnType<typeof pageOfQueue>>;

/** One queue's share of a page: looks on until it has enough, is through, or has looked often enough. */
async function queuePart(
  store: Store,
  queue: string,
  { filter, limit, visible }: Pick<TaskQuery, 'limit' | 'visible'> & { readonly filter: StoreFilter },
  direction: 'ASC' | 'DESC',
  start: Position | undefined,
): Promise<Part> {
  let part: Part = { more: true, end: start, tasks: [] };
  for (let look = 0; look < looksPerPage && part.more && part.tasks.length < limit; look += 1) {
    const next = await pageOfQueue(store, queue, filter, direction, limit - part.tasks.length, part.end);
    const found = visible === undefined ? next.tasks : next.tasks.filter(({ task }) => visible(task));
    part = { more: next.more, end: next.end, tasks: [...part.tasks, ...found] };
  }
  return part;
}

/** Whether a filter says by their ids which tasks it means. */
export function namesTasks({ ids = [] }: StoreFilter): boolean {
  return ids.length > 0;
}

/** Of the tasks that a filter names those that it means. */
async function namedTasks(store: Store, queues: readonly string[], filter: StoreFilter): Promise<Task[]> {
  const matcher = matcherOf(filter);
  const found = await store.getMany([...new Set(filter.ids)]);
  return found.flatMap((task) =>
    task !== undefined && queues.includes(task.queue) && matcher.mayMatch(task) && matcher.hasStatus(task)
      ? [task]
      : [],
  );
}

/** The same as a part of a page, which ends with them. */
async function namedPart(
  store: Store,
  queues: readonly string[],
  { filter, visible = () => true }: Pick<TaskQuery, 'visible'> & { readonly filter: StoreFilter },
  direction: 'ASC' | 'DESC',
  start: Position | undefined,
): Promise<Part> {
  const compare = comparator(direction);
  const tasks = (await namedTasks(store, queues, filter))
    .filter((task) => visible(task))
    .map((task) => ({ task, position: { time: String(task.createdUs), id: task.id } }))
    .filter(({ position }) => start === undefined || compare(position, start) > 0);
  return { more: false, end: undefined, tasks };
}

function comparator(direction: 'ASC' | 'DESC'): (a: Position, b: Position) => number {
  const sign = direction === 'ASC' ? 1 : -1;
  return (a, b) => sign * (Number(a.time) - Number(b.time) || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
}

/** A position as clients send it back. */
export function formatCursor({ time, id }: Position): string {
  return Buffer.from(`${time}:${id}`).toString('base64url');
}

/** @throws BadUserInputError where the cursor isn't one of ours */
export function parseCursor(cursor: string): Position {
  const [, time, id] =
    /^(\d{1,16}):([A-Za-z0-9_-]{1,90})$/.exec(Buffer.from(cursor, 'base64url').toString()) ?? [];
  if (time === undefined || id === undefined) {
    const message = 'Expected a cursor of an earlier page.';
    throw new BadUserInputError(`The cursor can't be used: ${message}`, [{ path: [], message }]);
  }
  return { time, id };
}

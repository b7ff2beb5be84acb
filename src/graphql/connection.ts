import { BadUserInputError, invalidArgument } from '../errors.ts';
import type { Task } from '../tasks/task.ts';
import type { TaskFilter, TaskPage, TaskQuery } from '../tasks/list.ts';
import type { Context } from './context.ts';
import { costs } from './cost.ts';
import type { ApiBuilder } from './state.ts';
import type { TaskTypes } from './task.ts';

/** The most edges that one page holds. */
export const maxPageSize = 100;
const defaultPageSize = 20;

/** What a client may say about the page it wants, as Relay has it. */
export interface PageArguments {
  readonly first?: number | null | undefined;
  readonly after?: string | null | undefined;
  readonly last?: number | null | undefined;
  readonly before?: string | null | undefined;
}

/** One page of tasks. What needs another look into the store is read only when it is selected. */
export interface TaskConnection {
  readonly edges: readonly TaskEdge[];
  readonly pageInfo: PageInfo;
  readonly filter: TaskFilter;
}

interface TaskEdge {
  readonly node: Task;
  readonly cursor: string;
}

interface PageInfo {
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;
  readonly startCursor: string | undefined;
  readonly endCursor: string | undefined;
}

type Direction = TaskQuery['direction'];

/** Reads a page; `last` reads it from the other end. Throws BadUserInputError. */
export async function readPage(
  { tasks }: Context,
  filter: TaskFilter,
  direction: Direction,
  page: PageArguments,
): Promise<TaskConnection> {
  const { limit, isBackward, start } = sizeOf(page);
  // The end of a list is the beginning of the same list the other way round.
  const {
    tasks: found,
    hasMore,
    endCursor,
  } = await tasks
    .list({
      filter,
      limit,
      direction: isBackward ? opposite(direction) : direction,
      ...(start === undefined ? {} : { after: start }),
    })
    .catch((error: unknown) => {
      throw error instanceof BadUserInputError ? cursorNamed(isBackward ? 'before' : 'after', error) : error;
    });
  const edges = found.map(({ task, cursor }) => ({ node: task, cursor }));
  if (isBackward) edges.reverse();
  // A look that was bounded goes on from where it ended, which may lie beyond the last edge.
  const [near, far] = [found[0]?.cursor, endCursor ?? found.at(-1)?.cursor];
  return {
    edges,
    filter,
    pageInfo: {
      hasNextPage: isBackward ? start !== undefined : hasMore,
      hasPreviousPage: isBackward ? hasMore : start !== undefined,
      startCursor: isBackward ? far : near,
      endCursor: isBackward ? near : far,
    },
  };
}

/** A page, as a client sees it; a later one was read from some cursor on. */
export function connectionOf(
  { tasks, hasMore, endCursor }: TaskPage,
  filter: TaskFilter,
  isLater: boolean,
): TaskConnection {
  return {
    edges: tasks.map(({ task, cursor }) => ({ node: task, cursor })),
    filter,
    pageInfo: {
      hasNextPage: hasMore,
      hasPreviousPage: isLater,
      startCursor: tasks[0]?.cursor,
      endCursor,
    },
  };
}

/** The same error, where it is about the cursor with the argument that the client has it from. */
export function cursorNamed(
  argument: 'after' | 'before',
  { message, issues }: BadUserInputError,
): BadUserInputError {
  const about = issues.find(({ path }) => path.length === 0);
  return about === undefined
    ? new BadUserInputError(message, issues)
    : invalidArgument(argument, about.message);
}

/** Adds `TaskConnection` and what belongs to it. */
export function addConnectionTypes(builder: ApiBuilder, { task }: TaskTypes) {
  const edge = builder.objectRef<TaskEdge>('TaskEdge').implement({
    description: 'A task and its place in the list.',
    fields: (t) => ({
      node: t.expose('node', { type: task, nullable: false, description: 'The task.' }),
      cursor: t.exposeString('cursor', {
        nullable: false,
        description: 'Its place, for `after` and `before`.',
      }),
    }),
  });

  const pageInfo = builder.objectRef<PageInfo>('PageInfo').implement({
    description: 'Where a page lies in its list.',
    fields: (t) => ({
      hasNextPage: t.exposeBoolean('hasNextPage', {
        nullable: false,
        description: 'True where there may be more after `endCursor`.',
      }),
      hasPreviousPage: t.exposeBoolean('hasPreviousPage', {
        nullable: false,
        description: 'True where there may be more before `startCursor`.',
      }),
      startCursor: t.exposeString('startCursor', {
        nullable: true,
        description: 'What to send as `before` for the page before this one.',
      }),
      endCursor: t.exposeString('endCursor', {
        nullable: true,
        description: 'What to send as `after` for the next page.',
      }),
    }),
  });

  const count = builder.objectRef<{ count: number; exact: boolean }>('TaskCount').implement({
    description: 'How many tasks a list holds.',
    fields: (t) => ({
      count: t.expose('count', { type: 'NonNegativeInt', nullable: false, description: 'The number.' }),
      isExact: t.exposeBoolean('exact', {
        nullable: false,
        description: 'False where it is an upper bound: there are at most so many.',
      }),
    }),
  });

  const connection = builder.objectRef<TaskConnection>('TaskConnection').implement({
    description: 'One page of a list of tasks.',
    fields: (t) => ({
      edges: t.expose('edges', {
        type: [edge],
        nullable: { list: false, items: false },
        description: 'The tasks of this page with their cursors.',
      }),
      nodes: t.field({
        type: [task],
        nullable: { list: false, items: false },
        description: 'The tasks of this page.',
        resolve: ({ edges }) => edges.map(({ node }) => node),
      }),
      pageInfo: t.expose('pageInfo', { type: pageInfo, nullable: false, description: 'How to go on.' }),
      totalCount: t.field({
        type: count,
        nullable: false,
        description: 'How many tasks match the filter, on all pages.',
        extensions: costs({ points: 5 }),
        resolve: ({ filter }, _, { tasks }) => tasks.count(filter),
      }),
    }),
  });

  return { connection, count, pageInfo };
}

/** The types of lists that something else needs, too. */
export type ConnectionTypes = ReturnType<typeof addConnectionTypes>;

/** From which end, how many, and after which cursor. */
function sizeOf(page: PageArguments): { limit: number; isBackward: boolean; start: string | undefined } {
  const { first, last, before } = page;
  const isBackward = isGiven(last) || (isGiven(before) && !isGiven(first));
  const [size, start, unused] = isBackward
    ? (['last', 'before', 'after'] as const)
    : (['first', 'after', 'before'] as const);
  if (isGiven(first) && isGiven(last)) throw invalidArgument('last', 'Send either `first` or `last`.');
  if (isGiven(page[unused])) throw invalidArgument(unused, `Send \`${size}\` with \`${start}\` alone.`);
  const limit = page[size] ?? defaultPageSize;
  if (limit < 1 || limit > maxPageSize)
    throw invalidArgument(size, `Expected 1 to ${maxPageSize}, got ${limit}.`);
  return { limit, isBackward, start: page[start] ?? undefined };
}

/** Whether an argument says anything: null is as good as left out. */
export function isGiven<Value>(value: Value | null | undefined): value is Value {
  return value !== null && value !== undefined;
}

function opposite(direction: Direction): Direction {
  return direction === 'ASC' ? 'DESC' : 'ASC';
}

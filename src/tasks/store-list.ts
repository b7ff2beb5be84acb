import { chunks, parseTask } from './replies.ts';
import { count, page } from './scripts/read.ts';
import type { Position, StoreFilter } from './store-filter.ts';
import type { Store } from './store.ts';
import { hasOwnerIndex, tagGroups } from './tags.ts';
import type { Task } from './task.ts';

/** Part of a page from one queue; `end` is how far the bounded look came. */
export async function pageOfQueue(
  store: Store,
  queue: string,
  filter: StoreFilter,
  direction: 'ASC' | 'DESC',
  limit: number,
  from: Position | undefined,
): Promise<{ more: boolean; end: Position | undefined; tasks: { task: Task; position: Position }[] }> {
  const reply = await store.run(page, queue, [
    direction,
    limit,
    from?.time ?? '',
    from?.id ?? '',
    ...filterArguments(filter),
  ]);
  const [more, endTime, endId, ...found] = reply as [number, string, string, ...string[]];
  const tasks = chunks(found, 2).map(([state = '', time = '']) => {
    const task = parseTask(state);
    return { task, position: { time, id: task.id } };
  });
  return { more: more === 1, end: endTime === '' ? undefined : { time: endTime, id: endId }, tasks };
}

/** How many tasks of a queue a filter finds; where it isn't exact, at least as many as there are. */
export async function countOfQueue(
  store: Store,
  queue: string,
  filter: StoreFilter,
): Promise<{ count: number; exact: boolean }> {
  const isPlain = isCounted(filter);
  const [found, exact] = (await store.run(count, queue, [
    ...filterArguments(filter),
    isPlain ? '' : 'look',
    hasOwnerIndex(filter) ? '' : 'records',
  ])) as [number, number];
  return { count: found, exact: isPlain || exact === 1 };
}

function filterArguments(filter: StoreFilter): string[] {
  const { names = [], statuses = [], owners = [] } = filter;
  const tags = tagGroups(filter).map((group) => group.join('\n'));
  return [
    names.join('\n'),
    statuses.join('\n'),
    tags.join('\n\n'),
    owners.map((owner) => JSON.stringify(owner)).join('\n'),
    ...timeArguments(filter),
    // Whoever sees its own alone mustn't be told by the time it takes how much others have.
    filter.ownersFirst === undefined ? '' : 'fixed',
  ];
}

/** Whether the entries of the lists that a filter reads are as many as its tasks. */
function isCounted(filter: StoreFilter): boolean {
  const { names = [], statuses = [], tags = [], owners = [] } = filter;
  const groups = tagGroups(filter).length;
  // Only tags overlap: a task has one parent, one batch, one schedule, one owner.
  return groups === 0
    ? owners.length === 0
    : groups === 1 && tags.length <= 1 && names.length + statuses.length === 0;
}

function timeArguments({ createdAfter, createdBefore }: StoreFilter): string[] {
  return [
    createdAfter === undefined ? '-inf' : String(createdAfter * 1_000),
    createdBefore === undefined ? '+inf' : String(createdBefore * 1_000),
  ];
}

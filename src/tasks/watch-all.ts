import { WatchResetError } from '../errors.ts';
import { statesChannel } from '../redis/keys.ts';
import type { Feed } from './feed.ts';
import type { StoreFilter } from './store-filter.ts';
import { parseTask } from './replies.ts';
import type { Store } from './store.ts';
import type { Task } from './task.ts';

/** A watcher of many tasks that has this many of them waiting is told to start over. */
const waitingTasks = 1_000;

/**
 * Yields every new state of the tasks of some queues that match a filter, from now on; a slow watcher skips
 * a task's intermediate states.
 *
 * @throws WatchResetError when states were missed: the connection was away, or the watcher is too slow
 */
export async function* watchAll(
  store: Store,
  feed: Feed,
  queues: readonly string[],
  filter: StoreFilter,
  options: { readonly signal?: AbortSignal } = {},
): AsyncGenerator<Task, void, undefined> {
  const { signal } = options;
  const waiting = new Map<string, Task>();
  let missed = false;
  let wake = Promise.withResolvers<void>();
  const matches = matcher(filter);
  const abort = (): void => wake.resolve();
  const listener = {
    onMessage(message: string) {
      const task = parseTask(message);
      if (!matches(task)) return;
      // Newest wins, and goes to the end, so that states come in the order of their changes.
      waiting.delete(task.id);
      waiting.set(task.id, task);
      if (waiting.size > waitingTasks) missed = true;
      wake.resolve();
    },
    onGap() {
      missed = true;
      wake.resolve();
    },
  };
  const channels = queues.map((queue) => feed.listen(statesChannel(store.root(queue)), listener));
  try {
    await store.within(() => Promise.all(channels.map(({ confirmed }) => confirmed)));
    signal?.addEventListener('abort', abort, { once: true });
    for (;;) {
      if (signal?.aborted === true) return;
      if (missed) throw new WatchResetError();
      const [next] = waiting.values();
      if (next === undefined) {
        await wake.promise;
        wake = Promise.withResolvers();
        continue;
      }
      waiting.delete(next.id);
      yield next;
    }
  } finally {
    signal?.removeEventListener('abort', abort);
    for (const channel of channels) channel.stop();
  }
}

/** Tells whether a task matches; fields are AND-ed, members of a field OR-ed. */
function matcher(filter: StoreFilter): (task: Task) => boolean {
  const { names, statuses, tags, owners, createdAfter = -Infinity, createdBefore = Infinity } = filter;
  const isIn = <T>(list: readonly T[] | undefined, value: T | undefined): boolean =>
    list === undefined || list.length === 0 || (value !== undefined && list.includes(value));
  return (task) =>
    isIn(names, task.name) &&
    isIn(statuses, task.status) &&
    isIn(owners, task.owner) &&
    isIn(filter.parents, task.parent) &&
    isIn(filter.batches, task.batch) &&
    isIn(filter.schedules, task.schedule) &&
    (tags === undefined || tags.length === 0 || task.tags.some((tag) => tags.includes(tag))) &&
    task.createdAt >= createdAfter &&
    task.createdAt < createdBefore;
}

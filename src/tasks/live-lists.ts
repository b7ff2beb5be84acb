import type { Logger } from '../logger.ts';
import { checkFirst } from './check-first.ts';
import type { Feed } from './feed.ts';
import { Latest } from './latest.ts';
import { parseCursor, type TaskFilter } from './list.ts';
import type { Snapshot, TaskListUpdate } from './list-snapshot.ts';
import { LiveList, type ListSource, type Visible, type WindowQuery } from './live-list.ts';
import { States } from './states.ts';
import type { Store } from './store.ts';

/** The most tasks that a watched window shows. */
export const maxWindow = 100;
const defaultWindow = 20;

/** How often each process looks for new queues while someone watches the lists of all, in ms. */
const newQueuesMs = 1_000;

/** Which list to watch, and how much of it. */
export interface TaskListQuery {
  /** All tasks unless given. */
  readonly filter?: TaskFilter;
  /** Newest first (`DESC`) unless given. */
  readonly direction?: 'ASC' | 'DESC';
  /** How many tasks the window shows, 1 to 100. @default 20 */
  readonly first?: number;
  /** Begins after this cursor of the same list, whatever comes before it. */
  readonly after?: string;
  /** Tells how many tasks the whole list holds, too: counted at most twice a second. @default false */
  readonly counts?: boolean;
  /** Leaves out tasks that somebody may not see. */
  readonly visible?: Visible;
}

/** The queues of a filter, or all that any process has registered. */
type QueuesOf = (filter: TaskFilter) => Promise<readonly string[]>;

/** All watches of lists in this process: whoever watches the same list shares its window. */
export class LiveLists {
  readonly #source: ListSource;
  readonly #queuesOf: QueuesOf;
  readonly #lists: Map<string, LiveList> = new Map();
  readonly #timers: readonly NodeJS.Timeout[];

  /** Reads all windows again every `rereadMs`, as a pub/sub link can die without a sign, and a record vanish. */
  constructor(store: Store, feed: Feed, logger: Logger, queuesOf: QueuesOf, rereadMs = 15_000) {
    this.#source = { store, states: new States(store, feed), logger };
    this.#queuesOf = queuesOf;
    this.#timers = [
      setInterval(() => void this.#meetQueues(), newQueuesMs).unref(),
      setInterval(() => this.#reread(), rereadMs).unref(),
    ];
  }

  /**
   * Yields the window as it is now, as a reset, then what changes; ends when aborted. After a gap, and where nothing is
   * left of what was told last, it yields a reset again.
   *
   * @throws BadUserInputError where `first` isn't 1 to 100, or the cursor isn't one of ours; UnavailableError at the start
   */
  async *watch(
    { filter = {}, direction = 'DESC', first = defaultWindow, after, counts = false, visible }: TaskListQuery,
    { signal }: { readonly signal?: AbortSignal } = {},
  ): AsyncGenerator<TaskListUpdate, void, undefined> {
    checkFirst(first, maxWindow);
    const start = after === undefined ? undefined : parseCursor(after);
    const queues = await this.#queuesOf(filter);
    const list = this.#listOf({
      filter,
      direction,
      first,
      after: start && { createdUs: Number(start.time), id: start.id },
      counts,
      visible,
    });
    const mailbox = new Latest<Snapshot>();
    const abort = (): void => mailbox.close();
    try {
      signal?.addEventListener('abort', abort, { once: true });
      const snapshot = await list.join(mailbox, queues);
      if (signal?.aborted === true) return;
      let { told } = snapshot;
      yield snapshot.reset;
      for (;;) {
        const next = await mailbox.take();
        if (next === undefined) return;
        // One from before the first may have been waiting.
        if (next.number <= told.number) continue;
        const update = next.since(told);
        told = next.told;
        if (update !== undefined) yield update;
      }
    } finally {
      signal?.removeEventListener('abort', abort);
      list.leave(mailbox);
      if (list.watchers === 0) this.#lists.delete(keyOf(list.query));
    }
  }

  close(): void {
    for (const timer of this.#timers) clearInterval(timer);
    for (const list of this.#lists.values()) list.close();
  }

  #listOf(query: WindowQuery): LiveList {
    const key = keyOf(query);
    const list = this.#lists.get(key) ?? new LiveList(this.#source, query);
    this.#lists.set(key, list);
    return list;
  }

  /** Another process may have brought a queue: its tasks belong to the lists of all queues. */
  async #meetQueues(): Promise<void> {
    const lists = [...this.#lists.values()].filter(({ query }) => !namesQueues(query.filter));
    if (lists.length === 0) return;
    try {
      const queues = await this.#queuesOf({});
      for (const list of lists) list.reach(queues);
    } catch (error) {
      this.#source.logger.debug({ err: error }, 'new queues could not be looked for, trying again');
    }
  }

  #reread(): void {
    for (const list of this.#lists.values()) list.reread().catch(() => undefined);
  }
}

function namesQueues({ queues = [], ids = [] }: TaskFilter): boolean {
  return queues.length + ids.length > 0;
}

/** The same for queries that ask for the same, in whatever order and how often they name it. */
function keyOf({ filter, visible, ...window }: WindowQuery): string {
  const { createdAfter, createdBefore, ownersFirst, ...lists } = filter;
  const fields = Object.entries<readonly string[] | undefined>(lists)
    // One without members asks for nothing.
    .filter(([, members = []]) => members.length > 0)
    .map(([field, members = []]) => JSON.stringify([field, ...new Set(members.toSorted())]))
    .toSorted();
  const { direction, first, after, counts } = window;
  const times = [createdAfter, createdBefore, ownersFirst];
  return JSON.stringify([fields, times, direction, first, after, counts, visible?.key]);
}

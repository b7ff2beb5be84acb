import { UnavailableError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import type { Listening } from './feed.ts';
import type { Latest } from './latest.ts';
import {
  countTasks,
  formatCursor,
  listTasks,
  parseCursor,
  type TaskCount,
  type TaskFilter,
  type TaskPage,
} from './list.ts';
import { Snapshot } from './list-snapshot.ts';
import { ListTotal } from './list-total.ts';
import { ListWindow, type News, type Place } from './list-window.ts';
import { type Matcher, matcherOf } from './matching.ts';
import type { States, StatesListener } from './states.ts';
import type { Store } from './store.ts';
import type { Task } from './task.ts';

/** Changes are told at most this often, in ms; of each task the newest state. */
const pauseMs = 75;

/** When a read that failed is made again, in ms. */
const retryMs = 250;

/** When the search for tasks that no index finds goes on, in ms: each time by a page's bounded looks. */
const searchMs = 1_000;

/** With more news than these during one read, the window is read anew. */
const newsPerRead = 10_000;

/** Which window of which list. */
export interface WindowQuery {
  readonly filter: TaskFilter;
  readonly direction: 'ASC' | 'DESC';
  readonly first: number;
  /** Where it begins: after this place. Undefined for the beginning of the list. */
  readonly after: Place | undefined;
  /** Whether it is told how many tasks the whole list holds. */
  readonly counts: boolean;
  readonly visible: Visible | undefined;
}

/** Which of a list's tasks somebody may see. */
export interface Visible {
  /** The same for all who may see the same, and for no others. */
  readonly key: string;
  readonly may: (task: Task) => boolean;
  /** Whether the list may have tasks that are left out. @default true */
  readonly hides?: boolean;
}

/** What a list needs to be watched. */
export interface ListSource {
  readonly store: Store;
  readonly states: States;
  readonly logger: Logger;
}

/**
 * The window of one list, kept by the published states of its queues for all who watch it in this process. The store is
 * read when someone comes, when the window runs low, after a gap, and now and then.
 */
export class LiveList {
  readonly query: WindowQuery;
  readonly #source: ListSource;
  readonly #matcher: Matcher;
  readonly #listener: StatesListener;
  readonly #mailboxes: Set<Latest<Snapshot>> = new Set();
  readonly #queues: Map<string, Listening> = new Map();
  readonly #total: ListTotal | undefined;
  #window: ListWindow;
  #snapshot: Snapshot | undefined;
  /** How often something may have been missed, and up to which of these times the window has been read since. */
  #misses = 1;
  #caughtUp = 0;
  /** What was heard since the read under way was asked for. */
  #heard: Map<string, News> | undefined;
  /** Those who wait for a read from the beginning that hasn't been asked for yet. */
  #asked: PromiseWithResolvers<void> | undefined;
  #isReading = false;
  /** True while what reads later is not to be hurried: the last read has failed, or looked as far as one may. */
  #waits = false;
  #telling: NodeJS.Timeout | undefined;
  #later: NodeJS.Timeout | undefined;
  #toldAt = -Infinity;
  #snapshots = 0;
  #isClosed = false;

  constructor(source: ListSource, query: WindowQuery) {
    this.query = query;
    this.#source = source;
    this.#matcher = matcherOf(query.filter);
    this.#window = this.#emptyWindow();
    if (query.counts) {
      this.#total = new ListTotal(
        () => this.#count(),
        () => this.#changed(),
        source.logger,
      );
    }
    this.#listener = {
      onTask: (task) => {
        if (!this.#matcher.mayMatch(task) || query.visible?.may(task) === false) return;
        this.#onNews({ id: task.id, task, matches: this.#matcher.hasStatus(task) });
      },
      onRemoved: (id) => this.#onNews({ id, task: undefined }),
      onGap: () => this.#miss(),
    };
  }

  /** How many watch it, or are about to. */
  get watchers(): number {
    return this.#mailboxes.size;
  }

  /**
   * Gives the window as it is now; newer ones come into the mailbox, until it leaves, whether or not this succeeds.
   *
   * @throws UnavailableError
   */
  async join(mailbox: Latest<Snapshot>, queues: readonly string[]): Promise<Snapshot> {
    this.#mailboxes.add(mailbox);
    // Listen first, read second: whoever comes finds all that had happened before.
    this.reach(queues, this.#mailboxes.size > 1);
    const confirmed = [...this.#queues.values()].map((queue) => queue.confirmed);
    await this.#source.store.within(() => Promise.all(confirmed));
    await this.reread();
    return this.#look();
  }

  /** Ends a mailbox, and the list with the last one. */
  leave(mailbox: Latest<Snapshot>): void {
    mailbox.close();
    this.#mailboxes.delete(mailbox);
    if (this.#mailboxes.size === 0) this.close();
  }

  /** Makes queues part of the list, which has been read before unless it is new. */
  reach(queues: readonly string[], wasRead = true): void {
    if (this.#isClosed) return;
    for (const queue of queues) {
      if (this.#queues.has(queue)) continue;
      const listening = this.#source.states.listen(queue, this.#listener);
      this.#queues.set(queue, listening);
      // What this one holds was never read; the feed gives up when it is closed.
      if (wasRead) listening.confirmed.then(() => this.#miss()).catch(() => undefined);
    }
  }

  /** Resolves once the window was read from the beginning by a read that is asked for now or later. @throws UnavailableError */
  async reread(): Promise<void> {
    if (this.#isClosed) throw new UnavailableError();
    this.#asked ??= Promise.withResolvers();
    const { promise } = this.#asked;
    this.#read();
    await promise;
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#telling);
    clearTimeout(this.#later);
    this.#total?.close();
    this.#asked?.reject(new UnavailableError());
    for (const mailbox of this.#mailboxes) mailbox.close();
    for (const queue of this.#queues.values()) queue.stop();
  }

  #onNews(news: News): void {
    if (this.#heard !== undefined) {
      this.#heard.set(news.id, news);
      if (this.#heard.size > newsPerRead) this.#miss();
    }
    if (this.#mayCount(news)) this.#total?.changed();
    if (!this.#isBehind && this.#window.hear(news)) this.#changed();
  }

  /** Whether it may have become more or fewer tasks by this: not by the progress of those that are known. */
  #mayCount({ id, task, ...news }: News): boolean {
    if (task === undefined) return true;
    const { statuses = [] } = this.query.filter;
    // It was there before it was tried.
    if (statuses.length === 0) return task.attempt === 0;
    return !('matches' in news && news.matches && this.#window.holds(id));
  }

  get #isBehind(): boolean {
    return this.#misses > this.#caughtUp;
  }

  /** From now on the window is an old one, until it is read anew. */
  #miss(): void {
    this.#misses += 1;
    this.#heard?.clear();
    this.#read();
  }

  #changed(): void {
    this.#snapshot = undefined;
    if (this.#isClosed) return;
    const waitMs = Math.max(0, this.#toldAt + pauseMs - performance.now());
    this.#telling ??= setTimeout(() => this.#tell(), waitMs);
  }

  #tell(): void {
    this.#telling = undefined;
    if (this.#isBehind) return;
    this.#toldAt = performance.now();
    // A search goes on at its own pace, however much changes.
    if (this.#window.isLow && !this.#waits) this.#read();
    const snapshot = this.#look();
    for (const mailbox of this.#mailboxes) mailbox.set(snapshot);
  }

  #look(): Snapshot {
    if (this.#snapshot === undefined) {
      const { shown: tasks, hasMore, end } = this.#window;
      this.#snapshots += 1;
      this.#snapshot = new Snapshot({
        number: this.#snapshots,
        epoch: this.#caughtUp,
        tasks,
        hasMore,
        end,
        total: this.#total?.value,
      });
    }
    return this.#snapshot;
  }

  #read(): void {
    if (this.#isReading || this.#isClosed) return;
    this.#isReading = true;
    this.#waits = false;
    clearTimeout(this.#later);
    void this.#readForAll();
  }

  /** One read at a time, for all who want one. Never rejects. */
  async #readForAll(): Promise<void> {
    let waitMs = searchMs;
    try {
      do await this.#readOnce();
      while (!this.#isClosed && (this.#isBehind || this.#asked !== undefined));
    } catch (error) {
      this.#source.logger.debug({ err: error }, 'a watched list could not be read, trying again');
      this.#asked?.reject(error);
      this.#asked = undefined;
      this.#waits = true;
      waitMs = retryMs;
    }
    this.#isReading = false;
    if (this.#isClosed || !(this.#isBehind || this.#window.isLow)) return;
    this.#later = setTimeout(() => this.#read(), waitMs);
  }

  async #readOnce(): Promise<void> {
    const asked = this.#asked;
    this.#asked = undefined;
    const misses = this.#misses;
    const window = this.#isBehind ? this.#emptyWindow() : this.#window;
    const from = this.#isBehind || asked !== undefined ? undefined : window.edge;
    const heard = new Map<string, News>();
    this.#heard = heard;
    try {
      const wanted = window.wanted(from);
      // Who comes is told of what had happened before, and after a gap nobody knows what has.
      const counting = asked !== undefined || this.#isBehind ? this.#total?.count() : undefined;
      const [page] = await Promise.all([this.#page(from ?? this.query.after, wanted), counting]);
      if (this.#misses === misses) {
        const tasks = page.tasks.map(({ task }) => task);
        const hasChanged = window.take({ tasks, from, to: endOf(page), heard });
        if (hasChanged || this.#isBehind) this.#changed();
        this.#window = window;
        this.#caughtUp = misses;
        this.#waits = page.hasMore && page.tasks.length < wanted;
        asked?.resolve();
      } else if (asked !== undefined) {
        // Something was missed while it was read: the next one is for them.
        void this.reread().then(asked.resolve, asked.reject);
      }
    } catch (error) {
      asked?.reject(error);
      throw error;
    } finally {
      this.#heard = undefined;
    }
  }

  async #page(from: Place | undefined, limit: number): Promise<TaskPage> {
    const { filter, direction, visible } = this.query;
    return await listTasks(this.#source.store, [...this.#queues.keys()], {
      filter,
      direction,
      limit,
      ...(visible === undefined ? {} : { visible: visible.may }),
      ...(from === undefined ? {} : { after: formatCursor({ time: String(from.createdUs), id: from.id }) }),
    });
  }

  async #count(): Promise<TaskCount> {
    const { filter, visible } = this.query;
    const { count, exact } = await countTasks(this.#source.store, [...this.#queues.keys()], filter);
    return { count, exact: exact && (visible === undefined || visible.hides === false) };
  }

  #emptyWindow(): ListWindow {
    const { first, direction, after } = this.query;
    return new ListWindow(first, direction, undefined, after);
  }
}

/** How far a page tells all there is; undefined where that is to the end. */
function endOf({ hasMore, endCursor }: TaskPage): Place | undefined {
  if (!hasMore || endCursor === undefined) return undefined;
  const { time, id } = parseCursor(endCursor);
  return { createdUs: Number(time), id };
}

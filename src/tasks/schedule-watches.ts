import { schedulesChannel } from '../redis/keys.ts';
import { checkFirst } from './check-first.ts';
import { FollowedQueues, listenTo, type QueueNames } from './followed-queues.ts';
import { Gathered } from './gathered.ts';
import { scheduleQueueOf } from './id.ts';
import { Failures } from './mistakes.ts';
import { chunks } from './replies.ts';
import { pageOfSchedules } from './schedule-list.ts';
import { type ScheduleNews, ToldSchedules, type Whose } from './schedule-news.ts';
import { parseSchedule, type StoredSchedule } from './schedule-record.ts';
import type { Schedule } from './schedule.ts';
import { itemsPerCall } from './scripts/bounds.ts';
import { readSchedules } from './scripts/schedule-read.ts';

/** Changes are read and told at most this often, in ms; of each schedule the newest state. */
const pauseMs = 500;

/** The most schedules that the first update tells. */
export const maxFirstSchedules = 100;

/** What is new among schedules. */
export interface SchedulesUpdate {
  /** Those that are there, are new or have changed. */
  readonly schedules: readonly Schedule[];
  /** Those that aren't there any more. */
  readonly removedIds: readonly string[];
  /** Whether there were more at the start than the first update tells. */
  readonly hasMore: boolean;
}

/** Which schedules to watch. */
export interface SchedulesQuery {
  /** Those of these definitions; all of them where there are none. */
  readonly definitions?: readonly string[];
  /** Those of this owner. */
  readonly owner?: string;
  /** How many the first update tells at most, 1 to 100. @default 100 */
  readonly first?: number;
  readonly signal?: AbortSignal;
}

const gap = { id: '', isGap: true } as const;

interface Watcher {
  readonly mailbox: Gathered<ScheduleNews | typeof gap>;
  readonly isFor: (schedule: Whose) => boolean;
}

/** All watches of schedules in this process: each that changes is read once for all who watch. */
export class ScheduleWatches {
  readonly #source: QueueNames;
  readonly #queues: FollowedQueues;
  readonly #watchers: Set<Watcher> = new Set();
  readonly #failures: { readonly all: Failures; readonly changed: Failures };
  /** Those that have changed since they were read. */
  readonly #changed: Set<string> = new Set();
  #timer: NodeJS.Timeout | undefined;
  #notBefore = -Infinity;
  /** Those that were removed during the read under way, which may have found them before. */
  #removed: Set<string> | undefined;

  constructor(source: QueueNames) {
    this.#source = source;
    this.#failures = {
      all: new Failures(source.logger, 'watched schedules could not be read'),
      changed: new Failures(source.logger, 'changed schedules could not be read'),
    };
    this.#queues = new FollowedQueues(source, {
      follow: (queue) =>
        listenTo(source, [schedulesChannel(source.store.root(queue))], {
          onMessage: (message) => this.#hear(message),
          onGap: () => this.#missed(),
        }),
      // What it holds was never read.
      onNew: () => this.#missed(),
    });
  }

  /**
   * Yields the newest schedules as they are now, then those that change, come and go, at most twice a second; ends when
   * aborted. After a gap all that was told is read anew.
   *
   * @throws BadUserInputError where `first` isn't 1 to 100; UnavailableError at the start
   */
  async *watch(query: SchedulesQuery = {}): AsyncGenerator<SchedulesUpdate, void, undefined> {
    const { definitions = [], owner, first: most = maxFirstSchedules, signal } = query;
    checkFirst(most, maxFirstSchedules);
    const mailbox = new Gathered<ScheduleNews | typeof gap>(pauseMs, ({ id }) => id);
    const watcher: Watcher = {
      mailbox,
      isFor: (one) =>
        (definitions.length === 0 || definitions.includes(one.definition)) &&
        (owner === undefined || one.owner === owner),
    };
    const abort = (): void => mailbox.close();
    this.#watchers.add(watcher);
    try {
      signal?.addEventListener('abort', abort, { once: true });
      const first = await this.#read(query, []);
      const told = new ToldSchedules(first.schedules);
      let { hasMore } = first;
      if (signal?.aborted === true) return;
      yield { ...first, removedIds: [] };
      let kept: ScheduleNews[] = [];
      for (;;) {
        const taken = await mailbox.take();
        if (taken === undefined) return;
        const news = [...kept, ...taken.flatMap((one) => ('isGap' in one ? [] : one))];
        const isBehind = taken.some((one) => 'isGap' in one);
        const again = isBehind ? await this.#readAgain(query, told.ids, watcher) : undefined;
        if (isBehind && again === undefined) {
          kept = news;
          continue;
        }
        kept = [];
        hasMore = again?.hasMore ?? hasMore;
        const update = told.take(news, again?.schedules);
        if (update.schedules.length + update.removedIds.length > 0) yield { ...update, hasMore };
      }
    } finally {
      signal?.removeEventListener('abort', abort);
      mailbox.close();
      this.#watchers.delete(watcher);
      this.#failures.all.left(watcher);
      if (this.#watchers.size === 0) this.#stop();
    }
  }

  close(): void {
    for (const { mailbox } of this.#watchers) mailbox.close();
    this.#stop();
  }

  #stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#changed.clear();
    this.#queues.stop();
  }

  /** The newest ones, and those of some ids that are still there. */
  async #read(
    query: SchedulesQuery,
    ids: Iterable<string>,
  ): Promise<{ schedules: StoredSchedule[]; hasMore: boolean }> {
    const { store } = this.#source;
    const { first: limit = maxFirstSchedules, definitions, owner } = query;
    const queues = await this.#queues.follow();
    const [page, others] = await Promise.all([
      pageOfSchedules(store, queues, {
        limit,
        ...(definitions === undefined ? {} : { definitions }),
        ...(owner === undefined ? {} : { owner }),
      }),
      this.#schedules(ids),
    ]);
    const newest = page.schedules.map(({ schedule }) => schedule);
    const found = new Map([...newest, ...others].map((schedule) => [schedule.id, schedule]));
    return { schedules: [...found.values()], hasMore: page.hasMore };
  }

  /** Undefined where the store can't answer yet: it is to be tried again then. */
  async #readAgain(query: SchedulesQuery, ids: Iterable<string>, watcher: Watcher) {
    const failures = this.#failures.all;
    try {
      const read = await this.#read(query, ids);
      failures.passed({}, watcher);
      return read;
    } catch (error) {
      const retry = (): void => watcher.mailbox.set(gap);
      setTimeout(retry, failures.failed(error, pauseMs, {}, watcher)).unref();
      return undefined;
    }
  }

  async #schedules(ids: Iterable<string>): Promise<StoredSchedule[]> {
    const { store } = this.#source;
    const queues = Map.groupBy(ids, (id) => scheduleQueueOf(id) ?? '');
    queues.delete('');
    const reads = [...queues].flatMap(([queue, ids]) =>
      chunks(ids, itemsPerCall).map(async (piece) => {
        const [, ...found] = (await store.run(readSchedules, queue, piece)) as [string, ...string[][]];
        return found.flatMap((fields) => parseSchedule(fields) ?? []);
      }),
    );
    return (await Promise.all(reads)).flat();
  }

  #hear(message: string): void {
    if (message.startsWith('-')) {
      // As `dropSchedule` writes it.
      const removed = JSON.parse(message.slice(1)) as Whose;
      this.#changed.delete(removed.id);
      this.#removed?.add(removed.id);
      this.#tell(removed, { id: removed.id, removed });
      return;
    }
    this.#changed.add(message);
    this.#readSoon();
  }

  #missed(): void {
    for (const { mailbox } of this.#watchers) mailbox.set(gap);
  }

  #tell(whose: Whose, news: ScheduleNews): void {
    for (const { mailbox, isFor } of this.#watchers) if (isFor(whose)) mailbox.set(news);
  }

  #readSoon(): void {
    if (this.#watchers.size === 0) return;
    this.#timer ??= setTimeout(
      () => void this.#readChanged(),
      Math.max(0, this.#notBefore - performance.now()),
    );
  }

  /** Never rejects. */
  async #readChanged(): Promise<void> {
    const ids = [...this.#changed];
    this.#changed.clear();
    this.#notBefore = performance.now() + pauseMs;
    const removed = new Set<string>();
    this.#removed = removed;
    try {
      for (const schedule of await this.#schedules(ids)) {
        if (!removed.has(schedule.id)) this.#tell(schedule, { id: schedule.id, schedule });
      }
      this.#failures.changed.passed();
    } catch (error) {
      this.#notBefore = performance.now() + this.#failures.changed.failed(error, pauseMs);
      for (const id of ids) this.#changed.add(id);
    }
    this.#removed = undefined;
    this.#timer = undefined;
    if (this.#changed.size > 0) this.#readSoon();
  }
}

import { TaskLostError, TaskNotFoundError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import { stateChannel } from '../redis/keys.ts';
import type { Feed, Listener } from './feed.ts';
import { queueOf } from './id.ts';
import { Latest } from './latest.ts';
import { parseTask } from './replies.ts';
import type { Store } from './store.ts';
import { isFinal, type Task } from './task.ts';
import { throttled } from './throttle.ts';

/** What can be watched by its id: something with states, of which the higher version is the newer one. */
export interface Watchable<State extends { readonly version: number }> {
  /** The queue that an id names; undefined where it names none. */
  queueOf(id: string): string | undefined;
  /** The states as they are now, in the order of the ids. */
  read(ids: readonly string[]): Promise<(State | undefined)[]>;
  /** A state as it is published. */
  parse(message: string): State;
  isFinal(state: State): boolean;
  /** What is thrown where there is nothing to watch. */
  notFound(id: string): Error;
  /** What is thrown where it vanishes meanwhile. */
  lost(id: string): Error;
}

/** How something is watched. */
export interface WatchOptions {
  /** Ends the watch. */
  readonly signal?: AbortSignal | undefined;
  /** States that are kept for a taker who is busy, the newest ones; what came before them is skipped. @default 1 */
  readonly keep?: number | undefined;
  /** The least time between two states, in ms: of those that come sooner the newest is told, and a final one at once. @default 0 */
  readonly throttleMs?: number | undefined;
}

/** What a watch of tasks needs. */
export function watchableTasks(store: Store): Watchable<Task> {
  return {
    queueOf,
    read: (ids) => store.getMany(ids),
    parse: parseTask,
    isFinal: ({ status }) => isFinal(status),
    notFound: (id) => new TaskNotFoundError(id),
    lost: (id) => new TaskLostError(id),
  };
}

/** What a watcher's mailbox holds: a state, or that the record is gone. */
interface News<State> {
  readonly state: State | undefined;
  /** Passes whatever its version: after a gap the store may have lost writes. */
  readonly certain: boolean;
}

/** One thing that is watched in this process, by however many watchers. */
interface Watched<State> {
  readonly mailboxes: Set<Latest<News<State>>>;
  readonly listener: Listener;
  /** Counts the messages, so that a read that was overtaken by one is seen to be old. */
  heard: number;
  version: number;
}

/** All watches of a kind in this process: each watched thing is one channel, whoever watches it. */
export class Watches<State extends { readonly version: number }> {
  readonly #watchable: Watchable<State>;
  readonly #store: Store;
  readonly #feed: Feed;
  readonly #logger: Logger;
  readonly #watched: Map<string, Watched<State>> = new Map();
  readonly #timer: NodeJS.Timeout;
  /** Ids of which something may have been missed, until they are read again. */
  readonly #behind: Set<string> = new Set();
  #catchUp: NodeJS.Timeout | undefined;
  #closed = false;

  /** Reads the versions of all that is watched every `rereadMs`, as a pub/sub link can die without a sign. */
  constructor(watchable: Watchable<State>, store: Store, feed: Feed, logger: Logger, rereadMs = 15_000) {
    this.#watchable = watchable;
    this.#store = store;
    this.#feed = feed;
    this.#logger = logger;
    this.#timer = setInterval(() => void this.#reread([...this.#watched.keys()], false), rereadMs);
    this.#timer.unref();
  }

  /** How much is watched now. */
  get size(): number {
    return this.#watched.size;
  }

  /**
   * Yields the state as it is now, then each newer one; returns after a final one or when aborted. Throws what its
   * watchable says where there is nothing of this id, or not any more.
   */
  watch(id: string, options: WatchOptions = {}): AsyncGenerator<State, void, undefined> {
    const { throttleMs = 0 } = options;
    return throttleMs > 0 ? this.#throttled(id, throttleMs, options) : this.#states(id, options);
  }

  async *#throttled(
    id: string,
    throttleMs: number,
    { signal, keep }: WatchOptions,
  ): AsyncGenerator<State, void, undefined> {
    // Ends a state that is waited for, too.
    const over = new AbortController();
    const ends = signal === undefined ? over.signal : AbortSignal.any([signal, over.signal]);
    try {
      const states = this.#states(id, { signal: ends, keep });
      yield* throttled(states, throttleMs, (state) => this.#watchable.isFinal(state));
    } finally {
      over.abort();
    }
  }

  async *#states(id: string, { signal, keep }: WatchOptions): AsyncGenerator<State, void, undefined> {
    const watchable = this.#watchable;
    const queue = watchable.queueOf(id);
    if (queue === undefined) throw watchable.notFound(id);
    const mailbox = new Latest<News<State>>(keep);
    const abort = (): void => mailbox.close();
    // Listen first, read second: a change between the two arrives twice, never not at all.
    const stop = await this.#listen(queue, id, mailbox);
    try {
      signal?.addEventListener('abort', abort, { once: true });
      let [state] = await watchable.read([id]);
      if (state === undefined) throw watchable.notFound(id);
      if (signal?.aborted === true) return;
      yield state;
      while (!watchable.isFinal(state)) {
        const news = await mailbox.take();
        if (news === undefined) return;
        if (news.state === undefined) throw watchable.lost(id);
        const { version } = news.state;
        const passes =
          version > state.version ||
          ((news.certain || watchable.isFinal(news.state)) && version !== state.version);
        if (passes) yield (state = news.state);
      }
    } finally {
      signal?.removeEventListener('abort', abort);
      mailbox.close();
      stop();
    }
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#timer);
    clearTimeout(this.#catchUp);
    for (const { mailboxes } of this.#watched.values()) for (const mailbox of mailboxes) mailbox.close();
  }

  async #listen(queue: string, id: string, mailbox: Latest<News<State>>): Promise<() => void> {
    const watched = this.#watched.get(id) ?? this.#watch(id);
    this.#watched.set(id, watched);
    watched.mailboxes.add(mailbox);
    const listening = this.#feed.listen(stateChannel(this.#store.root(queue), id), watched.listener);
    const stop = (): void => {
      watched.mailboxes.delete(mailbox);
      if (watched.mailboxes.size > 0) return;
      this.#watched.delete(id);
      listening.stop();
    };
    try {
      await this.#store.within(() => listening.confirmed);
    } catch (error) {
      stop();
      throw error;
    }
    return stop;
  }

  #watch(id: string): Watched<State> {
    const watched: Watched<State> = {
      mailboxes: new Set(),
      heard: 0,
      version: 0,
      listener: {
        onMessage: (message) => {
          const state = message === '' ? undefined : this.#watchable.parse(message);
          watched.heard += 1;
          watched.version = state?.version ?? watched.version;
          for (const mailbox of watched.mailboxes) {
            if (state === undefined) mailbox.setIfEmpty({ state, certain: false });
            else mailbox.set({ state, certain: false });
          }
        },
        onGap: () => this.#rereadSoon(id),
      },
    };
    return watched;
  }

  /** After a gap: all that is watched of this turn in one read, again and again until it succeeds. */
  #rereadSoon(id: string): void {
    this.#behind.add(id);
    this.#catchUp ??= setTimeout(() => void this.#rereadBehind(), 0);
  }

  async #rereadBehind(): Promise<void> {
    const ids = [...this.#behind].filter((id) => this.#watched.has(id));
    this.#behind.clear();
    const isRead = await this.#reread(ids, true);
    if (!isRead) for (const id of ids) this.#behind.add(id);
    this.#catchUp = undefined;
    // Redis may answer this connection later than the one that listens.
    if (this.#behind.size > 0 && !this.#closed)
      this.#catchUp = setTimeout(() => void this.#rereadBehind(), 250);
  }

  /** Answers whether the store could be read. */
  async #reread(ids: readonly string[], certain: boolean): Promise<boolean> {
    // What is published, and who comes, after this read was asked for is newer than what it says.
    const before = new Map(
      ids.map((id) => {
        const watched = this.#watched.get(id);
        return [id, { heard: watched?.heard, mailboxes: [...(watched?.mailboxes ?? [])] }];
      }),
    );
    let states;
    try {
      states = await this.#watchable.read(ids);
    } catch (error) {
      this.#logger.debug({ err: error }, 'what is watched could not be read again');
      return false;
    }
    for (const [index, id] of ids.entries()) {
      const watched = this.#watched.get(id);
      const { heard, mailboxes = [] } = before.get(id) ?? {};
      const state = states[index];
      if (watched === undefined || watched.heard !== heard) continue;
      if (state !== undefined && state.version === watched.version) continue;
      for (const mailbox of mailboxes) mailbox.set({ state, certain });
    }
    return true;
  }
}

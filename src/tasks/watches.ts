import type { Logger } from '../logger.ts';
import { stateChannel } from '../redis/keys.ts';
import type { Feed, Listener } from './feed.ts';
import type { Latest } from './latest.ts';
import type { Store } from './store.ts';
import { throttled } from './throttle.ts';
import { type Listen, Watch } from './watch.ts';
import { again, type News, type Watchable, type WatchOptions } from './watchable.ts';

/** One thing that is watched in this process, by however many watchers. */
interface Watched<State> {
  readonly mailboxes: Set<Latest<News<State>>>;
  readonly listener: Listener;
  /** Counts the messages, so that a read that was overtaken by one is seen to be old. */
  heard: number;
  version: number;
}

/** Has something called back whenever what is asked beside a state has changed; gives what ends that. */
export type Beside = (tell: () => void) => Promise<() => void>;

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
   * watchable says where there is nothing of this id, or not any more. `beside` calls back when the state is to be told again,
   * and gives what ends that.
   */
  watch(id: string, options: WatchOptions = {}, beside?: Beside): AsyncGenerator<State, void, undefined> {
    const { signal, keep, throttleMs = 0 } = options;
    const listen = beside === undefined ? this.#listen : this.#listenBeside(beside);
    const states = new Watch(id, this.#watchable, listen, { signal, keep });
    return throttleMs > 0 ? throttled(states, throttleMs, (state) => this.#watchable.isFinal(state)) : states;
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#timer);
    clearTimeout(this.#catchUp);
    for (const { mailboxes } of this.#watched.values()) for (const mailbox of mailboxes) mailbox.close();
  }

  /** Resolves with what ends it, once the store has confirmed that this process listens. */
  readonly #listen = async (id: string, mailbox: Latest<News<State>>): Promise<() => void> => {
    const queue = this.#watchable.queueOf(id);
    if (queue === undefined) throw this.#watchable.notFound(id);
    const watched = this.#watched.get(id) ?? this.#watch(id);
    this.#watched.set(id, watched);
    watched.mailboxes.add(mailbox);
    const listening = this.#feed.listen(stateChannel(this.#store.root(queue), id), watched.listener);
    const stop = (): void => {
      if (!watched.mailboxes.delete(mailbox) || watched.mailboxes.size > 0) return;
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
  };

  #listenBeside(beside: Beside): Listen<State> {
    return async (id, mailbox) => {
      const stop = await this.#listen(id, mailbox);
      try {
        // Whoever has a state still to take takes the present with it.
        const stopBeside = await beside(() => mailbox.setIfEmpty(again));
        return () => {
          stop();
          stopBeside();
        };
      } catch (error) {
        stop();
        throw error;
      }
    };
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

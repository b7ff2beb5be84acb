import { TaskLostError, TaskNotFoundError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import { stateChannel } from '../redis/keys.ts';
import type { Feed, Listener } from './feed.ts';
import { queueOf } from './id.ts';
import { Latest } from './latest.ts';
import { parseTask } from './replies.ts';
import type { Store } from './store.ts';
import { isFinal, type Task } from './task.ts';

/** What a watcher's mailbox holds: a state, or that the record is gone. */
interface News {
  readonly task: Task | undefined;
  /** Passes whatever its version: after a gap the store may have lost writes. */
  readonly certain: boolean;
}

/** One task that is watched in this process, by however many watchers. */
interface Watched {
  readonly mailboxes: Set<Latest<News>>;
  readonly listener: Listener;
  /** Counts the messages, so that a read that was overtaken by one is seen to be old. */
  heard: number;
  version: number;
}

/** All watches of this process: each watched task is one channel, whoever watches it. */
export class Watches {
  readonly #store: Store;
  readonly #feed: Feed;
  readonly #logger: Logger;
  readonly #watched: Map<string, Watched> = new Map();
  readonly #timer: NodeJS.Timeout;
  /** Tasks of which something may have been missed, until they are read again. */
  readonly #behind: Set<string> = new Set();
  #catchUp: NodeJS.Timeout | undefined;
  #closed = false;

  /** Reads the versions of all watched tasks every `rereadMs`, as a pub/sub link can die without a sign. */
  constructor(store: Store, feed: Feed, logger: Logger, rereadMs = 15_000) {
    this.#store = store;
    this.#feed = feed;
    this.#logger = logger;
    this.#timer = setInterval(() => void this.#reread([...this.#watched.keys()], false), rereadMs);
    this.#timer.unref();
  }

  /** Tasks that are watched now. */
  get size(): number {
    return this.#watched.size;
  }

  /**
   * Yields the task as it is now, then each newer state; returns after a final one or when aborted.
   *
   * @throws TaskNotFoundError where there is none; TaskLostError where the record vanishes meanwhile
   */
  async *watch(
    id: string,
    options: { readonly signal?: AbortSignal } = {},
  ): AsyncGenerator<Task, void, undefined> {
    const { signal } = options;
    const queue = queueOf(id);
    if (queue === undefined) throw new TaskNotFoundError(id);
    const mailbox = new Latest<News>();
    const abort = (): void => mailbox.close();
    // Listen first, read second: a change between the two arrives twice, never not at all.
    const stop = await this.#listen(queue, id, mailbox);
    try {
      signal?.addEventListener('abort', abort, { once: true });
      let task = await this.#store.get(id);
      if (task === undefined) throw new TaskNotFoundError(id);
      if (signal?.aborted === true) return;
      yield task;
      while (!isFinal(task.status)) {
        const news = await mailbox.take();
        if (news === undefined) return;
        if (news.task === undefined) throw new TaskLostError(id);
        const { status, version } = news.task;
        const passes =
          version > task.version || ((news.certain || isFinal(status)) && version !== task.version);
        if (passes) yield (task = news.task);
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

  async #listen(queue: string, id: string, mailbox: Latest<News>): Promise<() => void> {
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

  #watch(id: string): Watched {
    const watched: Watched = {
      mailboxes: new Set(),
      heard: 0,
      version: 0,
      listener: {
        onMessage: (message) => {
          const task = message === '' ? undefined : parseTask(message);
          watched.heard += 1;
          watched.version = task?.version ?? watched.version;
          for (const mailbox of watched.mailboxes) {
            if (task === undefined) mailbox.setIfEmpty({ task, certain: false });
            else mailbox.set({ task, certain: false });
          }
        },
        onGap: () => this.#rereadSoon(id),
      },
    };
    return watched;
  }

  /** After a gap: all watched tasks of this turn in one read, again and again until it succeeds. */
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
    let tasks;
    try {
      tasks = await this.#store.getMany(ids);
    } catch (error) {
      this.#logger.debug({ err: error }, 'watched tasks could not be read again');
      return false;
    }
    for (const [index, id] of ids.entries()) {
      const watched = this.#watched.get(id);
      const { heard, mailboxes = [] } = before.get(id) ?? {};
      const task = tasks[index];
      if (watched === undefined || watched.heard !== heard) continue;
      if (task !== undefined && task.version === watched.version) continue;
      for (const mailbox of mailboxes) mailbox.set({ task, certain });
    }
    return true;
  }
}

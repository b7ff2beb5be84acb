import type { Logger } from '../logger.ts';
import type { Feed, Listener, Listening } from './feed.ts';
import { Latest } from './latest.ts';
import type { WorkerList } from './workers.ts';

/** At most so often the workers are looked at, in ms. */
const pauseMs = 1_000;

/** What a watch of the workers needs to know of them. */
export interface WorkersSource {
  readonly feed: Feed;
  readonly logger: Logger;
  readonly look: () => Promise<WorkerList>;
  /** Where it is told that something about them may have changed: more of them as there are more queues. */
  readonly channels: () => Promise<readonly string[]>;
  /** Bounds how long a caller waits for the store. */
  readonly within: <T>(wait: () => Promise<T>) => Promise<T>;
}

/** All watches of workers in this process: they are looked at once for all who watch, when something has changed. */
export class WorkerWatches {
  readonly #source: WorkersSource;
  readonly #mailboxes: Set<Latest<WorkerList>> = new Set();
  readonly #listening: Map<string, Listening> = new Map();
  readonly #listener: Listener = { onMessage: () => this.#changed(), onGap: () => this.#changed() };
  #timer: NodeJS.Timeout | undefined;
  #lookedAt = -Infinity;
  #isBehind = false;
  #isClosed = false;

  constructor(source: WorkersSource) {
    this.#source = source;
  }

  /** Yields all workers as they are now, then again after changes, at most once a second; ends when aborted. */
  async *watch(options: { readonly signal?: AbortSignal } = {}): AsyncGenerator<WorkerList, void, undefined> {
    const { signal } = options;
    const mailbox = new Latest<WorkerList>();
    const abort = (): void => mailbox.close();
    this.#mailboxes.add(mailbox);
    try {
      signal?.addEventListener('abort', abort, { once: true });
      // Listen first, read second.
      await this.#source.within(() => this.#listen());
      let shown = await this.#source.look();
      this.#lookedAt = performance.now();
      for (;;) {
        if (signal?.aborted === true || this.#isClosed) return;
        yield shown;
        const next = await differing(mailbox, shown);
        if (next === undefined) return;
        shown = next;
      }
    } finally {
      signal?.removeEventListener('abort', abort);
      mailbox.close();
      this.#mailboxes.delete(mailbox);
      if (this.#mailboxes.size === 0) this.#stop();
    }
  }

  close(): void {
    this.#isClosed = true;
    for (const mailbox of this.#mailboxes) mailbox.close();
    this.#stop();
  }

  async #listen(): Promise<void> {
    const { feed, channels } = this.#source;
    for (const channel of await channels()) {
      // Everybody may have left meanwhile, after which nobody would stop it.
      if (this.#mailboxes.size === 0 || this.#isClosed) return;
      if (!this.#listening.has(channel)) this.#listening.set(channel, feed.listen(channel, this.#listener));
    }
    await Promise.all([...this.#listening.values()].map(({ confirmed }) => confirmed));
  }

  #stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const listening of this.#listening.values()) listening.stop();
    this.#listening.clear();
  }

  #changed(): void {
    this.#isBehind = true;
    const waitMs = Math.max(0, this.#lookedAt + pauseMs - performance.now());
    this.#timer ??= setTimeout(() => void this.#look(), waitMs);
  }

  async #look(): Promise<void> {
    const { look, logger } = this.#source;
    const timer = this.#timer;
    this.#isBehind = false;
    try {
      await this.#listen();
      const now = await look();
      for (const mailbox of this.#mailboxes) mailbox.set(now);
    } catch (error) {
      logger.debug({ err: error }, 'the watched workers could not be looked at, trying again');
      this.#isBehind = true;
    }
    // From its end on: after one that took long the next would else be told too soon.
    this.#lookedAt = performance.now();
    // All who watched may have left, and others come.
    if (this.#timer !== timer) return;
    this.#timer = undefined;
    if (this.#isBehind && this.#mailboxes.size > 0 && !this.#isClosed) this.#changed();
  }
}

async function differing(mailbox: Latest<WorkerList>, shown: WorkerList): Promise<WorkerList | undefined> {
  const was = JSON.stringify(shown.workers);
  for (;;) {
    const next = await mailbox.take();
    if (next === undefined || JSON.stringify(next.workers) !== was) return next;
  }
}

import type { Logger } from '../logger.ts';
import type { Feed } from './feed.ts';
import { Latest } from './latest.ts';
import { type Look, lookNow, Looks } from './looks.ts';
import { Failures } from './mistakes.ts';
import type { Queue } from './queue.ts';
import type { Store } from './store.ts';
import { Trigger } from './trigger.ts';

/** At most so often a watched queue is looked at, in ms. */
const pauseMs = 500;

/** While what has come or gone within the last minute still counts, who wants rates has it looked at this often, in ms. */
const ratesMs = 5_000;

/** Who is told of the looks at a queue. */
export interface QueueFollower {
  set(look: Look<Queue>): void;
  close(): void;
  /** Whether it is looked at again when nothing changes but rates, until they are zero. @default false */
  readonly wantsRates?: boolean;
}

interface Watched {
  readonly followers: Set<QueueFollower>;
  readonly trigger: Trigger;
  readonly looks: Looks<Queue>;
  ratesTimer: NodeJS.Timeout | undefined;
}

/** What a watch of queues needs to know of them. */
export interface QueueSource {
  readonly feed: Pick<Feed, 'listen'>;
  readonly logger: Logger;
  /** The channels on which changes of a queue are told. */
  readonly channels: (queue: string) => readonly string[];
  readonly look: (queue: string) => Promise<Queue>;
  readonly store: Pick<Store, 'within'>;
}

/** All watches of queues in this process: each watched queue is looked at once for all who watch it, when it changes. */
export class QueueWatches {
  readonly #source: QueueSource;
  readonly #watched: Map<string, Watched> = new Map();
  readonly #failures: Failures;
  #closed = false;

  constructor(source: QueueSource) {
    this.#source = source;
    this.#failures = new Failures(source.logger, 'a watched queue could not be looked at');
  }

  /** Yields the queue as it is now, then again after changes, at most about twice a second; ends when aborted. */
  async *watch(
    queue: string,
    options: { readonly signal?: AbortSignal } = {},
  ): AsyncGenerator<Queue, void, undefined> {
    const { signal } = options;
    const mailbox = new Latest<Look<Queue>>();
    const abort = (): void => mailbox.close();
    // Listen first, read second.
    const stop = await this.follow(queue, mailbox);
    try {
      signal?.addEventListener('abort', abort, { once: true });
      let shown = await this.look(queue);
      for (;;) {
        if (signal?.aborted === true) return;
        yield shown.seen;
        const next = await differing(mailbox, shown);
        if (next === undefined) return;
        shown = next;
      }
    } finally {
      signal?.removeEventListener('abort', abort);
      mailbox.close();
      stop();
    }
  }

  /**
   * Tells a follower each look at a queue that is made from now on because of a change; gives what ends that.
   *
   * @throws UnavailableError where the store doesn't confirm in time that its changes are listened to
   */
  async follow(queue: string, follower: QueueFollower): Promise<() => void> {
    const watched = this.#watched.get(queue) ?? this.#start(queue);
    watched.followers.add(follower);
    const leave = (): void => {
      if (!watched.followers.delete(follower) || watched.followers.size > 0) return;
      watched.looks.stop();
      clearTimeout(watched.ratesTimer);
      this.#watched.delete(queue);
    };
    try {
      const remove = await watched.trigger.add(this.#source.channels(queue));
      return () => {
        leave();
        remove();
      };
    } catch (error) {
      leave();
      throw error;
    }
  }

  /** Looks at a queue for one who begins to follow it. */
  async look(queue: string): Promise<Look<Queue>> {
    return await lookNow(() => this.#source.look(queue));
  }

  /** Looks at a queue that is followed, as after a change. */
  lookAgain(queue: string): void {
    this.#changed(this.#watched.get(queue));
  }

  /** Rates go on by themselves, for about a minute after the last change: until they are zero it is looked at again. */
  expectRates({ name, enqueuedPerMinute, finishedPerMinute }: Queue): void {
    const watched = this.#watched.get(name);
    const rates = [enqueuedPerMinute, ...Object.values(finishedPerMinute)];
    if (watched === undefined || this.#closed || rates.every((rate) => rate === 0)) return;
    if (![...watched.followers].some(({ wantsRates }) => wantsRates)) return;
    watched.ratesTimer ??= setTimeout(() => this.#changed(watched), ratesMs).unref();
  }

  close(): void {
    this.#closed = true;
    for (const { followers, looks, ratesTimer } of this.#watched.values()) {
      looks.stop();
      clearTimeout(ratesTimer);
      for (const follower of followers) follower.close();
    }
  }

  #start(queue: string): Watched {
    const { look } = this.#source;
    const changed = (): void => this.#changed(watched);
    const watched: Watched = {
      followers: new Set(),
      trigger: new Trigger(this.#source, changed),
      ratesTimer: undefined,
      looks: new Looks({
        pauseMs,
        look: async () => {
          clearTimeout(watched.ratesTimer);
          watched.ratesTimer = undefined;
          // Listen first, read second.
          await watched.trigger.arm();
          return await look(queue);
        },
        tell: (made) => {
          for (const follower of watched.followers) follower.set(made);
          this.expectRates(made.seen);
        },
        failures: this.#failures,
        about: { queue },
      }),
    };
    this.#watched.set(queue, watched);
    return watched;
  }

  #changed(watched: Watched | undefined): void {
    if (!this.#closed) watched?.looks.soon();
  }
}

async function differing(mailbox: Latest<Look<Queue>>, shown: Look<Queue>): Promise<Look<Queue> | undefined> {
  for (;;) {
    const next = await mailbox.take();
    if (next === undefined) return undefined;
    // A look that was under way when this one began may end after it.
    if (next.number > shown.number && lasting(next.seen) !== lasting(shown.seen)) return next;
  }
}

/** What of a queue somebody is told who wants rates, too. */
export function telling(queue: Queue): string {
  return JSON.stringify({ ...queue, at: undefined });
}

/** What of a queue is a change worth telling; ages and rates alone aren't. */
function lasting(queue: Queue): string {
  const {
    at: _,
    oldestWaitingSince: _since,
    enqueuedPerMinute: _in,
    finishedPerMinute: _out,
    ...rest
  } = queue;
  return JSON.stringify(rest);
}

import type { Listening } from './feed.ts';
import { Gathered } from './gathered.ts';
import type { Queue } from './queue.ts';
import { type QueueFollower, type QueueSource, type QueueWatches, telling } from './queue-watches.ts';

/** Changes are told at most this often, in ms; of each queue the newest state. */
const pauseMs = 500;

/** How often it is looked for new queues that nobody has told of, in ms: as the clock does. */
const newQueuesMs = 10_000;

/** When a look for new queues that failed is made again, in ms. */
const retryMs = 1_000;

/** What a watch of all queues needs beside that of one. */
export interface AllQueuesSource extends QueueSource {
  /** The channel on which it is told that there are new queues. */
  readonly namesChannel: string;
  /** All queues that any process has registered. */
  readonly names: () => Promise<Iterable<string>>;
}

/** All watches of all queues in this process, which share the looks at each of them. */
export class AllQueues {
  readonly #source: AllQueuesSource;
  readonly #watches: QueueWatches;
  readonly #mailboxes: Set<Gathered<Queue>> = new Set();
  readonly #followed: Map<string, Promise<() => void>> = new Map();
  readonly #follower: QueueFollower;
  #listening: Listening | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(source: AllQueuesSource, watches: QueueWatches) {
    this.#source = source;
    this.#watches = watches;
    this.#follower = {
      wantsRates: true,
      set: (queue) => {
        for (const mailbox of this.#mailboxes) mailbox.set(queue);
      },
      close: () => this.close(),
    };
  }

  /** Yields all queues by name, then those that have changed or are new; ends when aborted. @throws UnavailableError at the start */
  async *watch(
    options: { readonly signal?: AbortSignal } = {},
  ): AsyncGenerator<readonly Queue[], void, undefined> {
    const { signal } = options;
    const mailbox = new Gathered<Queue>(pauseMs, ({ name }) => name);
    const abort = (): void => mailbox.close();
    this.#mailboxes.add(mailbox);
    try {
      signal?.addEventListener('abort', abort, { once: true });
      // Listen first, read second.
      await this.#meet();
      const names = [...this.#followed.keys()].toSorted();
      const first = await Promise.all(names.map((name) => this.#source.look(name)));
      const told = new Map(first.map((queue) => [queue.name, queue]));
      for (const queue of first) this.#watches.expectRates(queue);
      if (signal?.aborted === true) return;
      yield first;
      for (;;) {
        const queues = await mailbox.take();
        if (queues === undefined) return;
        const changed = queues.filter((queue) => isNews(queue, told.get(queue.name)));
        for (const queue of changed) told.set(queue.name, queue);
        if (changed.length > 0) yield changed.toSorted((a, b) => (a.name < b.name ? -1 : 1));
      }
    } finally {
      signal?.removeEventListener('abort', abort);
      mailbox.close();
      this.#mailboxes.delete(mailbox);
      if (this.#mailboxes.size === 0) this.#stop();
    }
  }

  close(): void {
    for (const mailbox of this.#mailboxes) mailbox.close();
    this.#stop();
  }

  #stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#listening?.stop();
    this.#listening = undefined;
    // One that is still to be confirmed stops by itself where it fails.
    for (const followed of this.#followed.values())
      void followed.then((stop) => stop()).catch(() => undefined);
    this.#followed.clear();
  }

  /** Follows all queues that there are; gives those that weren't followed before. */
  async #meet(): Promise<string[]> {
    const { feed, namesChannel, names, within } = this.#source;
    const again = (): void => void this.#meetAgain();
    this.#listening ??= feed.listen(namesChannel, { onMessage: again, onGap: again });
    this.#lookIn(newQueuesMs);
    const { confirmed } = this.#listening;
    await within(() => confirmed);
    const all = [...(await names())];
    const met = all.filter((name) => !this.#followed.has(name));
    await Promise.all(all.map((name) => this.#follow(name)));
    return met;
  }

  async #follow(name: string): Promise<void> {
    // Whoever watched has left meanwhile.
    if (this.#listening === undefined) return;
    let followed = this.#followed.get(name);
    if (followed === undefined) {
      const following = this.#watches.follow(name, this.#follower);
      following.catch(() => {
        if (this.#followed.get(name) === following) this.#followed.delete(name);
      });
      this.#followed.set(name, following);
      followed = following;
    }
    await followed;
  }

  /** Never rejects. */
  async #meetAgain(): Promise<void> {
    if (this.#listening === undefined) return;
    try {
      for (const name of await this.#meet()) this.#watches.lookAgain(name);
    } catch (error) {
      this.#source.logger.debug({ err: error }, 'new queues could not be looked for, trying again');
      this.#lookIn(retryMs);
    }
  }

  #lookIn(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#listening === undefined) return;
    this.#timer = setTimeout(() => void this.#meetAgain(), ms);
    this.#timer.unref();
  }
}

/** Whether somebody who was told an earlier state, or none, has to be told this one. */
function isNews(queue: Queue, told: Queue | undefined): boolean {
  if (told === undefined) return true;
  return queue.at >= told.at && telling(queue) !== telling(told);
}

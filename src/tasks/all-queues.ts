import { FollowedQueues, type QueueNames } from './followed-queues.ts';
import { Gathered } from './gathered.ts';
import type { Queue } from './queue.ts';
import { type QueueFollower, type QueueSource, type QueueWatches, telling } from './queue-watches.ts';

/** Changes are told at most this often, in ms; of each queue the newest state. */
const pauseMs = 500;

/** All watches of all queues in this process, which share the looks at each of them. */
export class AllQueues {
  readonly #source: QueueSource & QueueNames;
  readonly #watches: QueueWatches;
  readonly #queues: FollowedQueues;
  readonly #mailboxes: Set<Gathered<Queue>> = new Set();

  constructor(source: QueueSource & QueueNames, watches: QueueWatches) {
    this.#source = source;
    this.#watches = watches;
    const follower: QueueFollower = {
      wantsRates: true,
      set: (queue) => {
        for (const mailbox of this.#mailboxes) mailbox.set(queue);
      },
      close: () => this.close(),
    };
    this.#queues = new FollowedQueues(
      source,
      (queue) => watches.follow(queue, follower),
      (queue) => watches.lookAgain(queue),
    );
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
      const names = await this.#queues.follow();
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
      if (this.#mailboxes.size === 0) this.#queues.stop();
    }
  }

  close(): void {
    for (const mailbox of this.#mailboxes) mailbox.close();
    this.#queues.stop();
  }
}

/** Whether somebody who was told an earlier state, or none, has to be told this one. */
function isNews(queue: Queue, told: Queue | undefined): boolean {
  if (told === undefined) return true;
  return queue.at >= told.at && telling(queue) !== telling(told);
}

import { FollowedQueues, type QueueNames } from './followed-queues.ts';
import { Gathered } from './gathered.ts';
import type { Look } from './looks.ts';
import type { Queue } from './queue.ts';
import { type QueueFollower, type QueueWatches, telling } from './queue-watches.ts';

/** Changes are told at most this often, in ms; of each queue the newest state. */
const pauseMs = 500;

/** All watches of all queues in this process, which share the looks at each of them. */
export class AllQueues {
  readonly #watches: QueueWatches;
  readonly #queues: FollowedQueues;
  readonly #mailboxes: Set<Gathered<Look<Queue>>> = new Set();

  constructor(source: QueueNames, watches: QueueWatches) {
    this.#watches = watches;
    this.#queues = new FollowedQueues(source, {
      follow: (queue) => watches.follow(queue, this.#follower()),
      onNew: (queue) => watches.lookAgain(queue),
    });
  }

  /** Yields all queues by name, then those that have changed or are new; ends when aborted. @throws UnavailableError at the start */
  async *watch(
    options: { readonly signal?: AbortSignal } = {},
  ): AsyncGenerator<readonly Queue[], void, undefined> {
    const { signal } = options;
    const mailbox = new Gathered<Look<Queue>>(pauseMs, ({ seen }) => seen.name);
    const abort = (): void => mailbox.close();
    this.#mailboxes.add(mailbox);
    try {
      signal?.addEventListener('abort', abort, { once: true });
      const names = await this.#queues.follow();
      const first = await Promise.all(names.map((name) => this.#watches.look(name)));
      const told = new Map(first.map((look) => [look.seen.name, look]));
      for (const { seen } of first) this.#watches.expectRates(seen);
      if (signal?.aborted === true) return;
      yield first.map(({ seen }) => seen);
      for (;;) {
        const looks = await mailbox.take();
        if (looks === undefined) return;
        const news = looks.filter((look) => isNews(look, told.get(look.seen.name)));
        for (const look of news) told.set(look.seen.name, look);
        const changed = news.map(({ seen }) => seen);
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

  #follower(): QueueFollower {
    return {
      wantsRates: true,
      set: (look) => {
        for (const mailbox of this.#mailboxes) mailbox.set(look);
      },
      close: () => this.close(),
    };
  }
}

/** Whether somebody who was told an earlier state, or none, has to be told this one. */
function isNews(look: Look<Queue>, told: Look<Queue> | undefined): boolean {
  if (told === undefined) return true;
  return look.number > told.number && telling(look.seen) !== telling(told.seen);
}

import { statesChannel, workersChannel } from '../redis/keys.ts';
import { FollowedQueues, listenTo, type QueueNames } from './followed-queues.ts';
import { Latest } from './latest.ts';
import { type Look, lookNow, Looks } from './looks.ts';
import { logFailure } from './mistakes.ts';
import type { WorkerList } from './workers.ts';

/** At most so often the workers are looked at, in ms. */
const pauseMs = 1_000;

/** What a watch of the workers needs to know of them. */
export interface WorkersSource extends QueueNames {
  readonly look: () => Promise<WorkerList>;
}

/** All watches of workers in this process: they are looked at once for all who watch, when something has changed. */
export class WorkerWatches {
  readonly #source: WorkersSource;
  readonly #queues: FollowedQueues;
  readonly #looks: Looks<WorkerList>;
  readonly #mailboxes: Set<Latest<Look<WorkerList>>> = new Set();
  #isClosed = false;

  constructor(source: WorkersSource) {
    this.#source = source;
    const { look, logger } = source;
    this.#looks = new Looks({
      pauseMs,
      look,
      tell: (made) => {
        for (const mailbox of this.#mailboxes) mailbox.set(made);
      },
      fail: (error) => logFailure(logger, error, 'the watched workers could not be looked at, trying again'),
    });
    const changed = (): void => this.#looks.soon();
    this.#queues = new FollowedQueues(
      source,
      (queue) => {
        const channels = [statesChannel, workersChannel].map((channel) => channel(source.store.root(queue)));
        return listenTo(source, channels, { onMessage: changed, onGap: changed });
      },
      changed,
    );
  }

  /** Yields all workers as they are now, then again after changes, at most once a second; ends when aborted. */
  async *watch(options: { readonly signal?: AbortSignal } = {}): AsyncGenerator<WorkerList, void, undefined> {
    const { signal } = options;
    const mailbox = new Latest<Look<WorkerList>>();
    const abort = (): void => mailbox.close();
    this.#mailboxes.add(mailbox);
    try {
      signal?.addEventListener('abort', abort, { once: true });
      // Listen first, read second.
      await this.#queues.follow();
      let shown = await lookNow(this.#source.look);
      this.#looks.rest();
      for (;;) {
        if (signal?.aborted === true || this.#isClosed) return;
        yield shown.seen;
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

  #stop(): void {
    this.#looks.stop();
    this.#queues.stop();
  }
}

async function differing(
  mailbox: Latest<Look<WorkerList>>,
  shown: Look<WorkerList>,
): Promise<Look<WorkerList> | undefined> {
  const was = JSON.stringify(shown.seen.workers);
  for (;;) {
    const next = await mailbox.take();
    if (next === undefined) return undefined;
    // A look that was under way when this one began may end after it.
    if (next.number > shown.number && JSON.stringify(next.seen.workers) !== was) return next;
  }
}

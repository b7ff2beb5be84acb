import { statesChannel, workersChannel } from '../redis/keys.ts';
import { FollowedQueues, type QueueNames } from './followed-queues.ts';
import { Latest } from './latest.ts';
import { type Look, lookNow, Looks } from './looks.ts';
import { Failures } from './mistakes.ts';
import { Trigger } from './trigger.ts';
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
  readonly #trigger: Trigger;
  readonly #mailboxes: Set<Latest<Look<WorkerList>>> = new Set();
  #isClosed = false;

  constructor(source: WorkersSource) {
    this.#source = source;
    const { logger, store } = source;
    this.#looks = new Looks({
      pauseMs,
      look: () => this.#look(),
      tell: (made) => {
        for (const mailbox of this.#mailboxes) mailbox.set(made);
      },
      failures: new Failures(logger, 'the watched workers could not be looked at'),
    });
    const changed = (): void => this.#looks.soon();
    this.#trigger = new Trigger(source, changed);
    this.#queues = new FollowedQueues(source, {
      follow: (queue) =>
        this.#trigger.add([statesChannel, workersChannel].map((channel) => channel(store.root(queue)))),
      onNew: changed,
    });
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
      let shown = await lookNow(() => this.#look());
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

  async #look(): Promise<WorkerList> {
    // Listen first, read second.
    await this.#trigger.arm();
    return await this.#source.look();
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

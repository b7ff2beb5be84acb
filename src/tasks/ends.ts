import { randomUUID } from 'node:crypto';
import { tasksFinished } from '../metrics.ts';
import { chunks } from './replies.ts';
import { takeEnds } from './scripts/ends.ts';
import type { Store } from './store.ts';

/**
 * Counts in this process what ended in a queue without a worker's word: by a cancel, a purge, the clock, or to make room.
 * Whichever process asks first counts an end, and no other one does.
 */
export class Ends {
  readonly #store: Store;
  readonly #queue: string;
  /** Under which it asks until it has been given something: an answer may be lost, or come when nobody waits for it. */
  #token: string = randomUUID();
  #counting: Promise<void> | undefined;

  constructor(store: Store, queue: string) {
    this.#store = store;
    this.#queue = queue;
  }

  /** @throws UnavailableError */
  async count(): Promise<void> {
    // Whoever asks meanwhile shares the answer, as it is counted once.
    this.#counting ??= this.#take().finally(() => {
      this.#counting = undefined;
    });
    await this.#counting;
  }

  async #take(): Promise<void> {
    const ends = (await this.#store.run(takeEnds, this.#queue, [this.#token])) as string[];
    // By the same token it also hears of what an earlier call of it takes late.
    if (ends.length === 0) return;
    this.#token = randomUUID();
    for (const [what = '', many] of chunks(ends, 2)) {
      const [name = '', status = ''] = what.split(':');
      tasksFinished.addMany(Number(many), name, status);
    }
  }
}

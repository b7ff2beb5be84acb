import { RateLimitedError } from '../errors.ts';
import type { Rate, Rates } from '../redis/rates.ts';
import type { OwnerRoom } from './new-task.ts';
import type { Store } from './store.ts';

/** How much one owner may enqueue, whichever processes it asks. */
export interface OwnerLimits {
  /** How often; a batch counts one and a hundredth of its items. */
  readonly rate?: Rate | undefined;
  /** How many of its tasks may be QUEUED or SCHEDULED, in all queues together. */
  readonly maxWaiting?: number | undefined;
}

/** An enqueue that is judged by limits. */
export interface OwnerRequest {
  readonly owner: string;
  readonly queue: string;
  /** How much it counts to the rate. */
  readonly cost: number;
}

/** A queue that another process has just made is counted this much later, in ms. */
const queuesMs = 10_000;

/** Lets owners enqueue as often as they may. How many of their tasks wait is judged by the script that writes one more. */
export class OwnerGate {
  readonly #store: Store;
  readonly #rates: Rates;
  readonly #allQueues: () => Promise<readonly string[]>;
  #queues: { readonly names: Promise<readonly string[]>; readonly until: number } | undefined;

  /** `queues` gives the names of all queues, whoever has made them. */
  constructor(store: Store, rates: Rates, queues: () => Promise<readonly string[]>) {
    this.#store = store;
    this.#rates = rates;
    this.#allQueues = queues;
  }

  /**
   * Counts an enqueue, and gives what the script that writes it has to know of the other queues. All that is asked of the
   * store leaves in one write.
   *
   * @throws RateLimitedError; UnavailableError
   */
  async enter(request: OwnerRequest, { rate, maxWaiting }: OwnerLimits): Promise<OwnerRoom | undefined> {
    const room = maxWaiting === undefined ? undefined : this.#roomOf(request, maxWaiting);
    // Whoever is refused doesn't wait for it.
    room?.catch(() => undefined);
    if (rate !== undefined) {
      const waitMs = await this.#rates.spend('enqueue', request.owner, rate, request.cost);
      if (waitMs > 0) throw rateLimited(rate, waitMs);
    }
    return await room;
  }

  async #roomOf({ owner, queue }: OwnerRequest, most: number): Promise<OwnerRoom> {
    const others = (await this.#names()).filter((name) => name !== queue);
    const counts = await Promise.all(others.map((other) => this.#store.waitingOf(other, owner)));
    return { most, elsewhere: counts.reduce((sum, count) => sum + count, 0) };
  }

  async #names(): Promise<readonly string[]> {
    const now = performance.now();
    if (this.#queues === undefined || this.#queues.until < now) {
      const queues = { names: this.#allQueues(), until: now + queuesMs };
      this.#queues = queues;
      queues.names.catch(() => {
        if (this.#queues === queues) this.#queues = undefined;
      });
    }
    return await this.#queues.names;
  }
}

function rateLimited({ count, perMs }: Rate, waitMs: number): RateLimitedError {
  const each = perMs === 1000 ? 'a second' : `in ${perMs / 1000} s`;
  return new RateLimitedError(
    `You have enqueued more than ${count} tasks ${each}. Try again in ${Math.ceil(waitMs / 1000)} s, or send batches.`,
    waitMs,
  );
}

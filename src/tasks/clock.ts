import type { Logger } from '../logger.ts';
import type { Lanes } from './lanes.ts';
import type { Store } from './store.ts';

/** How long a worker's lease lasts without being renewed. */
export const defaultLeaseMs = 15_000;

interface Touch {
  readonly since: number;
  readonly last: number;
}

export interface ClockOptions {
  readonly store: Store;
  readonly lanes: Lanes;
  /** Those of this process' definitions; the clock looks after all that any process has registered. */
  readonly queues: readonly string[];
  readonly logger: Logger;
  readonly leaseMs?: number;
}

/**
 * What time brings about: lost hints, lost workers, retention, wakes. It runs in every process, without a
 * leader: each piece of work is a script that any number of clocks may repeat.
 */
export class Clock {
  readonly #options: ClockOptions;
  readonly #leaseMs: number;
  readonly #touches: Map<string, Touch> = new Map();
  readonly #suspects: Map<string, ReadonlySet<string>> = new Map();
  readonly #timer: NodeJS.Timeout;
  #round: Promise<void> | undefined;
  readonly #queues: Set<string>;
  #rounds = 0;

  constructor(options: ClockOptions) {
    this.#options = options;
    this.#queues = new Set(options.queues);
    this.#leaseMs = options.leaseMs ?? defaultLeaseMs;
    this.#timer = setInterval(() => this.#start(), Math.min(1_000, this.#leaseMs / 4));
    this.#timer.unref();
  }

  /** Stops the clock; resolves when its last round is over. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#round;
  }

  #start(): void {
    this.#round ??= this.#tickAll().finally(() => {
      this.#round = undefined;
    });
  }

  async #tickAll(): Promise<void> {
    const isFifteenth = this.#rounds % 15 === 0;
    this.#rounds += 1;
    if (isFifteenth) await this.#meetQueues();
    await Promise.all(
      [...this.#queues].map(async (queue) => {
        try {
          await this.#tick(queue);
          if (isFifteenth) await this.#tidyLane(queue);
        } catch (error) {
          // Away: being in touch starts anew, so that nobody is taken for lost who couldn't renew.
          this.#touches.delete(queue);
          this.#options.logger.debug({ err: error, queue }, 'the clock could not reach the store');
        }
      }),
    );
  }

  /** Makes this process' queues known, and learns of those that nobody may serve any more. */
  async #meetQueues(): Promise<void> {
    const { store, queues, logger } = this.#options;
    try {
      if (queues.length > 0) await store.registerQueues(queues);
      for (const queue of await store.queues()) this.#queues.add(queue);
    } catch (error) {
      logger.debug({ err: error }, 'the clock could not read which queues there are');
    }
  }

  async #tick(queue: string): Promise<void> {
    const { store, lanes, logger } = this.#options;
    const touch = this.#touches.get(queue);
    const { now, lost, removed, hints } = await store.tick(queue, {
      leaseMs: this.#leaseMs,
      since: touch?.since ?? Number.MAX_SAFE_INTEGER,
      last: touch?.last ?? 0,
    });
    const inTouch = touch !== undefined && now - touch.last < this.#leaseMs / 2;
    this.#touches.set(queue, { since: inTouch ? touch.since : now, last: now });
    lanes.of(queue).push(hints);
    if (lost.length > 0) logger.warn({ queue, tasks: lost }, 'a worker was lost, its tasks are taken back');
    if (removed > 0) logger.debug({ queue, removed }, 'tasks outlived their retention');
  }

  /** A hint in the lane's active list that no slot holds, in two looks running, lost its slot to a crash. */
  async #tidyLane(queue: string): Promise<void> {
    const { store, lanes } = this.#options;
    const lane = lanes.of(queue);
    const active = await lane.active();
    const unheld = await store.unheld(queue, active);
    const before = this.#suspects.get(queue);
    await lane.forget(unheld.filter((hint) => before?.has(hint)));
    this.#suspects.set(queue, new Set(unheld));
  }
}

import type { Logger } from '../logger.ts';
import type { Lane, Slot } from '../tasks/lane.ts';

export interface ServingOptions {
  /** Makes a lane that wasn't served yet: one that was closed stays so. */
  readonly openLane: () => Lane;
  /** How many hints it takes at once. */
  readonly count: number;
  readonly slot: Slot;
  readonly queue: string;
  readonly logger: Logger;
}

/**
 * The lane that a worker's slots take hints from. The scripts give nothing to a worker that is drained; it leaves its lane as
 * well, so that no hint meets a slot that has no use for it, and takes it up again when it is resumed.
 */
export class Serving {
  readonly #options: ServingOptions;
  /** Lanes that it has left, until their slots are free. */
  readonly #left: Set<Promise<void>> = new Set();
  #lane: Lane | undefined;
  #drain: string | undefined;
  #isStarted = false;
  #isClosed = false;

  constructor(options: ServingOptions) {
    this.#options = options;
  }

  /** The act by which the worker was drained, as the store has told it; undefined where it isn't. */
  get drain(): string | undefined {
    return this.#drain;
  }

  /** Takes hints from now on, unless it is drained. */
  async start(): Promise<void> {
    this.#isStarted = true;
    if (this.#drain === undefined) await this.#open();
  }

  /** Does as the store says: `drain` is the act, undefined where there is none. */
  heed(drain: string | undefined): void {
    const { queue, logger } = this.#options;
    const wasDrained = this.#drain !== undefined;
    this.#drain = drain;
    if (wasDrained === (drain !== undefined)) return;
    logger.info(
      { queue, drain },
      wasDrained ? 'the worker is resumed' : 'the worker is drained, and takes nothing more',
    );
    if (!wasDrained) this.#leave();
    else if (this.#isStarted) {
      void this.#open().catch((error: unknown) =>
        logger.debug({ err: error, queue }, 'the lane was not opened again'),
      );
    }
  }

  /** Takes no more hints for good, and waits for the slots that are still busy. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#leave();
    await Promise.all(this.#left);
  }

  async #open(): Promise<void> {
    if (this.#lane !== undefined || this.#isClosed) return;
    const { openLane, count, slot } = this.#options;
    const lane = openLane();
    this.#lane = lane;
    try {
      await lane.serve(count, slot);
    } catch (error) {
      // Unless it was left before it was open.
      if (this.#lane === lane) throw error;
    }
  }

  /** What runs goes on. */
  #leave(): void {
    const lane = this.#lane;
    if (lane === undefined) return;
    this.#lane = undefined;
    const { queue, logger } = this.#options;
    const left = lane
      .close()
      .catch((error: unknown) => logger.warn({ err: error, queue }, 'a lane that was left is still busy'))
      .finally(() => this.#left.delete(left));
    this.#left.add(left);
  }
}

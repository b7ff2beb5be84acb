import type { Logger } from '../logger.ts';
import type { Redis } from '../redis/connection.ts';
import { Lane } from './lane.ts';

/** The lanes by which a process wakes slots, opened when they are first needed; they share one connection. */
export class Lanes {
  readonly #options: { readonly prefix: string; readonly redis: Redis; readonly logger: Logger };
  readonly #lanes: Map<string, Lane> = new Map();

  constructor(options: { prefix: string; redis: Redis; logger: Logger }) {
    this.#options = options;
  }

  of(queue: string): Lane {
    let lane = this.#lanes.get(queue);
    if (lane === undefined) {
      lane = new Lane({ ...this.#options, queue });
      this.#lanes.set(queue, lane);
    }
    return lane;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#lanes.values()].map((lane) => lane.close()));
  }
}

import type { CompiledDefinition } from '../definition/types.ts';
import type { Logger } from '../logger.ts';
import type { Feed } from './feed.ts';
import type { Lanes } from './lanes.ts';
import { QueueClock } from './queue-clock.ts';
import { tickMs } from './scripts/bounds.ts';
import { QueueRules } from './queue-rules.ts';
import { Scheduler } from './scheduler.ts';
import type { Store } from './store.ts';
import { startedAt } from './wait-options.ts';

/** How long a worker's lease lasts without being renewed. */
export const defaultLeaseMs = 15_000;

export interface ClockOptions {
  readonly store: Store;
  readonly lanes: Lanes;
  readonly feed: Feed;
  /** Those of this process: the clock looks after their queues and all others that any process has registered. */
  readonly definitions: readonly CompiledDefinition[];
  readonly logger: Logger;
  readonly leaseMs?: number;
}

/** Rounds between two looks at which queues there are and at what the lanes hold. */
const roundsPerTidying = 10;

/**
 * What time brings about: due tasks, timeouts, lost hints, lost workers, retention, wakes, and the mending of
 * what a crash left behind. It runs in every process, without a leader: each piece of work is a script that any
 * number of clocks may repeat.
 */
export class Clock {
  readonly #options: ClockOptions;
  readonly #leaseMs: number;
  readonly #queues: Map<string, QueueClock> = new Map();
  readonly #own: ReadonlyMap<string, readonly CompiledDefinition[]>;
  readonly #scheduler: Scheduler;
  readonly #timer: NodeJS.Timeout;
  #round: Promise<void> | undefined;
  #rounds = 0;

  constructor(options: ClockOptions) {
    this.#options = options;
    this.#leaseMs = options.leaseMs ?? defaultLeaseMs;
    this.#own = Map.groupBy(options.definitions, ({ definition }) => definition.queue);
    this.#scheduler = new Scheduler(options);
    for (const queue of this.#own.keys()) this.#lookAfter(queue);
    this.#timer = setInterval(() => this.#start(), Math.min(tickMs, this.#leaseMs / 4));
    this.#timer.unref();
    this.#start();
  }

  /** Channels that it listens to, one for each queue. */
  get channels(): number {
    return this.#queues.size;
  }

  /** Stops the clock; resolves when its last round is over. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#round;
    await Promise.all([...this.#queues.values()].map((queue) => queue.close()));
  }

  #start(): void {
    this.#round ??= this.#goRound().finally(() => {
      this.#round = undefined;
    });
  }

  async #goRound(): Promise<void> {
    const isTidying = this.#rounds % roundsPerTidying === 0;
    this.#rounds += 1;
    if (isTidying) await this.#meetQueues();
    await Promise.all(
      [...this.#queues.values()].map(async (queue) => {
        await queue.tick();
        await queue.mend();
        if (isTidying) await queue.tidyLane();
      }),
    );
  }

  /** Makes this process' queues and the limits of its definitions known, and learns of those that nobody may serve any more. */
  async #meetQueues(): Promise<void> {
    const { store, lanes, logger } = this.#options;
    const rules = new QueueRules(store);
    try {
      if (this.#own.size > 0) await store.registerQueues([...this.#own.keys()]);
      for (const [queue, definitions] of this.#own) {
        const own = definitions.map(({ definition }) => definition);
        lanes.of(queue).push(await rules.register(queue, startedAt, own));
      }
      for (const queue of await store.queues()) this.#lookAfter(queue);
      this.#scheduler.startRegistering([...this.#queues.keys()]);
    } catch (error) {
      logger.debug({ err: error }, 'the clock could not read which queues there are');
    }
  }

  #lookAfter(queue: string): void {
    if (this.#queues.has(queue)) return;
    this.#queues.set(
      queue,
      new QueueClock(queue, { ...this.#options, scheduler: this.#scheduler, leaseMs: this.#leaseMs }),
    );
  }
}

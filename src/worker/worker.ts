import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import type { TaskDefinition } from '../definition/definition.ts';
import { inlineQueue } from '../definition/inline.ts';
import { compileDefinitions, type CompiledDefinition } from '../definition/types.ts';
import { ConfigurationError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import { connect, defaultPrefix, type Redis, type RedisSettings } from '../redis/connection.ts';
import { Cascade } from '../tasks/cascade.ts';
import { Clock, defaultLeaseMs } from '../tasks/clock.ts';
import { Enqueuer } from '../tasks/enqueuer.ts';
import { Feed } from '../tasks/feed.ts';
import { Lane } from '../tasks/lane.ts';
import { Lanes } from '../tasks/lanes.ts';
import { Store } from '../tasks/store.ts';
import type { Traces } from '../traces.ts';
import type { Task } from '../tasks/task.ts';
import { watchableTasks } from '../tasks/watchable.ts';
import { Watches } from '../tasks/watches.ts';
import { BlockedLoop } from './blocked-loop.ts';
import { Slots } from './slots.ts';
import { SuspectPermit } from './suspect-permit.ts';
import { Threads } from './threads.ts';
import { Usage } from './usage.ts';

export interface WorkerOptions {
  readonly redis: RedisSettings;
  readonly definitions: readonly TaskDefinition[];
  /** Queues to serve. @default all that the definitions name, but for `inline`, whose tasks the API processes run */
  readonly queues?: readonly string[];
  /** Slots on each queue: attempts that run side by side, from 1 to 1,000. @default 10 */
  readonly concurrency?: number;
  readonly logger: Logger;
  /** How long a lease lasts without being renewed, in ms. @default 15000 */
  readonly leaseMs?: number;
  /** Where it tells what it does. @default nowhere */
  readonly traces?: Traces | undefined;
}

/** How long a stopping worker waits for a store that is away, beyond its grace. */
const awayMs = 3_000;

/** A `run` that blocks the event loop for longer is named in the log: well before the lease is in danger. */
function blockMs(leaseMs: number): number {
  // A machine that is merely busy holds everybody up for some hundred ms.
  return Math.max(1_000, Math.min(leaseMs / 3, 5_000));
}

/** How long `stop` lets attempts finish before it aborts them. */
export const defaultStopGraceMs = 30_000;

/**
 * Starts a worker; resolves once its slots are served, which waits for Redis where it is away. `made` has it before that.
 *
 * @throws ConfigurationError where the definitions don't go together, or a setting can't be used
 */
export async function startWorker(options: WorkerOptions, made?: (worker: Worker) => void): Promise<Worker> {
  const worker = new Worker(options);
  made?.(worker);
  try {
    await worker.start();
  } catch (error) {
    await worker.stop(0);
    throw error;
  }
  return worker;
}

/** The part of a process that takes tasks and runs attempts. */
export class Worker implements AsyncDisposable {
  readonly id: string = `${hostname()
    .replaceAll(/[^A-Za-z0-9-]/g, '-')
    .slice(0, 40)}-${process.pid}-${randomBytes(3).toString('hex')}`;
  readonly queues: readonly string[];
  readonly #redis: Redis;
  readonly #store: Store;
  readonly #feed: Feed;
  readonly #lanes: Lanes;
  readonly #watches: Watches<Task>;
  readonly #slots: readonly Slots[];
  readonly #clock: Clock;
  readonly #threads: Threads;
  readonly #blockedLoop: BlockedLoop;
  readonly #logger: Logger;
  readonly #stuck = Promise.withResolvers<string>();
  #isStarted = false;
  #stopped: Promise<void> | undefined;

  constructor(options: WorkerOptions) {
    const { redis, concurrency = 10, leaseMs = defaultLeaseMs } = options;
    checkSettings(concurrency, leaseMs);
    const prefix = redis.prefix ?? defaultPrefix;
    const compiled = [...compileDefinitions(options.definitions).values()];
    const served = Map.groupBy(compiled, ({ definition }) => definition.queue);
    checkQueues(options.queues ?? [], [...served.keys()]);
    const queues = options.queues ?? [...served.keys()].filter((queue) => queue !== inlineQueue);
    const logger = options.logger.child({ worker: this.id });
    if (options.queues === undefined) tellOfInline(logger, served.get(inlineQueue) ?? [], queues.length);
    for (const queue of served.keys()) if (!queues.includes(queue)) served.delete(queue);
    const definitions = [...served.values()].flat().map(({ definition }) => definition);
    // May refuse a definition, so before anything is opened.
    this.#threads = new Threads({ definitions, maxThreads: concurrency * served.size, logger });
    const connection = connect(redis, 'worker', logger);
    this.#blockedLoop = new BlockedLoop({ logger, thresholdMs: blockMs(leaseMs) });
    const suspects = new SuspectPermit();
    const usage = new Usage();

    this.queues = [...served.keys()];
    this.#logger = logger;
    this.#redis = connection;
    this.#store = new Store(connection, prefix);
    this.#feed = new Feed(connect(redis, 'subscriber', logger), logger);
    this.#lanes = new Lanes({ prefix, redis: connection, logger });
    this.#watches = new Watches(watchableTasks(this.#store), this.#store, this.#feed, logger);
    const services = {
      store: this.#store,
      watches: this.#watches,
      enqueuer: new Enqueuer(
        new Map(compiled.map((one) => [one.definition.name, one])),
        this.#store,
        this.#lanes,
      ),
      cascade: new Cascade(this.#store, this.#lanes),
      traces: options.traces,
    };
    this.#slots = [...served].map(
      ([queue, definitions]) =>
        new Slots({
          queue,
          worker: this.id,
          definitions,
          count: concurrency,
          leaseMs,
          store: this.#store,
          openLane: () => new Lane({ queue, prefix, redis: connection, logger }),
          waking: this.#lanes.of(queue),
          feed: this.#feed,
          threads: this.#threads,
          suspects,
          usage,
          services,
          beside: () => this.#busyBeside(queue),
          logger,
          onStuck: () => this.#stuck.resolve(queue),
        }),
    );
    this.#clock = new Clock({
      store: this.#store,
      lanes: this.#lanes,
      feed: this.#feed,
      definitions: [...served.values()].flat(),
      logger,
      leaseMs,
    });
  }

  /** Attempts that run now. */
  get busy(): number {
    return this.#slots.reduce((sum, slots) => sum + slots.busy, 0);
  }

  /**
   * Resolves with the name of a queue whose slots are all held by a `run` that ignores its signal: time to end the
   * process and start another one.
   */
  get stuck(): Promise<string> {
    return this.#stuck.promise;
  }

  /** Slots on all of its queues. */
  get slots(): number {
    return this.#slots.reduce((sum, { count }) => sum + count, 0);
  }

  /** Whether the store is reachable right now. */
  get isStoreUp(): boolean {
    return this.#redis.status === 'ready';
  }

  /** Why it takes no tasks right now, in words; undefined while it does. */
  get notReady(): string | undefined {
    if (this.#stopped !== undefined) return 'The worker is about to stop.';
    if (!this.isStoreUp) return 'The task store (Redis) is not reachable.';
    if (!this.#isStarted) return 'The worker is about to start.';
    const isDrained = this.#slots.length > 0 && this.#slots.every((slots) => slots.isDrained);
    return isDrained ? 'The worker is drained.' : undefined;
  }

  /** Resolves once all slots are served. */
  async start(): Promise<void> {
    if (this.queues.length === 0) {
      this.#isStarted = true;
      return;
    }
    // A store that is full or read-only just now: the clock registers them as soon as it can.
    await this.#store.registerQueues(this.queues).catch((error: unknown) => {
      this.#logger.warn({ err: error }, 'the queues could not be made known yet');
    });
    await Promise.all(this.#slots.map((slots) => slots.start()));
    this.#isStarted = true;
    this.#logger.info({ queues: this.queues }, 'worker is ready');
  }

  /** Takes no more tasks, lets attempts finish in the grace (ms), aborts the rest and gives their tasks back. */
  async stop(graceMs: number = defaultStopGraceMs): Promise<void> {
    this.#stopped ??= this.#stop(graceMs);
    await this.#stopped;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop(0);
  }

  #busyBeside(queue: string): number {
    const others = this.#slots.filter((slots) => slots.queue !== queue);
    return others.reduce((sum, slots) => sum + slots.working, 0);
  }

  async #stop(graceMs: number): Promise<void> {
    const given = this.#giveBack(graceMs);
    const late = new AbortController();
    const tooLong = delay(graceMs + awayMs, true, { signal: late.signal }).catch(() => false);
    if (await Promise.race([given.then(() => false), tooLong])) {
      this.#logger.warn('the store is away: what ran here is taken back by other workers after a lease');
    }
    late.abort();
    this.#watches.close();
    this.#feed.close();
    // Ends what still waits for the store.
    this.#redis.disconnect();
    await given;
    await this.#threads.close();
    await this.#blockedLoop.close();
    this.#logger.info('worker has stopped');
  }

  async #giveBack(graceMs: number): Promise<void> {
    // Each queue has the whole grace, whatever becomes of another.
    const stopped = await Promise.allSettled(this.#slots.map((slots) => slots.stop(graceMs)));
    for (const stop of stopped) {
      if (stop.status === 'fulfilled') continue;
      this.#logger.warn({ err: stop.reason }, 'the worker could not take its leave of the store');
    }
    await this.#clock.close();
    await this.#lanes.close();
  }
}

function checkSettings(concurrency: number, leaseMs: number): void {
  const problems: string[] = [];
  if (!Number.isInteger(concurrency) || concurrency < 1 || concurrency > 1_000) {
    problems.push(`concurrency: expected a whole number from 1 to 1000, got ${concurrency}.`);
  }
  if (!(leaseMs >= 100)) problems.push(`leaseMs: expected at least 100, got ${leaseMs}.`);
  if (problems.length > 0) throw new ConfigurationError(problems);
}

/** Whoever waits for such a task to be taken here would wait for ever. */
function tellOfInline(logger: Logger, inline: readonly CompiledDefinition[], queues: number): void {
  const names = inline.map(({ definition }) => definition.name);
  if (names.length === 0) return;
  const whose = 'of the queue inline, whose tasks the API processes run';
  if (queues > 0) logger.info({ definitions: names }, `these definitions are ${whose}`);
  else {
    logger.warn(
      { definitions: names },
      `this worker takes nothing: all its definitions are ${whose}; name the queue to have it served here`,
    );
  }
}

/** A queue that nobody has a definition for would be served in name only. */
function checkQueues(wanted: readonly string[], known: readonly string[]): void {
  const unknown = wanted.filter((queue) => !known.includes(queue));
  if (unknown.length === 0) return;
  const problem = `queues: no definition that is loaded names the queue '${unknown.join("', '")}'`;
  throw new ConfigurationError([`${problem}. Known: ${known.join(', ') || 'none'}.`]);
}

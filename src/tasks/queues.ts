import { BadUserInputError, invalidArgument, type Issue, QueueNotFoundError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import { rulesChannel, statesChannel } from '../redis/keys.ts';
import { AllQueues } from './all-queues.ts';
import { Activities } from './activities.ts';
import { readMinutes } from './activity.ts';
import type { Hint } from './delivery.ts';
import { Ends } from './ends.ts';
import type { Feed } from './feed.ts';
import { parseLook } from './inspect.ts';
import type { Lanes } from './lanes.ts';
import { type Queue, queueFrom } from './queue.ts';
import { type Act, type QueueLimit, QueueRules } from './queue-rules.ts';
import { type QueueSource, QueueWatches } from './queue-watches.ts';
import { inspect } from './scripts/inspect.ts';
import type { Store } from './store.ts';

/** The most that a queue's limit or bound may be. */
const most = 1_000_000;

/** The longest time in which a rate counts. */
const longestRateMs = 30 * 86_400_000;

/** What a queue may run and hold; null takes a limit away, what isn't there stays as it is. */
export interface QueueLimits {
  readonly limit?: QueueLimit | null;
  /** How many tasks may be `QUEUED` or `SCHEDULED`; another one is refused. */
  readonly maxWaiting?: number | null;
}

/** What a purge came to. */
export interface Purged {
  /** Tasks that it canceled: none in a dry run. */
  readonly canceled: number;
  /** Tasks that still wait, those that came meanwhile included. */
  readonly left: number;
}

/** The most tasks that one purge cancels. */
export const purgeSize = 10_000;

export interface QueuesOptions {
  readonly store: Store;
  readonly feed: Feed;
  readonly lanes: Lanes;
  readonly logger: Logger;
  /** Queues of this process' definitions. */
  readonly own: ReadonlySet<string>;
  /** The queue of a definition that is known here. */
  readonly queueOfDefinition: (name: string) => string | undefined;
  /** @throws BadUserInputError where a reason is too long */
  readonly checkReason: (reason: string) => void;
}

/** The queues of a store: looked at, watched and controlled. What is set is kept in the store and holds everywhere. */
export class Queues {
  readonly #options: QueuesOptions;
  readonly #rules: QueueRules;
  readonly #watches: QueueWatches;
  readonly #all: AllQueues;
  readonly #ends: Map<string, Ends> = new Map();
  /** What happened in each minute of the last hour. */
  readonly activities: Activities;

  constructor(options: QueuesOptions) {
    const { store, feed, logger } = options;
    this.#options = options;
    this.#rules = new QueueRules(store);
    const source: QueueSource = {
      feed,
      logger,
      channels: (queue) => [statesChannel, rulesChannel].map((channel) => channel(store.root(queue))),
      look: (queue) => this.#look(queue),
      store,
    };
    this.#watches = new QueueWatches(source);
    const names = (): Promise<Set<string>> => this.#names();
    this.#all = new AllQueues({ feed, logger, store, names }, this.#watches);
    this.activities = new Activities({
      feed,
      logger,
      store,
      names,
      read: (queue, ...which) => readMinutes((script, args) => store.run(script, queue, args), ...which),
    });
  }

  /** All queues that any process has registered, by name. */
  async list(): Promise<Queue[]> {
    const names = [...(await this.#names())].toSorted();
    return await Promise.all(names.map((name) => this.#look(name)));
  }

  /** Counts what has ended in them without a worker's word, so that this process' metrics tell it, and no other's. */
  async countEnds(): Promise<void> {
    await Promise.all([...(await this.#names())].map((name) => this.#endsOf(name).count()));
  }

  #endsOf(name: string): Ends {
    const ends = this.#ends.get(name) ?? new Ends(this.#options.store, name);
    this.#ends.set(name, ends);
    return ends;
  }

  /** A queue as it is now; undefined where no process has ever had a definition for it. */
  async get(name: string): Promise<Queue | undefined> {
    return (await this.#names()).has(name) ? await this.#look(name) : undefined;
  }

  /**
   * Yields the queue as it is now, then again after changes, at most about twice a second; ends when aborted. That
   * only ages and rates go on is no change, nor that a worker comes or goes.
   *
   * @throws QueueNotFoundError; UnavailableError at the start
   */
  async *watch(
    name: string,
    options: { readonly signal?: AbortSignal } = {},
  ): AsyncGenerator<Queue, void, undefined> {
    await this.#check(name);
    yield* this.#watches.watch(name, options);
  }

  /**
   * Yields all queues by name, then those that have changed or are new, at most twice a second; ends when aborted. Rates are
   * told as well, every few seconds until they are zero.
   *
   * @throws UnavailableError at the start
   */
  watchAll(
    options: { readonly signal?: AbortSignal } = {},
  ): AsyncGenerator<readonly Queue[], void, undefined> {
    return this.#all.watch(options);
  }

  /**
   * Lets nothing of the queue begin, in any worker, until it is resumed. What runs goes on, new tasks are taken.
   *
   * @throws QueueNotFoundError; BadUserInputError where the reason is too long
   */
  async pause(name: string, act: Act = {}): Promise<Queue> {
    return await this.#change(name, act, () => this.#rules.pause(name, undefined, act));
  }

  /** Ends a pause and a drain of the queue; its paused definitions stay so. @throws QueueNotFoundError */
  async resume(name: string): Promise<Queue> {
    return await this.#change(name, {}, () => this.#rules.resume(name, undefined));
  }

  /**
   * Takes no new tasks until the queue is resumed; those that are there are worked off, retries included.
   *
   * @throws QueueNotFoundError; BadUserInputError where the reason is too long
   */
  async drain(name: string, act: Act = {}): Promise<Queue> {
    return await this.#change(name, act, () => this.#rules.drain(name, act));
  }

  /** Lets nothing of one definition begin until it is resumed. @throws BadUserInputError where nobody knows it */
  async pauseDefinition(definition: string, act: Act = {}): Promise<Queue> {
    const queue = this.#queueOf(definition);
    return await this.#change(queue, act, () => this.#rules.pause(queue, definition, act));
  }

  /** Ends the pause of a definition. @throws BadUserInputError where nobody knows it */
  async resumeDefinition(definition: string): Promise<Queue> {
    const queue = this.#queueOf(definition);
    return await this.#change(queue, {}, () => this.#rules.resume(queue, definition));
  }

  /**
   * Says how much of the queue may run across all workers, and how much may wait.
   *
   * @throws QueueNotFoundError; BadUserInputError with each member that can't be used
   */
  async setLimits(name: string, limits: QueueLimits): Promise<Queue> {
    checkLimits(limits);
    return await this.#change(name, {}, () => this.#rules.limit(name, limits));
  }

  /**
   * Cancels what waits in the queue, for a slot or for its time, oldest first: 10,000 tasks at most, of one definition
   * where it is named. A dry run only counts them.
   *
   * @throws QueueNotFoundError; BadUserInputError where the reason is too long
   */
  async purge(
    name: string,
    options: Act & { readonly definition?: string | undefined; readonly dryRun?: boolean } = {},
  ): Promise<Purged> {
    const { definition, dryRun = false, ...act } = options;
    this.#options.checkReason(act.reason ?? '');
    await this.#check(name);
    if (dryRun) return await this.#rules.purge(name, definition, { dryRun });
    let [count, before, left] = [0, Infinity, Infinity];
    // As many as there were: what comes meanwhile must not keep it going.
    while (count < Math.min(before, purgeSize)) {
      const purged = await this.#rules.purge(name, definition, act);
      if (before === Infinity) before = purged.canceled + purged.left;
      count += purged.canceled;
      left = purged.left;
      if (purged.canceled === 0) break;
    }
    return { canceled: count, left };
  }

  close(): void {
    this.#all.close();
    this.activities.close();
    this.#watches.close();
  }

  async #change(name: string, act: Act, set: () => Promise<Hint[]>): Promise<Queue> {
    this.#options.checkReason(act.reason ?? '');
    await this.#check(name);
    this.#options.lanes.of(name).push(await set());
    return await this.#look(name);
  }

  async #look(name: string): Promise<Queue> {
    return queueFrom(parseLook(name, await this.#options.store.run(inspect, name, [])));
  }

  async #names(): Promise<Set<string>> {
    const { store, own } = this.#options;
    return own.union(new Set(await store.queues()));
  }

  async #check(name: string): Promise<void> {
    if (!(await this.#names()).has(name)) throw new QueueNotFoundError(name);
  }

  #queueOf(definition: string): string {
    const queue = this.#options.queueOfDefinition(definition);
    if (queue !== undefined) return queue;
    throw invalidArgument(
      'name',
      `Expected a definition that is known here, not '${definition.slice(0, 100)}'.`,
    );
  }
}

/** @throws BadUserInputError */
function checkLimits({ limit, maxWaiting }: QueueLimits): void {
  const issues: Issue[] = [];
  const check = (path: readonly string[], value: number | null | undefined, least: number, last = most) => {
    if (value === null || value === undefined) return;
    if (Number.isInteger(value) && value >= least && value <= last) return;
    issues.push({ path, message: `Expected a whole number from ${least} to ${last}, got ${value}.` });
  };
  check(['maxWaiting'], maxWaiting, 0);
  if (limit !== null && limit !== undefined) {
    const { concurrency, rate } = limit;
    if (concurrency === undefined && rate === undefined) {
      issues.push({ path: ['limit'], message: 'Expected `concurrency`, `rate`, or both.' });
    }
    check(['limit', 'concurrency'], concurrency, 1);
    check(['limit', 'rate', 'count'], rate?.count, 1);
    check(['limit', 'rate', 'burst'], rate?.burst, 1);
    if (rate !== undefined && !(rate.perMs >= 1 && rate.perMs <= longestRateMs)) {
      issues.push({ path: ['limit', 'rate', 'per'], message: "Expected '1ms' to '30d'." });
    }
  }
  const [first] = issues;
  if (first !== undefined) throw new BadUserInputError(`${first.path.join('.')}: ${first.message}`, issues);
}

import type { EnqueueInput } from '../definition/children.ts';
import type { TaskDefinition } from '../definition/definition.ts';
import type { Secrets } from '../definition/secrets.ts';
import { compileDefinitions, type CompiledDefinition } from '../definition/types.ts';
import { TaskNotFoundError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import type { Traces } from '../traces.ts';
import { tasksEnqueued } from '../metrics.ts';
import { answerMs } from '../redis/answer.ts';
import { connect, defaultPrefix, type Redis, type RedisSettings } from '../redis/connection.ts';
import { Rates } from '../redis/rates.ts';
import { type Acted, Actions } from './actions.ts';
import type { Batch } from './batch.ts';
import { Batches } from './batches.ts';
import { Clock } from './clock.ts';
import { inputOf, outputOf } from './contents.ts';
import { type EnqueuedTask, type EnqueueOptions, type Origin, type ReplayOptions } from './draft.ts';
import { Entrance } from './entrance.ts';
import { Feed } from './feed.ts';
import { Health } from './health.ts';
import { queueOf } from './id.ts';
import { Lanes } from './lanes.ts';
import { countTasks, listTasks, type TaskFilter, type TaskPage, type TaskQuery } from './list.ts';
import { Logs } from './logs.ts';
import type { EnqueuedBatch } from './new-batch.ts';
import type { TaskListUpdate } from './list-snapshot.ts';
import { LiveLists, type TaskListQuery } from './live-lists.ts';
import { storedSecrets } from './policy.ts';
import { OwnerGate } from './owner-limits.ts';
import { Queues } from './queues.ts';
import { checkReason } from './reason.ts';
import { replayOf } from './replay.ts';
import type { Standing } from './standing.ts';
import { Standings } from './standings.ts';
import { StandingWatches } from './standing-watches.ts';
import { Store } from './store.ts';
import { Schedules } from './schedules.ts';
import type { Task } from './task.ts';
import { unknownDefinition } from './unknown-definition.ts';
import { waitForEnd, type WaitOptions } from './wait.ts';
import { watchableTasks, type WatchOptions } from './watchable.ts';
import { Watches } from './watches.ts';
import { Workers } from './workers.ts';

export interface TasksOptions {
  readonly redis: RedisSettings;
  readonly definitions: readonly TaskDefinition[];
  readonly logger: Logger;
  /** How long a lost worker's lease lasts, in ms; the same as the workers have. @default 15000 */
  readonly leaseMs?: number;
  /** Where it tells what it does, also to an API server on it. @default nowhere */
  readonly traces?: Traces | undefined;
}

/**
 * Opens what enqueues and watches tasks. It doesn't wait for Redis, which may come later; calls meanwhile
 * are UnavailableErrors.
 *
 * @throws ConfigurationError where the definitions don't go together
 */
export async function connectTasks(options: TasksOptions): Promise<Tasks> {
  return new Tasks(options);
}

/** What resolvers and backend code hold: enqueue, read, list, watch, cancel, retry and replay tasks. */
export class Tasks implements AsyncDisposable {
  readonly definitions: ReadonlyMap<string, CompiledDefinition>;
  /** The queues of the store: looked at, watched, paused, limited. */
  readonly queues: Queues;
  /** How the store and its queues are, and what needs attention. */
  readonly health: Health;
  /** The workers of the store: looked at, watched, drained. */
  readonly workers: Workers;
  /** What enqueues by itself, at its times. */
  readonly schedules: Schedules;
  /** What tasks log and stream. */
  readonly logs: Logs;
  /** Counts what happens too often, for all processes of the store together. */
  readonly rates: Rates;
  readonly #options: TasksOptions;
  readonly #redis: Redis;
  readonly #store: Store;
  readonly #feed: Feed;
  readonly #standings: Standings;
  readonly #standingWatches: StandingWatches;
  readonly #watches: Watches<Task>;
  readonly #lists: LiveLists;
  readonly #batches: Batches;
  readonly #clock: Clock;
  readonly #lanes: Lanes;
  readonly #actions: Actions;
  readonly #entrance: Entrance;
  readonly #queues: Set<string>;

  constructor(options: TasksOptions) {
    const { redis, definitions, logger, leaseMs } = options;
    this.#options = options;
    this.definitions = compileDefinitions(definitions);
    const prefix = redis.prefix ?? defaultPrefix;
    for (const { queue, name } of definitions) tasksEnqueued.begin(queue, name);
    this.#queues = new Set(definitions.map((definition) => definition.queue));
    this.#redis = connect(redis, 'producer', logger);
    this.#store = new Store(this.#redis, prefix, answerMs);
    this.rates = new Rates(prefix, (script, key, args) =>
      this.#store.within(() => this.#redis.run(script, key, args)),
    );
    const openFeed = () => new Feed(connect(redis, 'subscriber', logger), logger);
    this.#feed = openFeed();
    this.#lanes = new Lanes({ prefix: prefix, redis: this.#redis, logger });
    this.schedules = new Schedules({
      store: this.#store,
      feed: this.#feed,
      logger,
      definitions: this.definitions,
      queues: () => this.#queuesOf(),
      enqueue: (name, input, options, schedule) => this.#enqueue(name, input, options, { schedule }),
    });
    this.#actions = new Actions(this.#store, this.#lanes);
    this.#standings = new Standings(this.#store);
    const shared = { store: this.#store, feed: this.#feed, lanes: this.#lanes, logger };
    this.#standingWatches = new StandingWatches({ ...shared, standings: this.#standings });
    this.queues = new Queues({
      ...shared,
      own: this.#queues,
      queueOfDefinition: (name) => this.definitions.get(name)?.definition.queue,
      checkReason,
    });
    this.health = new Health({ ...shared, redis: this.#redis, prefix, queues: () => this.#queuesOf() });
    this.workers = new Workers(shared);
    this.#watches = new Watches(watchableTasks(this.#store), this.#store, this.#feed, logger);
    this.logs = new Logs(this.#store, this.#watches, openFeed, logger);
    this.#lists = new LiveLists(this.#store, this.#feed, logger, (filter) => this.#queuesOf(filter));
    this.#batches = new Batches(this.#store, this.#lanes, this.#feed, logger);
    this.#entrance = new Entrance({
      ...shared,
      batches: this.#batches,
      gate: new OwnerGate(this.#store, this.rates, () => this.#queuesOf()),
      traces: options.traces,
    });
    this.#clock = new Clock({
      ...shared,
      definitions: [...this.definitions.values()],
      ...(leaseMs === undefined ? {} : { leaseMs }),
    });
  }

  /**
   * Writes a task and wakes a slot for it.
   *
   * @param input wire JSON, or values that become it by `toJSON`
   * @throws BadUserInputError with each thing that is wrong, its path beginning with `input` or `options`;
   * QueueFullError, QueueDrainingError, LimitReachedError; RateLimitedError, TooManyWaitingError, where there are `limits`;
   * UnavailableError within a second
   */
  async enqueue<Input>(
    definition: TaskDefinition<Input>,
    input: EnqueueInput<NoInfer<Input>>,
    options?: EnqueueOptions,
  ): Promise<EnqueuedTask>;
  async enqueue(name: string, input: unknown, options?: EnqueueOptions): Promise<EnqueuedTask>;
  async enqueue(
    which: string | TaskDefinition,
    input: unknown,
    options: EnqueueOptions = {},
  ): Promise<EnqueuedTask> {
    return await this.#enqueue(typeof which === 'string' ? which : which.name, input, options);
  }

  /**
   * Enqueues a task anew, with its input, tags and owner unless the options bring others; the new one says `replayOf`.
   *
   * @throws TaskNotFoundError; BadUserInputError also where its definition isn't known here any more
   */
  async replay(id: string, options: ReplayOptions = {}): Promise<EnqueuedTask> {
    const [original, input] = await Promise.all([this.#store.get(id), this.input(id)]);
    // An input that is gone went with its record, just now.
    if (original === undefined || input === undefined) throw new TaskNotFoundError(id);
    const { name } = original;
    const replay = replayOf(original, input, this.definitions.get(name), options);
    return await this.#enqueue(name, replay.input, replay.options, { replayOf: id });
  }

  async #enqueue(
    name: string,
    input: unknown,
    options: EnqueueOptions,
    origin: Origin = {},
  ): Promise<EnqueuedTask> {
    return await this.#entrance.enqueue(this.#definition(name), input, options, origin);
  }

  /**
   * Writes up to 1,000 tasks as one batch, and wakes slots for them. Each item has an answer in its place: a task, or why
   * it was refused, which refuses none of the others. With an idempotency key the call can be repeated: what it had written
   * before stays as it is, what is missing is written.
   *
   * @param inputs of each item, as for `enqueue`
   * @throws BadUserInputError for how many there are, and for the options; IdempotencyKeyReusedError where the key came
   * with other inputs; UnavailableError, where some of the tasks may have been written
   */
  async enqueueBatch<Input>(
    definition: TaskDefinition<Input>,
    inputs: readonly EnqueueInput<NoInfer<Input>>[],
    options?: EnqueueOptions,
  ): Promise<EnqueuedBatch>;
  async enqueueBatch(
    name: string,
    inputs: readonly unknown[],
    options?: EnqueueOptions,
  ): Promise<EnqueuedBatch>;
  async enqueueBatch(
    which: string | TaskDefinition,
    inputs: readonly unknown[],
    options: EnqueueOptions = {},
  ): Promise<EnqueuedBatch> {
    const compiled = this.#definition(typeof which === 'string' ? which : which.name);
    return await this.#entrance.enqueueBatch(compiled, inputs, options);
  }

  /** A batch as it is now. */
  async getBatch(id: string): Promise<Batch | undefined> {
    return await this.#batches.get(id);
  }

  /** Yields the batch as it is now, then newer states until all of its tasks have ended. @throws BatchNotFoundError */
  watchBatch(id: string, options: WatchOptions = {}): AsyncGenerator<Batch, void, undefined> {
    return this.#batches.watch(id, options);
  }

  async get(id: string): Promise<Task | undefined> {
    return await this.#store.get(id);
  }

  /** The tasks in the order of their ids, undefined where there is none. */
  async getMany(ids: readonly string[]): Promise<(Task | undefined)[]> {
    return await this.#store.getMany(ids);
  }

  /** A task's input as it came, undefined where the record is gone. */
  async input(id: string): Promise<unknown> {
    return await inputOf(this.#store, id);
  }

  /** A succeeded task's output as wire JSON, read from the store where the state doesn't carry it. */
  async output(task: Task): Promise<unknown> {
    return await outputOf(this.#store, task);
  }

  /** Where the secrets are in what a task, or a schedule, of some definition holds; also of one that isn't known here. */
  async secretsOf(of: { readonly id: string; readonly name: string }): Promise<Secrets> {
    return this.definitions.get(of.name)?.secrets ?? (await storedSecrets(this.#store, of));
  }

  /** @throws BadUserInputError where a cursor isn't one of ours */
  async list(query: TaskQuery): Promise<TaskPage> {
    return await listTasks(this.#store, await this.#queuesOf(query.filter), query);
  }

  /**
   * How many tasks a filter finds: exact unless tags, parents, batches, schedules or owners meet other conditions, and each
   * of them thousands of tasks; then at least as many as there are.
   */
  async count(filter: TaskFilter = {}): Promise<{ count: number; exact: boolean }> {
    return await countTasks(this.#store, await this.#queuesOf(filter), filter);
  }

  /**
   * Yields the task as it is now, then each newer state; returns after a final one or when aborted.
   *
   * @throws TaskNotFoundError; TaskLostError where the record vanishes meanwhile; UnavailableError at the start
   */
  watch(id: string, options: WatchOptions = {}): AsyncGenerator<Task, void, undefined> {
    return this.#watches.watch(id, options, this.#standingWatches.beside(id, options));
  }

  /**
   * Waits for a task's end; gives the state as it is by then, or when the time is over or the signal has fired.
   *
   * @throws TaskNotFoundError; TaskLostError where the record vanishes meanwhile; UnavailableError at the start
   */
  async wait(id: string, options: WaitOptions = {}): Promise<Task> {
    return await waitForEnd(this.#store, this.#watches, id, options);
  }

  /**
   * Yields a window of a list as it is now, as a reset, then what changes in it; ends when aborted. After a gap, and where
   * nothing is left of what it was told last, it yields a reset again.
   *
   * @throws BadUserInputError where `first` isn't 1 to 100, or the cursor isn't one of ours; UnavailableError at the start
   */
  watchList(
    query: TaskListQuery = {},
    options: { readonly signal?: AbortSignal } = {},
  ): AsyncGenerator<TaskListUpdate, void, undefined> {
    return this.#lists.watch(query, options);
  }

  /**
   * Asks a task to stop, and with it its children. One that waits is CANCELED at once, one that runs is CANCELING until
   * its `run` ends.
   *
   * @throws TaskNotFoundError; BadUserInputError where the reason is longer than `maxReasonLength`
   */
  async cancel(
    id: string,
    options: { readonly reason?: string; readonly actor?: string } = {},
  ): Promise<Acted> {
    return await this.#actions.cancel(id, options);
  }

  /**
   * Puts a task that FAILED, was CANCELED or EXPIRED back: the same id in a new round, with fresh attempts and
   * clocks. Not accepted where it isn't final or has succeeded.
   *
   * @throws TaskNotFoundError; IdempotencyKeyReusedError where its key has become another task's
   */
  async retry(id: string): Promise<Acted> {
    return await this.#actions.retry(id);
  }

  /**
   * Gives a task that is SCHEDULED or RETRYING another time; one that has passed is now. Not accepted where it
   * doesn't wait for a time.
   *
   * @throws TaskNotFoundError; BadUserInputError where the time is more than ten years away
   */
  async reschedule(id: string, at: Date): Promise<Acted> {
    return await this.#actions.reschedule(id, at);
  }

  /**
   * Gives a task another priority, in seconds of head start: at once where it waits, else from its next attempt on.
   * Not accepted where it is final.
   *
   * @throws TaskNotFoundError; BadUserInputError where the priority isn't a whole number from -600 to 600
   */
  async prioritize(id: string, priority: number): Promise<Acted> {
    return await this.#actions.prioritize(id, priority);
  }

  /** Where a task stands among those that wait, why, and when it may begin. Tasks asked for at the same time share a look. */
  async standing(task: Pick<Task, 'id' | 'queue'>): Promise<Standing> {
    return await this.#standings.of(task);
  }

  /** What it was connected with, for other parts of the same program. May hold a password. */
  get options(): TasksOptions {
    return this.#options;
  }

  /** The connection by which it writes, which it opens and ends. */
  get connection(): Redis {
    return this.#redis;
  }

  /** Whether the store is reachable right now. */
  isReady(): boolean {
    return this.#redis.status === 'ready';
  }

  /** Channels that this process listens to: none once all watches have ended. */
  get channels(): number {
    return this.#feed.size - this.#clock.channels + this.logs.channels;
  }

  async close(): Promise<void> {
    this.#watches.close();
    this.#standingWatches.close();
    this.logs.close();
    this.#lists.close();
    this.schedules.close();
    this.queues.close();
    this.health.close();
    this.workers.close();
    this.#batches.close();
    await this.#clock.close();
    await this.#lanes.close();
    this.#feed.close();
    this.#redis.disconnect();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #definition(name: string): CompiledDefinition {
    const compiled = this.definitions.get(name);
    if (compiled !== undefined) return compiled;
    throw unknownDefinition(name, this.definitions, 'Known here');
  }

  /** The queues of a filter, or all that any process has registered. */
  async #queuesOf(filter: TaskFilter = {}): Promise<string[]> {
    const { queues = [], ids = [] } = filter;
    if (queues.length > 0) return [...new Set(queues)];
    if (ids.length > 0) return [...new Set(ids.flatMap((id) => queueOf(id) ?? []))];
    return [...this.#queues.union(new Set(await this.#store.queues()))];
  }
}

import { connect, defaultPrefix, type Redis, type RedisSettings } from '../../src/redis/connection.ts';
import { expect, vi } from 'vitest';
import { createId } from '../../src/tasks/id.ts';
import { Deliveries } from '../../src/tasks/deliveries.ts';
import type { Policy } from '../../src/tasks/policy.ts';
import type { Delivery, Hint, Outcome, Server } from '../../src/tasks/delivery.ts';
import type { NewTask } from '../../src/tasks/new-task.ts';
import { Store } from '../../src/tasks/store.ts';
import type { Task, TaskFailure } from '../../src/tasks/task.ts';
import { freshSettings, testLogger, type SharedStore } from './stores.ts';

/** The scripts without anything around them: of a fresh prefix in a shared store, or beside other tests' parts. With a worker `w1` whose presence and slots a test sets. */
export class TestStore implements AsyncDisposable {
  readonly redis: Redis;
  readonly store: Store;
  readonly queue: string;
  readonly root: string;
  #tokens = 0;

  constructor(where: SharedStore | RedisSettings, queue = 'images') {
    const settings = 'name' in where ? freshSettings(where) : where;
    this.queue = queue;
    this.redis = connect(settings, 'worker', testLogger);
    this.store = new Store(this.redis, settings.prefix ?? defaultPrefix);
    this.root = this.store.root(this.queue);
  }

  async create(
    { policy, ...task }: Partial<Omit<NewTask, 'policy'>> & { policy?: Partial<Policy> } = {},
    queue = this.queue,
  ) {
    return await this.store.create(queue, {
      id: createId(queue),
      name: 'resize',
      definitionVersion: 'v1',
      owner: 'anonymous',
      tags: [],
      parent: undefined,
      replayOf: undefined,
      trace: undefined,
      input: '{"n":1}',
      idempotency: undefined,
      ...task,
      policy: { ...usualPolicy, ...policy },
    });
  }

  /** Makes a worker known that has some slots. */
  async present(slots: number, server: Server = w1, tokens: readonly string[] = [], leaseMs = 60_000) {
    const presence = {
      leaseMs,
      slots,
      host: 'test',
      pid: 1,
      version: 'test',
      clockMs: Date.now(),
      beside: 0,
      ageMs: 0,
      load: 0.5,
      memoryBytes: 1_000_000,
      drain: undefined,
    };
    return await this.deliveries(server).renew(presence, tokens);
  }

  /** Begins as the slot that took the first hint under way. */
  async begin(server: Server = w1, token = this.token(), given?: { hint: string; id: string }) {
    const [id = 'none'] = await this.redis.zrange(`${this.root}:hints`, '0', '0');
    const hint = given ?? { hint: `h${this.#tokens}`, id };
    // A lease without presence: begins, but is no idle slot to wake.
    await this.redis.zadd(`${this.root}:workers`, 'NX', String(Date.now() + 600_000), server.worker);
    return await this.deliveries(server).begin(token, hint, { wake: true, takeSuspect: true });
  }

  /** Begins a task that must be there. */
  async delivery(server: Server = w1): Promise<Delivery> {
    const { delivery } = await this.begin(server);
    if (delivery === undefined) throw new Error('expected something to begin');
    return delivery;
  }

  async succeed(delivery: Delivery, nextToken?: string, output = '{"n":2}', server: Server = w1) {
    const outcome = { outcome: 'SUCCEEDED' as const, output };
    return await this.finish(delivery, outcome, nextToken, server);
  }

  async fail(delivery: Delivery, failure: Partial<TaskFailure> = {}, retryAfterMs?: number) {
    const { attempt } = delivery.task;
    const whole = { code: 'ERROR', message: 'no', retryable: true, attempt, ...failure };
    return await this.finish(delivery, { outcome: 'FAILED', failure: whole, retryAfterMs });
  }

  async finish(delivery: Delivery, outcome: Outcome, nextToken?: string, server: Server = w1) {
    return await this.deliveries(server).finish(delivery, outcome, {
      token: nextToken,
      hint: 'h',
      takeSuspect: true,
    });
  }

  /** What a worker may do with this queue's tasks. */
  deliveries(server: Server = w1): Deliveries {
    return new Deliveries(this.store, this.queue, server);
  }

  /** The task as it is now. */
  async task(id: string): Promise<Task> {
    const task = await this.store.get(id);
    if (task === undefined) throw new Error(`there is no task ${id}`);
    return task;
  }

  /** Runs the first task that waits, of whatever definition. */
  async finishOne(task: Task, output: string): Promise<void> {
    const server = { worker: 'w9', lines: [`${task.name}:${task.definitionVersion}`] };
    await this.succeed(await this.delivery(server), undefined, output, server);
  }

  /** Takes a record away, as a failover that lost its writes does. */
  async vanish(id: string): Promise<void> {
    await this.redis.del(`${this.root}:task:${id}`);
    await this.redis.publish(`${this.root}:state:${id}`, '');
  }

  /** Lets the retention of a final task be over, and its record be removed. Answers how many were removed. */
  async outlive(id: string): Promise<number> {
    const isFinal = await this.redis.zadd(`${this.root}:removals`, 'XX', 'CH', 1, id);
    await this.tick();
    return isFinal;
  }

  /** Kills the connections by which this process listens. */
  async cutLinks(): Promise<void> {
    const clients = String(await this.redis.client('LIST', 'TYPE', 'PUBSUB'));
    const own = clients
      .split('\n')
      .filter((line) => line.includes(` name=taskwire-subscriber-${process.pid} `));
    expect(own).not.toEqual([]);
    for (const line of own) await this.redis.client('KILL', 'ID', /^id=(\d+)/.exec(line)?.[1] ?? '');
  }

  /** Resolves once someone listens to a channel below the queue's root. */
  async listenedTo(channel: string): Promise<void> {
    await vi.waitFor(async () => {
      const [, listeners] = await this.redis.pubsub('NUMSUB', `${this.root}:${channel}`);
      expect(listeners).not.toBe(0);
    });
  }

  /** One round of the clock, by default one that has been in touch long enough to sweep. */
  async tick(touch: { since?: number; last?: number } = {}) {
    const [seconds] = await this.redis.time();
    const now = Number(seconds) * 1_000;
    return await this.store.tick(this.queue, { leaseMs: 60_000, since: 0, last: now, ...touch });
  }

  /** Makes a worker's lease run out now. */
  async expire(worker: string): Promise<void> {
    await this.redis.zadd(`${this.root}:workers`, 1, worker);
  }

  /** Lets time pass for one task: all that its clocks wait for comes nearer. */
  async pass(id: string, ms: number): Promise<void> {
    const key = `${this.root}:task:${id}`;
    const record = await this.redis.hgetall(key);
    const pipeline = this.redis.pipeline();
    for (const field of ['due', 'expiresAt', 'deadlineAt', 'timeoutAt', 'clock'])
      if (record[field] !== undefined) pipeline.hincrby(key, field, -ms);
    const { clock, cancellation } = record;
    if (clock !== undefined) pipeline.zincrby(`${this.root}:due`, -ms, id);
    if (cancellation !== undefined) {
      const earlier = cancellation.replace(/(?<="requestedAt":)\d+/, (time) => String(Number(time) - ms));
      pipeline.hset(key, 'cancellation', earlier);
    }
    await pipeline.exec();
  }

  /** Makes hints under way so old that they count as lost. */
  async loseHints(): Promise<void> {
    const ids = await this.redis.zrange(`${this.root}:hints`, '0', '-1');
    if (ids.length > 0) await this.redis.zadd(`${this.root}:hints`, ...ids.flatMap((id) => ['1', id]));
  }

  /** Resolves once a worker has renewed its lease so many times more. */
  async renewed(worker: string, times: number): Promise<void> {
    const seen = new Set<string | null>();
    await vi.waitFor(
      async () => {
        seen.add(await this.redis.zscore(`${this.root}:workers`, worker));
        expect(seen.size).toBeGreaterThan(times);
      },
      { timeout: 10_000, interval: 20 },
    );
  }

  /** Resolves once a process has registered a queue. */
  async tasksKnow(queue: string): Promise<void> {
    await vi.waitFor(async () => expect(await this.store.queues()).toContain(queue), { timeout: 10_000 });
  }

  /** Resolves once Bee-Queue holds so many hints that slots took. */
  async laneHolds(count: number): Promise<void> {
    const lane = this.root.replace(':{', ':bee:{');
    await vi.waitFor(
      async () => {
        expect(await this.redis.llen(`${lane}:active`)).toBe(count);
        expect(await this.redis.hlen(`${lane}:jobs`)).toBe(count);
      },
      { timeout: 10_000 },
    );
  }

  token(): string {
    this.#tokens += 1;
    return `token${this.#tokens}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.redis.disconnect();
  }
}

const usualPolicy: Policy = {
  maxDeliveries: 3,
  keepSuccessMs: 60_000,
  keepFailureMs: 60_000,
  keepLogsMs: 60_000,
  graceMs: 10_000,
  attempts: 3,
  initialMs: 1_000,
  factor: 2,
  maxMs: 600_000,
  jitter: 1,
};

/** Workers of tests: both serve version v1 of `resize`. */
export const w1: Server = { worker: 'w1', lines: ['resize:v1'] };
export const w2: Server = { worker: 'w2', lines: ['resize:v1'] };

/** The ids that hints name. */
export function hinted(hints: readonly Hint[]): string[] {
  return hints.map(({ id }) => id);
}

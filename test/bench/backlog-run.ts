import { createLogger } from '../../src/logger.ts';
import { connect, type Redis } from '../../src/redis/connection.ts';
import { RedisServer } from '../support/redis-server.ts';
import { measureCalls, type CallCost, type Times } from './backlog-calls.ts';
import { BenchQueue, inputBytes } from './backlog-queue.ts';

/** The empty queue has two pages, so that its lists tell of as many tasks as the full one's. */
const tasksOfEmpty = 40;

/** What may fill the queue. */
export const backlogForms = {
  plain: 'one definition without limits',
  keyed: 'a limit key for each of many, all of which may start one',
  blocked: 'the same, and all keys but ten are at their limit',
  scheduled: 'half of them wait for their time',
} as const;
export type BacklogForm = keyof typeof backlogForms;

export interface BacklogOptions {
  readonly form: BacklogForm;
  readonly tasks: number;
  /** Limit keys, in the forms that have some. */
  readonly keys: number;
  /** The empty and the full queue take turns so often. */
  readonly rounds: number;
}

export interface BacklogReport extends BacklogOptions {
  readonly fillSeconds: number;
  /** Memory of Redis for each task that waits, less its input. */
  readonly bytesPerTask: number;
  readonly inputBytes: number;
  /** `ratio` is the median of the rounds' own ones, of the time that Redis takes. */
  readonly calls: readonly {
    readonly what: string;
    /** What it looks at has a bound, and a full queue reaches it: more than on an empty queue, whatever it holds. */
    readonly isBounded: boolean;
    readonly empty: Times;
    readonly full: Times;
    readonly ratio: number;
    /** Of the rounds that took least: what else a machine does only adds. */
    readonly leastRatio: number;
  }[];
}

/** Fills a queue of a Redis of its own, and measures it beside an empty one. */
export async function measureBacklog(redisServer: string, options: BacklogOptions): Promise<BacklogReport> {
  await using server = await RedisServer.start(redisServer);
  const redis = connect({ url: server.url }, 'worker', createLogger({ level: 'error' }));
  try {
    const [empty, full] = [new BenchQueue(redis, 'empty', options), new BenchQueue(redis, 'full', options)];
    await empty.add(tasksOfEmpty);
    await full.add(tasksOfEmpty);
    const before = await usedMemory(redis);
    const startedAt = performance.now();
    await full.fill();
    const fillSeconds = (performance.now() - startedAt) / 1_000;
    const bytesPerTask = ((await usedMemory(redis)) - before) / options.tasks - inputBytes;
    await empty.open();
    await full.open();

    // The first round loads the scripts and warms up.
    await measureCalls(empty);
    await measureCalls(full);
    const rounds: { readonly empty: CallCost[]; readonly full: CallCost[] }[] = [];
    for (let round = 0; round < options.rounds; round += 1) {
      rounds.push({ empty: await measureCalls(empty), full: await measureCalls(full) });
    }
    const calls = (rounds[0]?.empty ?? []).map(({ what, isBounded }, index) => {
      const pairs = rounds.flatMap(({ empty, full }) => {
        const [one, other] = [empty[index], full[index]];
        return one === undefined || other === undefined ? [] : [{ empty: one, full: other }];
      });
      return {
        what,
        isBounded,
        empty: medians(pairs.map((pair) => pair.empty)),
        full: medians(pairs.map((pair) => pair.full)),
        ratio: median(pairs.map((pair) => pair.full.serverUs / pair.empty.serverUs)),
        leastRatio:
          Math.min(...pairs.map((pair) => pair.full.serverUs)) /
          Math.min(...pairs.map((pair) => pair.empty.serverUs)),
      };
    });
    return { ...options, fillSeconds, bytesPerTask, inputBytes, calls };
  } finally {
    redis.disconnect();
  }
}

async function usedMemory(redis: Redis): Promise<number> {
  return Number(/used_memory:(\d+)/.exec(await redis.info('memory'))?.[1]);
}

function medians(costs: readonly CallCost[]): Times {
  const of = (name: keyof Times) => median(costs.map((cost) => cost[name]));
  return { serverUs: of('serverUs'), p50Us: of('p50Us'), p99Us: of('p99Us') };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}

import { describe, expect, test, vi } from 'vitest';
import { defineTask } from '../../src/index.ts';
import { connect } from '../../src/redis/connection.ts';
import { double, forever, Gate } from '../support/definitions.ts';
import { Network } from '../support/network.ts';
import { freePort, RedisServer } from '../support/redis-server.ts';
import { redisServerPath, testLogger } from '../support/stores.ts';
import { TestTasks } from '../support/tasks.ts';

/** How long a call takes to be refused, in ms. */
async function refusedAfter(call: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await expect(call()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  return performance.now() - start;
}

test('without a Redis every call is refused within a second, and closing does not hang', async () => {
  const redis = { url: `redis://127.0.0.1:${await freePort()}` };
  await using tests = await TestTasks.start([double], { redis, workers: 0 });
  const { tasks } = tests;
  const id = 'default_00000000000000000000000000';

  const times = await Promise.all([
    refusedAfter(() => tasks.enqueue(double, { n: 1 })),
    refusedAfter(() => tasks.get(id)),
    refusedAfter(() => tasks.cancel(id)),
    refusedAfter(() => tasks.list({ direction: 'DESC', limit: 1 })),
    refusedAfter(() => tasks.watch(id).next()),
    refusedAfter(() => tasks.watchList().next()),
  ]);

  expect(Math.max(...times)).toBeLessThan(1_100);
  expect(tasks.isReady()).toBe(false);
  expect(tasks.channels).toBe(0);
});

describe.skipIf(redisServerPath === undefined)('with a redis-server of its own', () => {
  test('what starts before Redis does goes to work as soon as it is there', async () => {
    await using redis = await RedisServer.start(redisServerPath ?? '');
    await redis.end();
    await using tests = await TestTasks.start([double], { redis: { url: redis.url }, workers: 0 });
    const starting = tests.startWorker();
    await expect(tests.tasks.enqueue(double, { n: 1 })).rejects.toMatchObject({ code: 'UNAVAILABLE' });

    await redis.run();
    await starting;

    const { id } = await tests.enqueueWhenReady(double, { n: 2 });
    expect(await tests.finished(id)).toMatchObject({ output: { n: 4 } });
  });

  test('a Redis that is frozen refuses within a second, and goes on when it thaws', async () => {
    await using redis = await RedisServer.start(redisServerPath ?? '');
    await using tests = await TestTasks.start([double], { redis: { url: redis.url } });
    await tests.finished((await tests.tasks.enqueue(double, { n: 1 })).id);

    redis.signal('SIGSTOP');
    expect(await refusedAfter(() => tests.tasks.enqueue(double, { n: 2 }))).toBeLessThan(1_100);
    redis.signal('SIGCONT');

    const { id } = await tests.enqueueWhenReady(double, { n: 3 });
    expect(await tests.finished(id)).toMatchObject({ status: 'SUCCEEDED', output: { n: 6 } });
  });

  test('a worker stops although Redis is away, and its task is run by another one later', async () => {
    await using redis = await RedisServer.start(redisServerPath ?? '', ['--appendonly', 'yes']);
    await using tests = await TestTasks.start([forever], { redis: { url: redis.url }, leaseMs: 600 });
    const { id } = await tests.tasks.enqueue(forever, {});
    await tests.reached(id, ({ progress }) => progress !== undefined);

    await redis.end();
    await tests.workers[0]?.stop(0);
    await redis.run();

    await tests.startWorker();
    // The API may need a moment longer than the worker to see that Redis is back.
    const again = await vi.waitFor(
      () => tests.reached(id, ({ progress, attempt }) => attempt === 2 && progress !== undefined),
      {
        timeout: 10_000,
      },
    );
    expect(again.attempts).toMatchObject([{ outcome: 'LOST' }, { number: 2 }]);
  });

  test('an outcome that a full Redis refuses is written once there is room, and the task runs once', async () => {
    await using redis = await RedisServer.start(redisServerPath ?? '');
    const full = new Gate();
    let runs = 0;
    const gated = defineTask({
      name: 'gated',
      output: (t) => ({ text: t.string() }),
      async run() {
        runs += 1;
        await full.opened;
        return { text: 'kept' };
      },
    });
    await using tests = await TestTasks.start([gated], { redis: { url: redis.url } });
    const operator = connect({ url: redis.url }, 'worker', testLogger);
    const { id } = await tests.tasks.enqueue(gated, {});
    await tests.reached(id, ({ status }) => status === 'RUNNING');

    await operator.config('SET', 'maxmemory', '1');
    full.open();
    await expect.poll(() => operator.info('errorstats'), { timeout: 10_000 }).toContain('OOM');
    await operator.config('SET', 'maxmemory', '0');
    operator.disconnect();

    expect(await tests.finished(id)).toMatchObject({
      status: 'SUCCEEDED',
      attempt: 1,
      output: { text: 'kept' },
    });
    expect(runs).toBe(1);
  });

  test('a full Redis refuses at once, and the cause says why', async () => {
    await using redis = await RedisServer.start(redisServerPath ?? '', ['--maxmemory', '1']);
    await using tests = await TestTasks.start([double], { redis: { url: redis.url }, workers: 0 });
    await expect.poll(() => tests.tasks.isReady()).toBe(true);

    const enqueue = tests.tasks.enqueue(double, { n: 1 });

    await expect(enqueue).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining('is full'),
      cause: { message: expect.stringMatching(/^OOM/) },
    });
  });

  test('an address that leads to another server after a failover is followed, although the old one stays', async () => {
    await using first = await RedisServer.start(redisServerPath ?? '');
    await using second = await RedisServer.start(redisServerPath ?? '');
    await using network = await Network.start(first.port);
    await using tests = await TestTasks.start([double], { redis: { url: network.url } });
    await tests.finished((await tests.tasks.enqueue(double, { n: 1 })).id);

    network.leadTo(second.port);
    const operator = connect({ url: first.url }, 'worker', testLogger);
    await operator.replicaof('127.0.0.1', second.port);
    operator.disconnect();

    const { id } = await tests.enqueueWhenReady(double, { n: 2 });
    await expect.poll(() => tests.tasks.get(id), { timeout: 10_000 }).toMatchObject({ output: { n: 4 } });
  });

  test('a script that Redis forgot is loaded again, whoever calls it', async () => {
    await using redis = await RedisServer.start(redisServerPath ?? '');
    await using tests = await TestTasks.start([double], { redis: { url: redis.url } });
    const operator = connect({ url: redis.url }, 'producer', testLogger);
    await tests.finished((await tests.tasks.enqueue(double, { n: 1 })).id);

    await expect.poll(() => operator.script('FLUSH')).toBe('OK');
    await operator.function('FLUSH');
    operator.disconnect();

    const { id } = await tests.tasks.enqueue(double, { n: 2 });
    expect(await tests.finished(id)).toMatchObject({ output: { n: 4 } });
  });
});

import { Redis } from 'ioredis';
import { describe, expect, test, vi } from 'vitest';
import { double, forever } from '../support/definitions.ts';
import { freePort, type RedisServer } from '../support/redis-server.ts';
import { SentinelSet } from '../support/sentinel-set.ts';
import { redisServerPath } from '../support/stores.ts';
import { TestTasks } from '../support/tasks.ts';

/** Ours among a server's connections, by name. */
async function connectionsTo(server: RedisServer): Promise<string[]> {
  const client = new Redis({ port: server.port, password: 's@fe' });
  try {
    const names = String(await client.client('LIST')).matchAll(/ name=taskwire-([a-z]+)-/g);
    return [...names].map(([, role = '']) => role).toSorted();
  } finally {
    client.disconnect();
  }
}

/** The API's two, the worker's two and the one on which its lane waits. */
const all = ['producer', 'subscriber', 'subscriber', 'worker', 'worker'];

test('without any Sentinel every call is refused within a second, and closing does not hang', async () => {
  const url = `redis+sentinel://127.0.0.1:${await freePort()},127.0.0.1:${await freePort()}/mymaster`;
  await using tests = await TestTasks.start([double], { redis: { url }, workers: 0 });

  const start = performance.now();
  await expect(tests.tasks.enqueue(double, { n: 1 })).rejects.toMatchObject({ code: 'UNAVAILABLE' });

  expect(performance.now() - start).toBeLessThan(1_100);
});

describe.skipIf(redisServerPath === undefined).concurrent('with a Sentinel set', () => {
  test('tasks go on after its master was killed, and watches with them', async () => {
    await using set = await SentinelSet.start(redisServerPath ?? '');
    await using tests = await TestTasks.start([double, forever], { redis: { url: set.url } });
    const running = await tests.tasks.enqueue(forever, {});
    const ended = tests.finished(running.id);
    await tests.reached(running.id, ({ progress }) => progress !== undefined);
    await vi.waitFor(async () => expect(await connectionsTo(set.master)).toEqual(all), { timeout: 5_000 });

    await set.master.end('SIGKILL');

    const { id } = await tests.enqueueWhenReady(double, { n: 2 });
    expect(await tests.finished(id)).toMatchObject({ output: { n: 4 } });
    await tests.tasks.cancel(running.id);
    expect(await ended).toMatchObject({ status: 'CANCELED', attempt: 1 });
    expect(await connectionsTo(set.replica)).toEqual(all);
  });

  test('tasks follow the master to another server although the old one stays up', async () => {
    await using set = await SentinelSet.start(redisServerPath ?? '');
    await using tests = await TestTasks.start([double, forever], { redis: { url: set.url } });
    const running = await tests.tasks.enqueue(forever, {});
    const ended = tests.finished(running.id);
    await tests.reached(running.id, ({ progress }) => progress !== undefined);

    await set.failover();

    await vi.waitFor(async () => expect(await connectionsTo(set.replica)).toEqual(all), { timeout: 5_000 });
    expect(await connectionsTo(set.master)).toEqual([]);
    const { id } = await tests.enqueueWhenReady(double, { n: 3 });
    expect(await tests.finished(id)).toMatchObject({ output: { n: 6 } });
    await tests.tasks.cancel(running.id);
    expect(await ended).toMatchObject({ status: 'CANCELED', attempt: 1 });
  });

  test('what starts before its Sentinels do goes to work as soon as one is there', async () => {
    await using set = await SentinelSet.start(redisServerPath ?? '');
    await set.endSentinel();
    await using tests = await TestTasks.start([double], { redis: { url: set.url }, workers: 0 });
    const starting = tests.startWorker();
    await expect(tests.tasks.enqueue(double, { n: 1 })).rejects.toMatchObject({ code: 'UNAVAILABLE' });

    set.startSentinel();
    await starting;

    const { id } = await tests.enqueueWhenReady(double, { n: 2 });
    expect(await tests.finished(id)).toMatchObject({ output: { n: 4 } });
  });
});

import { describe, expect, test, vi } from 'vitest';
import { UnavailableError } from '../../src/errors.ts';
import { connect } from '../../src/redis/connection.ts';
import { defineTask } from '../../src/index.ts';
import type { Finding } from '../../src/tasks/doctor/finding.ts';
import type { FindingList } from '../../src/tasks/finding-watch.ts';
import { connectTasks, type Tasks } from '../../src/tasks/tasks.ts';
import { double } from '../support/definitions.ts';
import { freePort, RedisServer } from '../support/redis-server.ts';
import { freshSettings, redisServerPath, sharedStores, testLogger } from '../support/stores.ts';
import { TestTasks } from '../support/tasks.ts';

/** Fails at once, for good. */
const failing = defineTask({
  name: 'failing',
  retry: { attempts: 1 },
  run: () => {
    throw new Error('no');
  },
});

const ofQueue = (findings: readonly Finding[]): Finding[] =>
  findings.filter(({ queue }) => queue !== undefined);

/** The first list of a watch that passes a condition, with those before it. */
async function until(
  lists: AsyncGenerator<FindingList, void, undefined>,
  passes: (findings: readonly Finding[]) => boolean,
): Promise<FindingList[]> {
  const seen: FindingList[] = [];
  for (;;) {
    const { value } = await lists.next();
    if (value === undefined) throw new Error(`the watch ended after ${JSON.stringify(seen)}`);
    seen.push(value);
    if (passes(value.findings)) return seen;
  }
}

/** Without how quick the store is just now, of which a busy machine has a say. */
const lasting = (findings: readonly Finding[]): Finding[] =>
  findings.filter(({ check }) => check !== 'latency');

const has = (check: string) => (findings: readonly Finding[]) =>
  findings.some((finding) => finding.check === check);
const hasNot = (check: string) => (findings: readonly Finding[]) => !has(check)(findings);

/** How often the store has run the look at a queue. */
async function looks(tasks: Tasks): Promise<number> {
  const stats = await tasks.connection.info('commandstats');
  return Number(/cmdstat_pubsub\|numsub:calls=(\d+)/.exec(stats)?.[1] ?? 0);
}

describe.each(sharedStores)('what needs attention in $name', (shared) => {
  test('a queue at work needs none; one in which tasks wait and nobody serves them does', async () => {
    await using tests = await TestTasks.start([double], { redis: freshSettings(shared) });
    await tests.finished((await tests.tasks.enqueue(double, { n: 1 })).id);
    expect(ofQueue(await tests.tasks.health.findings())).toEqual([]);

    await Promise.all(tests.workers.splice(0).map((worker) => worker.stop(0)));
    await tests.tasks.enqueue(double, { n: 1 });

    expect(ofQueue(await tests.tasks.health.findings())).toMatchObject([
      {
        check: 'workers',
        mark: 'warn',
        queue: 'default',
        found: expect.stringMatching(/^no live worker, and 1 task of double:\w+ waits/),
        todo: expect.stringMatching(/^Start a worker/),
      },
    ]);
  });

  test('a definition that no worker serves is named, and so is one that is paused', async () => {
    await using tests = await TestTasks.start([double, failing], {
      redis: freshSettings(shared),
      workers: 0,
    });
    await tests.startWorker([double]);
    await tests.tasks.enqueue(failing, {});
    expect(ofQueue(await tests.tasks.health.findings())).toMatchObject([
      { check: 'waiting', mark: 'warn', queue: 'default', definition: 'failing' },
    ]);

    await tests.tasks.queues.pauseDefinition('failing', { actor: 'ada', reason: 'broken' });

    expect(ofQueue(await tests.tasks.health.findings())).toMatchObject([
      {
        check: 'pause',
        definition: 'failing',
        found: expect.stringMatching(/^failing paused by ada .* ago: broken \(1 task waiting\)$/),
      },
    ]);
  });

  test('a queue that is nearly full is a warning, a full one is a failure', async () => {
    await using tests = await TestTasks.start([double], { redis: freshSettings(shared) });
    await tests.tasks.queues.pause('default');
    await tests.tasks.queues.setLimits('default', { maxWaiting: 6 });
    const room = async () => (await tests.tasks.health.findings()).find(({ check }) => check === 'room');
    for (let count = 0; count < 4; count += 1) await tests.tasks.enqueue(double, { n: 1 });
    expect(await room()).toBeUndefined();

    await tests.tasks.enqueue(double, { n: 1 }, { delayMs: 60_000 });
    expect(await room()).toMatchObject({ mark: 'warn', queue: 'default', found: '5 of 6 tasks wait' });

    await tests.tasks.enqueue(double, { n: 1 });
    expect(await room()).toMatchObject({
      mark: 'FAIL',
      found: expect.stringMatching(/^6 of 6 .*QUEUE_FULL$/),
    });
  });

  test('that most attempts of a definition fail is a warning, from the fifth on', async () => {
    await using tests = await TestTasks.start([double, failing], { redis: freshSettings(shared) });
    const found = async () => (await tests.tasks.health.findings()).find(({ check }) => check === 'failing');
    for (let count = 0; count < 4; count += 1)
      await tests.finished((await tests.tasks.enqueue(failing, {})).id);
    expect(await found()).toBeUndefined();

    await tests.finished((await tests.tasks.enqueue(failing, {})).id);
    expect(await found()).toMatchObject({
      mark: 'warn',
      queue: 'default',
      definition: 'failing',
      found: '5 of 5 attempts of failing failed in the last 10 minutes',
    });

    // What another definition does is no excuse.
    for (let n = 0; n < 5; n += 1) await tests.finished((await tests.tasks.enqueue(double, { n })).id);
    expect(await found()).toMatchObject({ definition: 'failing' });
  });

  test('who watches is told at once, and again when that changed; what everybody is told is the same', async () => {
    await using tests = await TestTasks.start([double], { redis: freshSettings(shared), workers: 0 });
    const { health, queues } = tests.tasks;
    const [one, two] = [health.watch(), health.watch()];
    const [first] = await until(one, hasNot('workers'));
    expect((await two.next()).value).toBe(first);

    await tests.tasks.enqueue(double, { n: 1 });
    const told = (await until(one, has('workers'))).at(-1);
    expect((await until(two, has('workers'))).at(-1)).toBe(told);
    await queues.pause('default', { reason: 'for now' });
    await until(one, has('pause'));
    await queues.resume('default');
    const last = (await until(one, hasNot('pause'))).at(-1);

    expect(last?.version).toBeGreaterThan(told?.version ?? Infinity);
    await Promise.all([one.return(), two.return()]);
  });

  test('a worker that starts is noticed before the next look of its own', async () => {
    const redis = freshSettings(shared);
    await using tests = await TestTasks.start([double], { redis, workers: 0 });
    await tests.tasks.queues.pause('default');
    await tests.tasks.enqueue(double, { n: 1 });
    const lists = tests.tasks.health.watch();
    await until(lists, has('workers'));
    const start = performance.now();

    await tests.startWorker();
    await until(lists, hasNot('workers'));

    expect(performance.now() - start).toBeLessThan(9_000);
    await lists.return();
  });

  test('a queue that is new is noticed before the next look of its own', async () => {
    const redis = freshSettings(shared);
    await using tests = await TestTasks.start([double], { redis, workers: 0 });
    // That the store is reached is a reason to look, too.
    await tests.tasks.queues.list();
    const lists = tests.tasks.health.watch();
    await lists.next();
    const start = performance.now();

    const elsewhere = defineTask({ name: 'elsewhere', queue: 'new', run: () => undefined });
    await using others = await TestTasks.start([elsewhere], { redis, workers: 0 });
    await others.tasks.enqueue(elsewhere, {});
    await until(lists, (findings) => findings.some(({ queue }) => queue === 'new'));

    expect(performance.now() - start).toBeLessThan(9_000);
    await lists.return();
  });

  test('nobody who watches leaves nothing behind', async () => {
    await using tests = await TestTasks.start([double], { redis: freshSettings(shared), workers: 0 });
    const controller = new AbortController();
    const lists = tests.tasks.health.watch({ signal: controller.signal });
    await lists.next();
    // That its queue was made known may just have been heard: that channel is listened to again by the next look.
    await vi.waitFor(() => expect(tests.tasks.channels).toBe(4), { timeout: 5_000 });

    controller.abort();

    expect(await lists.next()).toEqual({ done: true, value: undefined });
    expect(tests.tasks.channels).toBe(0);
  });

  test('of the store that is brought along for development nothing needs attention, but in production', async () => {
    await using tests = await TestTasks.start([double], { redis: freshSettings(shared) });
    await tests.finished((await tests.tasks.enqueue(double, { n: 1 })).id);
    const ofStore = async () =>
      lasting(await tests.tasks.health.findings()).map(({ check, mark }) => [check, mark]);
    const isEmbedded = shared === sharedStores[0];
    expect(await ofStore()).toEqual(isEmbedded ? [] : [['persistence', 'FAIL']]);

    vi.stubEnv('NODE_ENV', 'production');

    expect(await ofStore()).toEqual([['persistence', isEmbedded ? 'warn' : 'FAIL']]);
    vi.unstubAllEnvs();
  });

  test('the server is told as far as it tells', async () => {
    await using tests = await TestTasks.start([double], { redis: freshSettings(shared), workers: 0 });
    await tests.tasks.enqueue(double, { n: 1 });
    const isEmbedded = shared === sharedStores[0];

    expect(await tests.tasks.health.store()).toEqual({
      name: isEmbedded ? 'Valkey' : 'Redis',
      version: expect.stringMatching(/^\d+\.\d+/),
      isEmbedded,
      role: 'master',
      roundTripMs: expect.any(Number),
      usedMemoryBytes: expect.any(Number),
      maxMemoryBytes: isEmbedded ? 3 * 1_024 ** 3 : undefined,
      evictionPolicy: 'noeviction',
      persistence: isEmbedded ? 'SNAPSHOTS' : 'NONE',
      connectedClients: expect.any(Number),
      uptimeMs: expect.any(Number),
      keys: expect.any(Number),
    });
  });
});

describe.skipIf(redisServerPath === undefined)('what needs attention in a redis-server', () => {
  test('a store that goes away while somebody watches is the one finding, until it is back', async () => {
    await using server = await RedisServer.start(redisServerPath ?? '');
    await using tests = await TestTasks.start([double], { redis: { url: server.url } });
    const lists = tests.tasks.health.watch();
    await until(lists, hasNot('reachable'));

    await server.end('SIGKILL');
    const away = (await until(lists, has('reachable'))).at(-1);
    expect(away?.findings).toEqual([
      {
        check: 'reachable',
        mark: 'FAIL',
        found: "the store doesn't answer",
        todo: expect.stringMatching(/^Look at the store/),
      },
    ]);
    await expect(tests.tasks.health.findings()).rejects.toBeInstanceOf(UnavailableError);
    await server.run();
    await until(lists, hasNot('reachable'));

    // It listens again, too.
    await tests.tasks.queues.drain('default');
    await until(lists, has('drain'));
    await lists.return();
  });

  test('a store that is away from the start is the first thing that is told', async () => {
    const redis = { url: `redis://127.0.0.1:${await freePort()}` };
    await using tasks = await connectTasks({ redis, definitions: [double], logger: testLogger });

    const lists = tasks.health.watch();

    expect((await lists.next()).value).toMatchObject({ findings: [{ check: 'reachable', mark: 'FAIL' }] });
    await lists.return();
  });

  test('what eats or loses tasks is found: a full memory, its eviction, no persistence', async () => {
    await using server = await RedisServer.start(redisServerPath ?? '', ['--maxmemory', '1gb']);
    await using tests = await TestTasks.start([double], { redis: { url: server.url }, workers: 0 });
    const { health, connection } = tests.tasks;
    expect(lasting(await health.findings())).toMatchObject([{ check: 'persistence', mark: 'FAIL' }]);

    await connection.config('SET', 'maxmemory-policy', 'allkeys-lru');
    await connection.config('SET', 'appendonly', 'yes');
    expect(lasting(await health.findings())).toMatchObject([{ check: 'memory', mark: 'FAIL' }]);
    expect(await health.store()).toMatchObject({
      maxMemoryBytes: 1_073_741_824,
      evictionPolicy: 'allkeys-lru',
      persistence: 'APPEND_ONLY',
    });

    await connection.config('SET', 'maxmemory-policy', 'noeviction');
    expect(lasting(await health.findings())).toEqual([]);
  });

  test('what changes without a word is found within about ten seconds, and how long something lasts is told as often', async () => {
    await using server = await RedisServer.start(redisServerPath ?? '', ['--maxmemory', '1gb']);
    await using tests = await TestTasks.start([double], { redis: { url: server.url } });
    await tests.tasks.queues.drain('default');
    const lists = tests.tasks.health.watch();
    const [first] = await until(lists, has('drain'));

    await tests.tasks.connection.config('SET', 'maxmemory-policy', 'allkeys-lru');

    const last = (await until(lists, has('memory'))).at(-1);
    const said = (list: FindingList | undefined) =>
      list?.findings.find(({ check }) => check === 'drain')?.found;
    expect(said(last)).not.toBe(said(first));
    await lists.return();
  }, 20_000);

  test('a user of the store who may ask for nothing still gets its name, and no finding of what is unknown', async () => {
    await using server = await RedisServer.start(redisServerPath ?? '');
    const admin = connect({ url: server.url }, 'worker', testLogger);
    await admin.call('ACL', 'SETUSER', 'harmless', 'on', '>pw', '~*', '&*', '+@all', '-@dangerous');
    admin.disconnect();
    const url = server.url.replace('//', '//harmless:pw@');
    await using tests = await TestTasks.start([double], { redis: { url }, workers: 0 });

    expect(lasting(await tests.tasks.health.findings())).toEqual([]);
    expect(await tests.tasks.health.store()).toMatchObject({
      name: 'Redis',
      version: expect.stringMatching(/^\d+\.\d+/),
      role: 'master',
      usedMemoryBytes: undefined,
      persistence: undefined,
      keys: expect.any(Number),
    });
  });

  test('a burst of changes is one look for all who watch', async () => {
    await using server = await RedisServer.start(redisServerPath ?? '');
    await using tests = await TestTasks.start([double], { redis: { url: server.url }, workers: 0 });
    const { tasks } = tests;
    // That the store is reached is a reason to look, too.
    await vi.waitFor(() => tasks.queues.list(), { timeout: 10_000 });
    const watches = Array.from({ length: 20 }, () => tasks.health.watch());
    await Promise.all(watches.map((lists) => lists.next()));
    expect(await looks(tasks)).toBe(1);

    for (let n = 0; n < 50; n += 1) await tasks.enqueue(double, { n });
    await Promise.all(watches.map((lists) => until(lists, has('workers'))));

    expect(await looks(tasks)).toBe(2);
    await Promise.all(watches.map((lists) => lists.return()));
  });
});

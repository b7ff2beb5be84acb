import { describe, expect, test, vi } from 'vitest';
import { defineTask } from '../../src/index.ts';
import type { Queue } from '../../src/tasks/queue.ts';
import { connectTasks } from '../../src/tasks/tasks.ts';
import { double, Gate } from '../support/definitions.ts';
import { Outages } from '../support/outages.ts';
import { TestStore } from '../support/store.ts';
import { freshSettings, redisServerPath, sharedStores, testLogger } from '../support/stores.ts';
import { TestTasks } from '../support/tasks.ts';

/** A definition whose tasks run until the gate is open. */
function gated(name = 'gated') {
  const gate = new Gate();
  return { gate, definition: defineTask({ name, run: () => gate.opened }) };
}

/** The queue once it passes a condition; a watch tells. */
async function queueThat(tests: TestTasks, passes: (queue: Queue) => boolean): Promise<Queue> {
  for await (const queue of tests.tasks.queues.watch('default')) if (passes(queue)) return queue;
  throw new Error('the watch was closed');
}

function namesOf({ value }: IteratorResult<readonly Queue[], void>): string[] | undefined {
  return value?.map(({ name }) => name);
}

describe.each(sharedStores)('queues in $name', (shared) => {
  test('tell what waits and runs, since when, what comes and goes, and who serves them', async () => {
    const { gate, definition } = gated();
    const redis = freshSettings(shared);
    await using tests = await TestTasks.start([definition], { redis, concurrency: 2 });
    for (let count = 0; count < 3; count += 1) await tests.tasks.enqueue(definition, {});
    const last = await tests.tasks.enqueue(definition, {}, { priority: -60 });
    await tests.tasks.enqueue(definition, {}, { delayMs: 60_000 });

    const busy = await queueThat(tests, ({ running }) => running === 2);
    expect(busy).toMatchObject({
      name: 'default',
      waiting: 2,
      counts: { QUEUED: 2, RUNNING: 2, SCHEDULED: 1, SUCCEEDED: 0 },
      enqueuedPerMinute: 5,
      workers: { count: 1, slots: 2, busy: 2 },
      limits: [],
      pausedDefinitions: [],
    });
    expect(busy.oldestWaitingSince).toBeLessThanOrEqual(last.createdAt);

    gate.open();
    const done = await queueThat(tests, ({ counts }) => counts.SUCCEEDED === 4);
    expect(done).toMatchObject({ waiting: 0, running: 0, finishedPerMinute: { SUCCEEDED: 4, FAILED: 0 } });
    expect(done.oldestWaitingSince).toBeUndefined();
    expect(await tests.tasks.queues.list()).toMatchObject([{ name: 'default' }]);
    expect(await tests.tasks.queues.get('nobody')).toBeUndefined();
  });

  test('a paused queue begins nothing, in no worker; what runs goes on, and new tasks are taken', async () => {
    const { gate, definition } = gated();
    const redis = freshSettings(shared);
    await using tests = await TestTasks.start([definition], { redis, workers: 2 });
    const running = await tests.tasks.enqueue(definition, {});
    await tests.reached(running.id, ({ status }) => status === 'RUNNING');

    const paused = await tests.tasks.queues.pause('default', { reason: 'the disk is full', actor: 'ada' });
    expect(paused.pause).toMatchObject({ reason: 'the disk is full', actor: 'ada' });
    const { id } = await tests.tasks.enqueue(definition, {});
    gate.open();
    expect(await tests.finished(running.id)).toMatchObject({ status: 'SUCCEEDED' });
    // Another process, as after a restart, sees the same.
    await using later = await connectTasks({ redis, definitions: [definition], logger: testLogger });
    expect(await later.queues.get('default')).toMatchObject({ pause: paused.pause, waiting: 1, running: 0 });
    expect(await later.standing({ id, queue: 'default' })).toMatchObject({
      position: 1,
      startsAt: undefined,
    });

    const resumed = await later.queues.resume('default');

    expect(resumed.pause).toBeUndefined();
    expect(await tests.finished(id)).toMatchObject({ status: 'SUCCEEDED' });
  });

  test('a definition is paused by itself; the others of its queue go on', async () => {
    const [one, other] = [gated('one'), gated('other')];
    const redis = freshSettings(shared);
    await using tests = await TestTasks.start([one.definition, other.definition], { redis });
    for (const { gate } of [one, other]) gate.open();

    const queue = await tests.tasks.queues.pauseDefinition('one', { reason: 'it is broken' });
    expect(queue.pausedDefinitions).toMatchObject([{ name: 'one', reason: 'it is broken' }]);
    const held = await tests.tasks.enqueue('one', {});
    const passed = await tests.tasks.enqueue('other', {});
    await tests.finished(passed.id);
    expect(await tests.tasks.get(held.id)).toMatchObject({ status: 'QUEUED' });

    expect((await tests.tasks.queues.resumeDefinition('one')).pausedDefinitions).toEqual([]);
    expect(await tests.finished(held.id)).toMatchObject({ status: 'SUCCEEDED' });
    await expect(tests.tasks.queues.pauseDefinition('nobody')).rejects.toMatchObject({
      code: 'BAD_USER_INPUT',
    });
  });

  test('a queue that is drained works off what it has and takes nothing new, until it is resumed', async () => {
    const { gate, definition } = gated();
    const redis = freshSettings(shared);
    await using tests = await TestTasks.start([definition], { redis, concurrency: 1 });
    const { id } = await tests.tasks.enqueue(definition, {});

    expect((await tests.tasks.queues.drain('default', { actor: 'ada' })).drain).toMatchObject({
      actor: 'ada',
    });
    await expect(tests.tasks.enqueue(definition, {})).rejects.toMatchObject({ code: 'QUEUE_DRAINING' });
    gate.open();
    expect(await tests.finished(id)).toMatchObject({ status: 'SUCCEEDED' });

    expect((await tests.tasks.queues.resume('default')).drain).toBeUndefined();
    await tests.finished((await tests.tasks.enqueue(definition, {})).id);
  });

  test('a purge cancels what waits, and only that; a dry run only counts it', async () => {
    const { gate, definition } = gated();
    const other = defineTask({ name: 'other', run: () => undefined });
    const redis = freshSettings(shared);
    await using tests = await TestTasks.start([definition, other], { redis, concurrency: 1 });
    const { queues } = tests.tasks;
    const running = await tests.tasks.enqueue(definition, {});
    await tests.reached(running.id, ({ status }) => status === 'RUNNING');
    const waiting = await tests.tasks.enqueue(definition, {});
    await tests.tasks.enqueue(definition, {}, { delayMs: 60_000 });
    await tests.tasks.enqueue(other, {});

    expect(await queues.purge('default', { dryRun: true })).toStrictEqual({ canceled: 0, left: 3 });
    expect(await queues.purge('default', { dryRun: true, definition: 'other' })).toMatchObject({ left: 1 });
    expect((await tests.tasks.get(waiting.id))?.status).toBe('QUEUED');
    const purged = await queues.purge('default', { reason: 'sent by mistake', actor: 'ada' });

    expect(purged).toStrictEqual({ canceled: 3, left: 0 });
    expect(await tests.tasks.get(waiting.id)).toMatchObject({
      status: 'CANCELED',
      cancellation: { reason: 'sent by mistake', actor: 'ada' },
    });
    gate.open();
    expect(await tests.finished(running.id)).toMatchObject({ status: 'SUCCEEDED' });
  });

  test('the limit of a queue holds across its workers, from when it is set until it is taken away', async () => {
    const { gate, definition } = gated();
    const redis = freshSettings(shared);
    await using tests = await TestTasks.start([definition], { redis, workers: 2 });
    const { queues } = tests.tasks;
    const limited = await queues.setLimits('default', { limit: { concurrency: 3 }, maxWaiting: 2 });
    expect(limited).toMatchObject({
      maxWaiting: 2,
      limits: [{ definition: undefined, isPerKey: false, concurrency: 3, running: 0, blocked: 0 }],
    });
    for (let count = 1; count <= 3; count += 1) {
      const { id } = await tests.tasks.enqueue(definition, {});
      await tests.reached(id, ({ status }) => status === 'RUNNING');
    }
    const ids = await Promise.all([1, 2].map(async () => (await tests.tasks.enqueue(definition, {})).id));

    expect(await queues.get('default')).toMatchObject({ waiting: 2, limits: [{ running: 3, blocked: 1 }] });
    await expect(tests.tasks.enqueue(definition, {})).rejects.toMatchObject({ code: 'QUEUE_FULL' });
    const free = await queues.setLimits('default', { limit: null });
    expect(free).toMatchObject({ maxWaiting: 2, limits: [] });
    for (const id of ids) await tests.reached(id, ({ status }) => status === 'RUNNING');
    gate.open();
  });

  test('what can not be used as a limit is named, with the place', async () => {
    await using tests = await TestTasks.start([], { redis: freshSettings(shared), workers: 0 });
    const { queues } = tests.tasks;
    const wrong = { limit: { concurrency: 0, rate: { count: 1, perMs: 0, burst: 0 } }, maxWaiting: -1 };

    const refused = await queues.setLimits('default', wrong).catch((error: unknown) => error);

    expect(refused).toMatchObject({
      code: 'BAD_USER_INPUT',
      issues: [
        { path: ['maxWaiting'] },
        { path: ['limit', 'concurrency'] },
        { path: ['limit', 'rate', 'burst'] },
        { path: ['limit', 'rate', 'per'] },
      ],
    });
    await expect(queues.setLimits('default', { limit: {} })).rejects.toMatchObject({
      code: 'BAD_USER_INPUT',
    });
    await expect(queues.pause('default')).rejects.toMatchObject({ code: 'QUEUE_NOT_FOUND' });
    await expect(queues.pause('x', { reason: 'r'.repeat(501) })).rejects.toMatchObject({
      code: 'BAD_USER_INPUT',
    });
  });

  test('a watch of a queue tells changes to all who watch, at most twice a second', async () => {
    const { definition } = gated();
    await using tests = await TestTasks.start([definition], { redis: freshSettings(shared), workers: 0 });
    const { queues } = tests.tasks;
    await using first = queues.watch('default');
    await using second = queues.watch('default');
    for (const watch of [first, second]) expect((await watch.next()).value).toMatchObject({ waiting: 0 });

    const news = [first.next(), second.next()];
    await queues.pause('default', { reason: 'look' });
    for (const { value } of await Promise.all(news)) expect(value?.pause).toMatchObject({ reason: 'look' });

    const start = performance.now();
    let told = 0;
    const reading = (async () => {
      for (let waiting = 0; waiting < 20; told += 1) waiting = (await first.next()).value?.waiting ?? 20;
    })();
    for (let count = 0; count < 20; count += 1) await tests.tasks.enqueue(definition, {});
    await reading;
    expect(told).toBeLessThanOrEqual(1 + Math.ceil((performance.now() - start) / 500));
    expect((await second.next()).value?.waiting).toBe(20);
  });

  test('a watch of all queues tells each of them, then those that change, at most twice a second', async () => {
    const other = defineTask({ name: 'other', queue: 'other', run: () => undefined });
    const { definition } = gated();
    const redis = freshSettings(shared);
    await using tests = await TestTasks.start([definition, other], { redis, workers: 0 });
    const { queues } = tests.tasks;
    await using first = queues.watchAll();
    await using second = queues.watchAll();
    for (const watch of [first, second]) expect(namesOf(await watch.next())).toEqual(['default', 'other']);

    const news = [first.next(), second.next()];
    await queues.pause('other', { reason: 'look' });
    for (const { value } of await Promise.all(news)) {
      expect(value).toMatchObject([{ name: 'other', pause: { reason: 'look' } }]);
    }

    const start = performance.now();
    let told = 0;
    const waiting: Record<string, number> = {};
    const reading = (async () => {
      for (; (waiting['default'] ?? 0) + (waiting['other'] ?? 0) < 20; told += 1) {
        for (const queue of (await first.next()).value ?? []) waiting[queue.name] = queue.waiting;
      }
    })();
    for (let count = 0; count < 10; count += 1) {
      await tests.tasks.enqueue(definition, {});
      await tests.tasks.enqueue(other, {});
    }
    await reading;
    expect(told).toBeLessThanOrEqual(1 + Math.ceil((performance.now() - start) / 500));
  });

  test('a watch of all queues has a queue as soon as another process brings it', async () => {
    const { definition } = gated();
    const other = defineTask({ name: 'other', queue: 'other', run: () => undefined });
    await using tests = await TestTasks.start([definition], { redis: freshSettings(shared), workers: 0 });
    const before = tests.tasks.channels;
    await using watch = tests.tasks.queues.watchAll();
    expect(namesOf(await watch.next())).toEqual(['default']);

    const start = performance.now();
    await using others = await TestTasks.start([other], { redis: tests.redis, workers: 0 });
    expect(namesOf(await watch.next())).toEqual(['other']);
    // The clock would have come by once in ten seconds.
    expect(performance.now() - start).toBeLessThan(5_000);

    await others.tasks.enqueue(other, {});
    const { value } = await watch.next();
    expect(value).toMatchObject([{ name: 'other', waiting: 1 }]);
    await watch.return();
    expect(tests.tasks.channels).toBe(before);
  });

  test(
    'a watch of all queues tells how rates go down to zero, and then nothing',
    { timeout: 30_000 },
    async () => {
      const { definition } = gated();
      await using tests = await TestTasks.start([definition], { redis: freshSettings(shared), workers: 0 });
      await using store = new TestStore(tests.redis, 'default');
      const { id, createdAt } = await tests.tasks.enqueue(definition, {});
      await tests.tasks.cancel(id);
      await using watch = tests.tasks.queues.watchAll();
      expect((await watch.next()).value).toMatchObject([
        { enqueuedPerMinute: 1, finishedPerMinute: { CANCELED: 1 } },
      ]);

      // A minute passes, of which nobody is told.
      await store.redis.zadd(`${store.root}:index:gated`, String((createdAt - 120_000) * 1_000), id);
      await store.redis.del(...(await store.redis.keys(`${store.root}:flow:*`)));

      expect((await watch.next()).value).toMatchObject([
        { enqueuedPerMinute: 0, finishedPerMinute: { CANCELED: 0 } },
      ]);
    },
  );

  test('a watch of a queue is silent while nothing of it changes, and leaves nothing behind', async () => {
    const other = defineTask({ name: 'other', queue: 'other', run: () => undefined });
    const { definition } = gated();
    const redis = freshSettings(shared);
    await using tests = await TestTasks.start([definition, other], { redis, workers: 0 });
    const { queues, channels } = tests.tasks;
    const { id } = await tests.tasks.enqueue(definition, {});
    const ending = new AbortController();
    const watch = queues.watch('default', { signal: ending.signal });
    await watch.next();
    let isSilent = true;
    const next = watch.next().finally(() => (isSilent = false));

    // Told as a state of the task, but of the queue nothing is different.
    await tests.tasks.prioritize(id, 5);
    await using elsewhere = queues.watch('other');
    await elsewhere.next();
    for (const reason of ['one', 'two', 'three']) {
      await queues.pause('other', { reason });
      await elsewhere.next();
    }

    expect(isSilent).toBe(true);
    ending.abort();
    expect(await next).toStrictEqual({ done: true, value: undefined });
    await elsewhere.return();
    expect(tests.tasks.channels).toBe(channels);
  });
});

describe.skipIf(redisServerPath === undefined)('with a redis-server of its own', () => {
  test('a watch of all queues has what happened while the store was away', { timeout: 30_000 }, async () => {
    await using outages = await Outages.start();
    await using tests = await TestTasks.start([double], { redis: { url: outages.url }, workers: 0 });
    await using watch = tests.tasks.queues.watchAll();
    expect(namesOf(await watch.next())).toEqual(['default']);
    const start = performance.now();
    // Of which nobody is told.
    await outages.operator.sadd('tw:queues', 'other');

    await outages.redis.end('SIGKILL');
    await vi.waitFor(() => expect(tests.tasks.isReady()).toBe(false), { timeout: 10_000 });
    await outages.redis.run();
    await tests.enqueueWhenReady(double, { n: 1 });

    const seen = new Map<string, number>();
    while (seen.size < 2 || seen.get('default') !== 1) {
      for (const queue of (await watch.next()).value ?? []) seen.set(queue.name, queue.waiting);
    }
    expect(seen.get('other')).toBe(0);
    // Before it would have been looked for by the clock's pace.
    expect(performance.now() - start).toBeLessThan(9_500);
  });
});

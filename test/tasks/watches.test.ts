import { describe, expect, test } from 'vitest';
import { isFinal, type Task } from '../../src/tasks/task.ts';
import { defineTask } from '../../src/index.ts';
import { watchableTasks } from '../../src/tasks/watchable.ts';
import { Watches } from '../../src/tasks/watches.ts';
import { double, forever, Gate } from '../support/definitions.ts';
import { HeldWatches } from '../support/held-store.ts';
import { RedisServer } from '../support/redis-server.ts';
import { freshSettings, redisServerPath, sharedStores, testLogger } from '../support/stores.ts';
import { TestStore } from '../support/store.ts';
import { TestTasks } from '../support/tasks.ts';

describe.each(sharedStores)('a watch in $name', (shared) => {
  test('tells the state now, newer ones in order, and the end', async () => {
    const gate = new Gate();
    const gated = defineTask({
      name: 'gated',
      output: (t) => ({ done: t.boolean() }),
      async run(_input, { progress }) {
        await progress(0.25);
        await gate.opened;
        await progress(0.75);
        return { done: true };
      },
    });
    await using tests = await TestTasks.start([gated], { redis: freshSettings(shared) });
    const { id } = await tests.tasks.enqueue(gated, {});

    const states: Task[] = [];
    for await (const state of tests.tasks.watch(id)) {
      states.push(state);
      if (state.progress?.fraction === 0.25) gate.open();
    }

    const versions = states.map(({ version }) => version);
    expect(versions).toEqual([...new Set(versions)].toSorted((a, b) => a - b));
    expect(states.at(-1)).toMatchObject({
      status: 'SUCCEEDED',
      output: { done: true },
      progress: { fraction: 0.75 },
    });
    expect(states.filter(({ status }) => isFinal(status))).toHaveLength(1);
  });

  test('never goes back: a state that comes again or late is not told', async () => {
    await using tests = await TestTasks.start([double], { redis: freshSettings(shared), workers: 0 });
    await using store = new TestStore(tests.redis, 'default');
    const task = await tests.tasks.enqueue(double, { n: 1 });
    const watch = tests.tasks.watch(task.id);
    await watch.next();
    const second = watch.next();
    await store.redis.publish(`${store.root}:state:${task.id}`, JSON.stringify(task));

    await store.finishOne(task, '{"n":2}');

    const told = [(await second).value, ...(await Array.fromAsync(watch))];
    expect(told.filter((state) => state?.version === task.version)).toEqual([]);
    expect(told.at(-1)).toMatchObject({ status: 'SUCCEEDED' });
  });

  test('misses no end that comes while it starts', { timeout: 10_000 }, async () => {
    await using tests = await TestTasks.start([double], { redis: freshSettings(shared), workers: 0 });
    await using store = new TestStore(tests.redis, 'default');
    const task = await tests.tasks.enqueue(double, { n: 1 });
    const other = tests.tasks.watch((await tests.tasks.enqueue(double, { n: 2 })).id);
    await other.next();

    // Without its link it can't listen yet, so that the task ends before it does.
    await store.cutLinks();
    const watching = Array.fromAsync(tests.tasks.watch(task.id));
    await store.finishOne(task, '{"n":2}');

    expect((await watching).at(-1)).toMatchObject({ status: 'SUCCEEDED' });
    await other.return();
  });

  test('that comes late gets the result at once and ends', async () => {
    await using tests = await TestTasks.start([double], { redis: freshSettings(shared) });
    const { id } = await tests.tasks.enqueue(double, { n: 21 });
    await tests.finished(id);

    const states = await Array.fromAsync(tests.tasks.watch(id));

    expect(states).toMatchObject([{ status: 'SUCCEEDED', output: { n: 42 } }]);
  });

  test('whose reader is slow still gets the end of a task that is removed meanwhile', async () => {
    await using tests = await TestTasks.start([double], { redis: freshSettings(shared), workers: 0 });
    await using store = new TestStore(tests.redis, 'default');
    const task = await tests.tasks.enqueue(double, { n: 1 });
    const watch = tests.tasks.watch(task.id);
    await watch.next();
    await store.finishOne(task, '{"n":2}');
    await store.vanish(task.id);
    // Messages of one connection come in order: with this one, those before it have come.
    const later = await tests.tasks.enqueue(double, { n: 2 });
    const end = tests.finished(later.id);
    await store.listenedTo(`state:${later.id}`);
    await store.finishOne(later, '{"n":4}');
    await end;

    expect((await watch.next()).value).toMatchObject({ status: 'SUCCEEDED', output: { n: 2 } });
  });

  test('of nothing is TASK_NOT_FOUND', async () => {
    await using tests = await TestTasks.start([double], { redis: freshSettings(shared), workers: 0 });
    for (const id of ['default_00000000000000000000000000', 'nonsense', '', 'a_b{c}']) {
      await expect(Array.fromAsync(tests.tasks.watch(id))).rejects.toMatchObject({ code: 'TASK_NOT_FOUND' });
    }
    expect(tests.tasks.channels).toBe(0);
  });

  test('of a task whose record vanishes ends with TASK_LOST', async () => {
    await using tests = await TestTasks.start([forever], { redis: freshSettings(shared), workers: 0 });
    const { id } = await tests.tasks.enqueue(forever, {});
    const watch = tests.tasks.watch(id);
    await watch.next();
    const end = watch.next().catch((error: unknown) => error);
    await using store = new TestStore(tests.redis, 'default');
    await store.vanish(id);

    expect(await end).toMatchObject({ code: 'TASK_LOST' });
  });

  test('that is aborted or left lets go of its channel', async () => {
    await using tests = await TestTasks.start([forever], { redis: freshSettings(shared) });
    const { id } = await tests.tasks.enqueue(forever, {});
    const abort = new AbortController();
    const aborted = tests.tasks.watch(id, { signal: abort.signal });
    const left = tests.tasks.watch(id);
    await Promise.all([aborted.next(), left.next()]);
    expect(tests.tasks.channels).toBe(1);

    const rest = Array.fromAsync(aborted);
    abort.abort();
    await rest;
    await left.return();

    expect(tests.tasks.channels).toBe(0);
  });

  test('that is left while it starts ends what it had begun once', async () => {
    await using held = new HeldWatches(shared);
    await using images = new TestStore(held.settings);
    const { task } = await images.create();
    const watches = new Watches(watchableTasks(held.store), held.store, held.feed, testLogger);
    const [started, ended] = [new Gate(), new Gate()];
    let ends = 0;
    const watch = watches.watch(task.id, {}, async () => {
      started.open();
      await ended.opened;
      return () => (ends += 1);
    });
    const starting = watch.next();
    await started.opened;

    await watch.return();
    ended.open();

    expect(await starting).toEqual({ done: true, value: undefined });
    expect(ends).toBe(1);
    expect(watches.size).toBe(0);
    watches.close();
  });

  test('that is slow skips states but never the last', async () => {
    const gate = new Gate();
    const chatty = defineTask({
      name: 'chatty',
      async run(_input, { progress }) {
        await gate.opened;
        for (let step = 1; step <= 1_000; step += 1) await progress({ current: step, total: 1_000 });
      },
    });
    await using tests = await TestTasks.start([chatty], { redis: freshSettings(shared) });
    const { id } = await tests.tasks.enqueue(chatty, {});
    const slow = tests.tasks.watch(id);
    await slow.next();
    gate.open();
    await tests.finished(id);

    const rest = await Array.fromAsync(slow);

    expect(rest.length).toBeLessThan(5);
    expect(rest.at(-1)).toMatchObject({ status: 'SUCCEEDED', progress: { current: 1_000 } });
  });

  test('whose link breaks goes on with the newest state, although it changed meanwhile', async () => {
    await using tests = await TestTasks.start([double], { redis: freshSettings(shared), workers: 0 });
    await using store = new TestStore(tests.redis, 'default');
    const task = await tests.tasks.enqueue(double, { n: 1 });
    const watch = tests.tasks.watch(task.id);
    await watch.next();
    const rest = Array.fromAsync(watch);

    // The link is cut first; what happens now is published to nobody.
    await store.cutLinks();
    await store.finishOne(task, '{"n":2}');

    expect(await rest).toMatchObject([{ status: 'SUCCEEDED', output: { n: 2 } }]);
  });
});

describe.skipIf(redisServerPath === undefined)('when Redis restarts', () => {
  test('a watch survives it, and everything goes on with an empty script cache', async () => {
    await using redis = await RedisServer.start(redisServerPath ?? '', [
      '--appendonly',
      'yes',
      '--appendfsync',
      'always',
    ]);
    await using tests = await TestTasks.start([double, forever], { redis: { url: redis.url } });
    const running = await tests.tasks.enqueue(forever, {});
    const canceled = tests.finished(running.id);
    await tests.reached(running.id, ({ status }) => status === 'RUNNING');

    await redis.end('SIGKILL');
    await expect(tests.tasks.enqueue(double, { n: 1 })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await redis.run();

    const { id } = await tests.enqueueWhenReady(double, { n: 4 });
    expect(await tests.finished(id)).toMatchObject({ status: 'SUCCEEDED', output: { n: 8 } });
    await tests.tasks.cancel(running.id);
    expect(await canceled).toMatchObject({ status: 'CANCELED', attempt: 1 });
  });
});

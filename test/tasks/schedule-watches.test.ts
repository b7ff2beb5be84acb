import { describe, expect, test, vi } from 'vitest';
import { defineTask } from '../../src/index.ts';
import type { SchedulesUpdate } from '../../src/tasks/schedule-watches.ts';
import { double } from '../support/definitions.ts';
import { Outages } from '../support/outages.ts';
import { hourly, scheduleIdOf } from '../support/schedules.ts';
import { TestStore } from '../support/store.ts';
import { freshSettings, redisServerPath, sharedStores } from '../support/stores.ts';
import { TestTasks } from '../support/tasks.ts';

const elsewhere = defineTask({ name: 'elsewhere', queue: 'elsewhere', run: () => undefined });
const daily = { every: '1d', input: { n: 1 } } as const;

describe.each(sharedStores)('watched schedules in $name', (shared) => {
  test('are told as they are now, then as each is made, updated, paused, resumed and deleted', async () => {
    await using tests = await TestTasks.start([double], { redis: freshSettings(shared), workers: 0 });
    const { schedules } = tests.tasks;
    const one = await schedules.create(double, daily);
    const before = tests.tasks.channels;
    await using watch = schedules.watch();
    expect(await taken(watch)).toMatchObject({ schedules: [{ id: one.id }], removedIds: [], hasMore: false });

    const two = await schedules.create(double, { ...daily, name: 'two' });
    expect(await taken(watch)).toMatchObject({ schedules: [{ id: two.id, name: 'two' }], removedIds: [] });
    await schedules.update(two.id, { name: 'three' });
    expect(await taken(watch)).toMatchObject({ schedules: [{ id: two.id, name: 'three' }] });
    await schedules.pause(one.id, { reason: 'look' });
    const [paused] = (await taken(watch)).schedules;
    expect(paused).toMatchObject({ id: one.id, pause: { reason: 'look' } });
    expect(paused).not.toHaveProperty('nextRunAt');
    await schedules.resume(one.id);
    expect((await taken(watch)).schedules).toMatchObject([{ id: one.id, nextRunAt: expect.any(Number) }]);
    await schedules.delete(two.id);
    expect(await taken(watch)).toMatchObject({ schedules: [], removedIds: [two.id] });

    await watch.return();
    expect(tests.tasks.channels).toBe(before);
  });

  test('are told when they make a task, for a slot and by hand', async () => {
    await using tests = await TestTasks.start([double], { redis: freshSettings(shared), workers: 0 });
    const { schedules } = tests.tasks;
    const at = new Date(Date.now() + 1_500);
    const { id } = await schedules.create(double, { at, input: { n: 1 } });
    await using watch = schedules.watch();
    expect((await taken(watch)).schedules).toMatchObject([{ id, nextRunAt: at.getTime() }]);

    const [fired] = (await taken(watch)).schedules;
    expect(fired).toMatchObject({ id, lastRunAt: expect.any(Number), lastTask: expect.any(String) });
    expect(fired).not.toHaveProperty('nextRunAt');

    const task = await schedules.runNow(id);
    expect((await taken(watch)).schedules).toMatchObject([{ id, lastTask: task.id }]);
  });

  test('are those of a definition and an owner alone, where these are named', async () => {
    await using tests = await TestTasks.start([double, elsewhere], {
      redis: freshSettings(shared),
      workers: 0,
    });
    const { schedules } = tests.tasks;
    await using anns = schedules.watch({ owner: 'ann' });
    await using elsewheres = schedules.watch({ definitions: ['elsewhere'] });
    await using limited = schedules.watch({ first: 1 });
    for (const watch of [anns, elsewheres, limited]) expect((await taken(watch)).schedules).toEqual([]);

    const bens = await schedules.create(double, { ...daily, owner: 'ben' });
    const other = await schedules.create(elsewhere, { every: '1d', owner: 'ben' });
    await schedules.delete(bens.id);
    const own = await schedules.create(double, { ...daily, owner: 'ann' });

    expect(await taken(anns)).toMatchObject({ schedules: [{ id: own.id }], removedIds: [] });
    expect(await taken(elsewheres)).toMatchObject({ schedules: [{ id: other.id }], removedIds: [] });
    await using second = schedules.watch({ first: 1 });
    expect(await taken(second)).toMatchObject({ schedules: [{ id: own.id }], hasMore: true });
    await schedules.pause(other.id);
    expect(await taken(second)).toMatchObject({ schedules: [{ id: other.id }], hasMore: true });
  });

  test('are those that another process brings with its code, in a queue that is new, too', async () => {
    const redis = freshSettings(shared);
    await using tests = await TestTasks.start([elsewhere], { redis, workers: 0 });
    await using watch = tests.tasks.schedules.watch();
    expect((await taken(watch)).schedules).toEqual([]);

    await using _ = await TestTasks.start([hourly], { redis, workers: 0 });

    expect(await taken(watch)).toMatchObject({ schedules: [{ id: scheduleIdOf(hourly), source: 'CODE' }] });
  });

  test('are told at most twice a second, each in its newest state', async () => {
    await using tests = await TestTasks.start([double], { redis: freshSettings(shared), workers: 0 });
    const { schedules } = tests.tasks;
    const { id } = await schedules.create(double, daily);
    await using watch = schedules.watch();
    await taken(watch);

    const start = performance.now();
    let told = 0;
    const reading = (async () => {
      for (let name: string | undefined; name !== 'last'; told += 1)
        name = (await taken(watch)).schedules[0]?.name;
    })();
    for (let count = 0; count < 20; count += 1) await schedules.update(id, { name: `n${count}` });
    await schedules.update(id, { name: 'last' });
    await reading;

    expect(told).toBeLessThanOrEqual(2 + Math.ceil((performance.now() - start) / 500));
  });

  test('have what happened while their link was away, also that one was deleted', async () => {
    const redis = freshSettings(shared);
    await using tests = await TestTasks.start([double], { redis, workers: 0 });
    await using store = new TestStore(redis, 'default');
    const { schedules } = tests.tasks;
    const [one, two] = [await schedules.create(double, daily), await schedules.create(double, daily)];
    await using watch = schedules.watch();
    await taken(watch);

    // As if their messages had been lost.
    await store.redis.hset(`${store.root}:schedule:${one.id}`, 'title', 'changed');
    await store.redis.del(`${store.root}:schedule:${two.id}`);
    await store.cutLinks();

    expect(await taken(watch)).toMatchObject({
      schedules: [{ id: one.id, name: 'changed' }],
      removedIds: [two.id],
    });
  });

  test.each([0, 101, 1.5])('of which %d are to be told first are BAD_USER_INPUT', async (first) => {
    await using tests = await TestTasks.start([double], { redis: freshSettings(shared), workers: 0 });

    await expect(tests.tasks.schedules.watch({ first }).next()).rejects.toMatchObject({
      code: 'BAD_USER_INPUT',
      message: `first: Expected 1 to 100, got ${first}.`,
      issues: [{ path: ['first'] }],
    });
    expect(tests.tasks.channels).toBe(0);
  });

  test('end with their signal, and when the process closes', async () => {
    const tests = await TestTasks.start([double], { redis: freshSettings(shared), workers: 0 });
    const abort = new AbortController();
    const ending = tests.tasks.schedules.watch({ signal: abort.signal });
    const closing = tests.tasks.schedules.watch();
    for (const watch of [ending, closing]) await taken(watch);

    const next = [ending.next(), closing.next()];
    abort.abort();
    expect(await next[0]).toEqual({ done: true, value: undefined });
    await tests[Symbol.asyncDispose]();
    expect(await next[1]).toEqual({ done: true, value: undefined });
  });
});

describe.skipIf(redisServerPath === undefined)('with a redis-server of its own', () => {
  test(
    'watched schedules go on when the store was away, with what happened meanwhile',
    { timeout: 30_000 },
    async () => {
      await using outages = await Outages.start();
      await using tests = await TestTasks.start([double], { redis: { url: outages.url }, workers: 0 });
      const { schedules } = tests.tasks;
      const one = await schedules.create(double, daily);
      await using watch = schedules.watch();
      await taken(watch);

      await outages.redis.end('SIGKILL');
      await vi.waitFor(() => expect(tests.tasks.isReady()).toBe(false), { timeout: 10_000 });
      await outages.redis.run();
      const two = await vi.waitFor(() => schedules.create(double, daily), { timeout: 10_000 });

      const seen = new Set<string>();
      while (seen.size < 2) for (const { id } of (await taken(watch)).schedules) seen.add(id);
      expect([...seen].toSorted()).toEqual([one.id, two.id].toSorted());
    },
  );
});

async function taken(watch: AsyncGenerator<SchedulesUpdate, void>): Promise<SchedulesUpdate> {
  const { value } = await watch.next();
  if (value === undefined) throw new Error('the watch was closed');
  return value;
}

import { describe, expect, test, vi } from 'vitest';
import { defineTask } from '../../src/index.ts';
import { statesChannel } from '../../src/redis/keys.ts';
import { standing } from '../../src/tasks/scripts/standing.ts';
import { StandingWatches } from '../../src/tasks/standing-watches.ts';
import { Standings } from '../../src/tasks/standings.ts';
import { watchableTasks } from '../../src/tasks/watchable.ts';
import { Watches } from '../../src/tasks/watches.ts';
import { double, Gate } from '../support/definitions.ts';
import { HeldWatches } from '../support/held-store.ts';
import { TestStore } from '../support/store.ts';
import { freshSettings, type SharedStore, sharedStores, testLogger } from '../support/stores.ts';
import { TestTasks } from '../support/tasks.ts';

const echo = defineTask({ name: 'echo', queue: 'elsewhere', run: () => undefined });

/** Waits for its child once the gate is open. */
const parentBehind = (gate: Gate) =>
  defineTask({
    name: 'parent',
    async run(_input, { enqueue, all }) {
      await gate.opened;
      await all([await enqueue(echo, {})]);
    },
  });

/** A task that waits for the one slot there is, which is taken, in a line that stands still. */
async function waitingTask(shared: SharedStore, meanMs: number) {
  const held = new HeldWatches(shared);
  const { store, feed } = held;
  const images = new TestStore(held.settings);
  await images.create();
  await images.present(1);
  await images.delivery();
  const { task } = await images.create();
  await images.redis.hset(`${images.root}:pace`, 'resize', meanMs);
  const standings = new Standings(store);
  const watches = new Watches(watchableTasks(store), store, feed, testLogger);
  const beside = new StandingWatches({ store, feed, standings, logger: testLogger });
  return {
    task,
    store,
    standings,
    watches,
    beside,
    looks: () => store.runs.get(standing) ?? 0,
    happen: () => images.store.publish(statesChannel(images.root), ''),
    async [Symbol.asyncDispose](): Promise<void> {
      beside.close();
      watches.close();
      await images[Symbol.asyncDispose]();
      await held[Symbol.asyncDispose]();
    },
  };
}

describe.each(sharedStores)('where a task stands, watched in $name', (shared) => {
  test('is told as the same state when its run begins to wait for children of another queue', async () => {
    const gate = new Gate();
    const parent = parentBehind(gate);
    await using tests = await TestTasks.start([parent, echo], {
      redis: freshSettings(shared),
      workers: 0,
      // Renewals, which tell of workers as well, are far away.
      leaseMs: 60_000,
    });
    const { tasks } = tests;
    await tests.startWorker([parent]);
    const { id } = await tasks.enqueue(parent, {});
    await tests.reached(id, ({ status }) => status === 'RUNNING');

    const watch = tasks.watch(id, { tellsStanding: ['waits', 'position'] });
    const { value: first } = await watch.next();
    gate.open();

    expect((await watch.next()).value).toEqual(first);
    expect(await tasks.standing({ id, queue: 'default' })).toMatchObject({ waits: [{ reason: 'CHILDREN' }] });
    await tests.startWorker([echo]);
    expect(await tests.finished(id)).toMatchObject({ status: 'SUCCEEDED' });
    await watch.return();
  });

  test('costs nothing to who watches the task alone, and nobody who watches leaves anything behind', async () => {
    await using tests = await TestTasks.start([double], { redis: freshSettings(shared), workers: 0 });
    const { tasks } = tests;
    const { id } = await tasks.enqueue(double, { n: 1 });
    const bare = tasks.watch(id);
    await bare.next();
    expect(tasks.channels).toBe(1);

    const [one, two] = [
      tasks.watch(id, { tellsStanding: ['waits', 'position'] }),
      tasks.watch(id, { tellsStanding: ['waits', 'position'] }),
    ];
    const { value: first } = await one.next();
    await two.next();
    expect(tasks.channels).toBe(4);
    await tasks.queues.pause('default');

    expect((await one.next()).value).toEqual(first);
    expect((await two.next()).value).toEqual(first);
    await Promise.all([one.return(), two.return()]);
    await vi.waitFor(() => expect(tasks.channels).toBe(1));
    await bare.return();
    expect(tasks.channels).toBe(0);
  });

  test('is looked at once a second at most, for all tasks of a queue that are watched', async () => {
    await using tests = await TestTasks.start([double], { redis: freshSettings(shared), workers: 0 });
    const { tasks } = tests;
    const { id } = await tasks.enqueue(double, { n: 1 }, { priority: -600 });
    const watch = tasks.watch(id, { tellsStanding: ['waits', 'position'] });
    await watch.next();
    let told = 0;
    const gate = new Gate();
    const reading = (async () => {
      while ((await watch.next()).done !== true) {
        told += 1;
        if (told === 3) gate.open();
      }
    })();
    const began = performance.now();

    const ended = new AbortController();
    void gate.opened.then(() => ended.abort());
    while (!ended.signal.aborted) await tasks.enqueue(double, { n: 1 });

    // The first one comes at once.
    expect(performance.now() - began).toBeGreaterThan(1_900);
    await watch.return();
    await reading;
  });

  test.each([
    { left: '10 s', meanMs: 20_000, offMs: 1_500 },
    { left: '200 s', meanMs: 400_000, offMs: 8_000 },
  ])(
    'is not told where of $left the estimate is a little off, and never to who asks for something else',
    async ({ meanMs, offMs }) => {
      await using waiting = await waitingTask(shared, meanMs);
      const { task, store, beside } = waiting;
      const told = { startsAt: [] as number[], waits: [] as number[], position: [] as number[] };
      for (const part of ['startsAt', 'waits', 'position'] as const) {
        const tell = (): number => told[part].push(store.aheadMs);
        await beside.beside(task.id, { tellsStanding: [part] })?.(tell);
      }
      const before = waiting.looks();

      store.aheadMs = offMs;
      await waiting.happen();
      await vi.waitFor(() => expect(waiting.looks()).toBe(before + 1), { timeout: 5_000 });
      expect((await waiting.standings.of(task)).startsAt).toBeDefined();
      // Only a little more, but more than was told.
      store.aheadMs = 2 * offMs;
      await waiting.happen();

      await vi.waitFor(() => expect(told.startsAt).not.toEqual([]), { timeout: 5_000 });
      expect(told).toEqual({ startsAt: [2 * offMs], waits: [], position: [] });
    },
  );

  test('is not looked at again for those who are told, and is for those who ask later', async () => {
    await using waiting = await waitingTask(shared, 20_000);
    const { task, store, standings, watches, beside } = waiting;
    const watch = watches.watch(task.id, {}, beside.beside(task.id, { tellsStanding: ['startsAt'] }));
    await watch.next();
    const { startsAt = 0 } = await standings.of(task);
    const before = waiting.looks();

    store.aheadMs = 5_000;
    await waiting.happen();
    await watch.next();
    const { startsAt: told = 0 } = await standings.of(task);
    expect(waiting.looks()).toBe(before + 1);
    expect(told).toBeGreaterThanOrEqual(startsAt + 5_000);

    await new Promise((resolve) => setImmediate(resolve));
    await standings.of(task);
    expect(waiting.looks()).toBe(before + 2);
    await watch.return();
  });

  test('is still told to others where one leaves while it begins to watch', async () => {
    await using tests = await TestTasks.start([double], { redis: freshSettings(shared), workers: 0 });
    const { tasks } = tests;
    const { id } = await tasks.enqueue(double, { n: 1 });
    const options = { tellsStanding: ['waits'] } as const;
    const one = tasks.watch(id, options);
    const { value: first } = await one.next();
    const left = tasks.watch(id, options);
    const starting = left.next();
    await left.return();
    expect(await starting).toEqual({ done: true, value: undefined });

    await tasks.queues.pause('default');

    expect((await one.next()).value).toEqual(first);
    await one.return();
    expect(tasks.channels).toBe(0);
  });
});

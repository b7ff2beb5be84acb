import { describe, expect, test, vi } from 'vitest';
import { statesChannel } from '../../src/redis/keys.ts';
import { Failures } from '../../src/tasks/mistakes.ts';
import { Looks } from '../../src/tasks/looks.ts';
import type { Queue } from '../../src/tasks/queue.ts';
import { Gate } from '../support/definitions.ts';
import { HeldWatches } from '../support/held-store.ts';
import { TestStore, w1, w2 } from '../support/store.ts';
import { sharedStores, testLogger } from '../support/stores.ts';

const w3 = { worker: 'w3', lines: ['resize:v1'] };

/** What a watch tells next. */
async function next<State>(watch: AsyncGenerator<State, void>): Promise<State> {
  const { value } = await watch.next();
  if (value === undefined) throw new Error('the watch was closed');
  return value;
}

describe.each(sharedStores)('looks at what is watched in $name', (shared) => {
  test('tell what the store says after a failover to one whose clock is behind', async () => {
    await using held = new HeldWatches(shared);
    await using images = new TestStore(held.settings);
    await images.store.registerQueues([images.queue]);
    await images.create();
    held.store.aheadMs = 3_600_000;
    await using watch = held.queues.watchAll();
    expect(await next(watch)).toMatchObject([{ waiting: 1 }]);

    held.store.aheadMs = 0;
    await images.create();

    expect(await next(watch)).toMatchObject([{ waiting: 2 }]);
  });

  test('tell a watcher of a queue nothing that is older than what it was told', async () => {
    await using held = new HeldWatches(shared);
    await using images = new TestStore(held.settings);
    await images.store.registerQueues([images.queue]);
    await using watch = held.queues.watch(images.queue);
    expect(await next(watch)).toMatchObject({ waiting: 0 });
    const looked = held.store.hold();
    await images.create();
    await looked;
    const release = held.store.pass();
    await images.create();
    await using beside = held.queues.watch(images.queue);
    expect(await next(beside)).toMatchObject({ waiting: 2 });

    const told: Promise<Queue> = next(beside);
    release();
    expect(await next(watch)).toMatchObject({ waiting: 1 });
    await images.create();

    expect(await told).toMatchObject({ waiting: 3 });
  });

  test('tell a watcher of the workers nothing that is older than what it was told', async () => {
    await using held = new HeldWatches(shared);
    await using images = new TestStore(held.settings);
    await images.store.registerQueues([images.queue]);
    await using watch = held.workers.watch();
    expect(await next(watch)).toMatchObject({ workers: [] });
    const looked = held.store.hold();
    await images.present(1, w1);
    await looked;
    const release = held.store.pass();
    await images.present(1, w2);
    await using beside = held.workers.watch();
    expect((await next(beside)).workers).toHaveLength(2);

    const told = next(beside);
    release();
    expect((await next(watch)).workers).toHaveLength(1);
    await images.present(1, w3);

    expect((await told).workers).toHaveLength(3);
  });

  test('forget minutes of the activity that the store has lost, also while they are read', async () => {
    await using held = new HeldWatches(shared);
    await using images = new TestStore(held.settings);
    await images.store.registerQueues([images.queue]);
    const [seconds] = await images.redis.time();
    const lost = `${images.root}:minute:${Math.floor(Number(seconds) / 60) - 5}`;
    await images.redis.hincrby(lost, 'resize:e', 7);
    await using watch = held.queues.activities.watch({ minutes: 30 });
    const shown = new Map((await next(watch)).map(({ at, enqueued }) => [at, enqueued]));
    const sum = (): number => [...shown.values()].reduce((total, enqueued) => total + enqueued, 0);
    expect(sum()).toBe(7);

    const looked = held.store.hold();
    await images.create();
    await looked;
    const release = held.store.pass();
    await images.redis.del(lost);
    const gap = new Gate();
    // Told of the gap after those that listened before.
    await held.feed.listen('after', { onMessage: () => undefined, onGap: () => gap.open() }).confirmed;
    await images.cutLinks();
    await gap.opened;
    release();

    while (sum() !== 1) for (const { at, enqueued } of await next(watch)) shown.set(at, enqueued);
    expect(sum()).toBe(1);
  });

  test('go on for who comes while the last one leaves, of a queue that is just being listened to', async () => {
    await using held = new HeldWatches(shared);
    await using images = new TestStore(held.settings);
    const channel = statesChannel(images.root);
    const confirmed = new Gate();
    held.feed.held.set(channel, confirmed);
    const first = held.queues.watchAll();
    expect(await next(first)).toEqual([]);
    await images.store.registerQueues([images.queue]);
    await vi.waitFor(() => expect(held.feed.counts.get(channel)).toBe(1));

    await first.return();
    await using watch = held.queues.watchAll();
    const before = held.store.namesTold;
    const told = next(watch);
    await vi.waitFor(() => expect(held.store.namesTold).toBe(before + 1));
    confirmed.open();

    expect(await told).toMatchObject([{ name: images.queue, waiting: 0 }]);
    await images.create();
    expect(await next(watch)).toMatchObject([{ name: images.queue, waiting: 1 }]);
  });

  test('are made of a queue that another watcher has found', async () => {
    await using held = new HeldWatches(shared);
    await using images = new TestStore(held.settings);
    await using first = held.queues.watchAll();
    expect(await next(first)).toEqual([]);
    // Of which nobody is told.
    await images.redis.sadd(images.store.queuesChannel, images.queue);

    await using second = held.queues.watchAll();
    expect(await next(second)).toMatchObject([{ name: images.queue }]);

    expect(await next(first)).toMatchObject([{ name: images.queue }]);
  });

  test('find a queue of which nobody has told', { timeout: 30_000 }, async () => {
    await using held = new HeldWatches(shared);
    await using images = new TestStore(held.settings);
    await using workers = held.workers.watch();
    await using activity = held.queues.activities.watch({ minutes: 5 });
    expect(await next(workers)).toMatchObject({ workers: [] });
    expect(await next(activity)).toHaveLength(5);

    await images.present(1, w1);
    await images.create();
    await images.redis.sadd(images.store.queuesChannel, images.queue);

    expect((await next(workers)).workers).toHaveLength(1);
    let enqueued = 0;
    while (enqueued === 0) for (const minute of await next(activity)) enqueued += minute.enqueued;
    expect(enqueued).toBe(1);
  });
});

test('looks are made one after the other with a pause between them, and numbered in their order', async () => {
  const pauseMs = 100;
  const began: number[] = [];
  const numbers: number[] = [];
  const done = new Gate();
  const looks = new Looks<number>({
    pauseMs,
    look: async () => began.push(performance.now()),
    tell({ number, seen }) {
      numbers.push(number);
      if (seen === 3) return done.open();
      for (let count = 0; count < 5; count += 1) looks.soon();
    },
    failures: new Failures(testLogger, 'it could not be looked at'),
  });
  looks.soon();
  looks.soon();
  await done.opened;
  looks.stop();

  expect(began).toHaveLength(3);
  for (const [index, at] of began.slice(1).entries()) {
    // A timer may be a millisecond early.
    expect(at - (began[index] ?? 0)).toBeGreaterThan(pauseMs - 2);
  }
  expect(numbers).toEqual(numbers.toSorted((one, other) => one - other));
});

test('a look that fails is made again, and one that was stopped meanwhile is told to nobody', async () => {
  const told: number[] = [];
  const failures: unknown[] = [];
  let count = 0;
  const [begun, held, done] = [new Gate(), new Gate(), new Gate()];
  const looks = new Looks<number>({
    pauseMs: 1,
    async look() {
      count += 1;
      const which = count;
      if (which === 1) throw new Error('no');
      if (which === 2) {
        begun.open();
        await held.opened;
      }
      return which;
    },
    tell({ seen }) {
      told.push(seen);
      done.open();
    },
    failures: new Failures(testLogger, 'it could not be looked at'),
    fail: (error) => failures.push(error),
  });
  looks.soon();
  await begun.opened;
  looks.stop();
  looks.soon();
  await done.opened;
  held.open();
  await held.opened;
  looks.stop();

  expect(failures).toEqual([new Error('no')]);
  expect(told).toEqual([3]);
});

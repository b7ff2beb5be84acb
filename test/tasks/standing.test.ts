import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { defineTask } from '../../src/index.ts';
import { connectTasks } from '../../src/tasks/tasks.ts';
import { Gate } from '../support/definitions.ts';
import { freshSettings, sharedStores, testLogger } from '../support/stores.ts';
import { TestStore } from '../support/store.ts';
import { TestTasks } from '../support/tasks.ts';

const short = defineTask({ name: 'short', run: () => delay(50) });

describe.each(sharedStores)('where a task stands, in $name', (shared) => {
  test('its position is how many go before it, by time and priority, and null where it waits for no slot', async () => {
    const redis = freshSettings(shared);
    const other = defineTask({ name: 'other', run: () => undefined });
    await using tasks = await connectTasks({ redis, definitions: [short, other], logger: testLogger });
    const first = await tasks.enqueue(short, {});
    const second = await tasks.enqueue(other, {});
    const third = await tasks.enqueue(short, {});
    const urgent = await tasks.enqueue(short, {}, { priority: 60 });
    const later = await tasks.enqueue(short, {}, { delayMs: 60_000 });
    const all = [first, second, third, urgent, later];
    const positions = async () =>
      (await Promise.all(all.map((task) => tasks.standing(task)))).map(({ position }) => position);

    expect(await positions()).toEqual([2, 3, 4, 1, undefined]);
    await tasks.prioritize(third.id, 120);
    await tasks.cancel(first.id);
    expect(await positions()).toEqual([undefined, 3, 1, 2, undefined]);
    // What is paused goes before nobody.
    await tasks.queues.pauseDefinition('short');
    expect(await positions()).toEqual([undefined, 1, 1, 2, undefined]);
  });

  test('of a task with a limit key the position is at least so, and nobody says when it begins', async () => {
    const keyed = defineTask({
      name: 'keyed',
      input: (t) => ({ tenant: t.string({ required: true }) }),
      limit: { concurrency: 1, key: ({ tenant }) => tenant },
      run: () => undefined,
    });
    const redis = freshSettings(shared);
    await using tasks = await connectTasks({ redis, definitions: [keyed], logger: testLogger });
    const enqueued = [];
    for (const tenant of ['a', 'a', 'b']) enqueued.push(await tasks.enqueue(keyed, { tenant }));

    const standings = await Promise.all(enqueued.map((task) => tasks.standing(task)));

    expect(standings).toMatchObject([
      { position: 1, startsAt: undefined },
      { position: 2, startsAt: undefined },
      { position: 1, startsAt: undefined },
    ]);
  });

  test('when a task begins is estimated within a factor of two, from how long runs took', async () => {
    const redis = freshSettings(shared);
    await using tests = await TestTasks.start([short], { redis, concurrency: 4 });
    await tests.finished((await tests.tasks.enqueue(short, {})).id);
    const tasks = await Promise.all(Array.from({ length: 50 }, () => tests.tasks.enqueue(short, {})));
    const estimates = await Promise.all(tasks.map((task) => tests.tasks.standing(task)));
    const askedAt = Date.now();
    await using store = new TestStore(redis, 'default');
    const meanMs = Number(await store.redis.hget(`${store.root}:pace`, short.name));

    const ended = [];
    for (const { id } of tasks) ended.push(await tests.finished(id));
    // On a machine that is busy with other things runs take longer than before, which nobody foresees.
    const tookMs =
      ended.reduce((sum, task) => sum + (task.finishedAt ?? 0) - (task.startedAt ?? 0), 0) / ended.length;
    const ratios = ended.flatMap(({ startedAt = 0 }, index) => {
      const { startsAt, position = 0 } = estimates[index] ?? {};
      // Those that begin at once, or within a run or two, say nothing about the estimate.
      if (startsAt === undefined || position <= 8) return [];
      return [(startedAt - askedAt) / (startsAt - askedAt) / (tookMs / meanMs)];
    });

    expect(ratios.length).toBeGreaterThan(30);
    // One that a busy machine has held up says nothing about the others.
    const near = ratios.filter((ratio) => ratio > 0.5 && ratio < 2);
    expect(near.length).toBeGreaterThanOrEqual(0.9 * ratios.length);
  });

  test('the limit of a definition delays what it is for, and lets others by', async () => {
    const gate = new Gate();
    const limited = defineTask({ name: 'limited', limit: { concurrency: 1 }, run: () => gate.opened });
    const redis = freshSettings(shared);
    await using tests = await TestTasks.start([limited, short], { redis, concurrency: 2 });
    const { tasks } = tests;
    await tests.finished((await tasks.enqueue(short, {})).id);
    const holder = await tasks.enqueue(limited, {});
    await tests.reached(holder.id, ({ status }) => status === 'RUNNING');
    const held = await Promise.all([1, 2].map(() => tasks.enqueue(limited, {})));
    // None of them has ever ended: nobody knows how long they take.
    expect(await tasks.standing(held[1] ?? holder)).toMatchObject({ position: 2, startsAt: undefined });

    // They hold one slot of the two, for however long.
    const free = await tasks.enqueue(short, {}, { delayMs: 60_000 });

    expect((await tasks.standing(free)).startsAt).toBe(free.nextAttemptAt);
    gate.open();
  });

  test('nobody can say when a task begins that is paused, that no worker serves, or that a rate decides about', async () => {
    const rated = defineTask({
      name: 'rated',
      limit: { rate: { count: 1, per: '1m' } },
      run: () => undefined,
    });
    const redis = freshSettings(shared);
    await using tests = await TestTasks.start([short, rated], { redis, workers: 0 });
    const { tasks } = tests;
    const { id, queue } = await tasks.enqueue(short, {});
    const estimate = async () => (await tasks.standing({ id, queue })).startsAt;
    expect(await estimate()).toBeUndefined();

    await tasks.queues.pauseDefinition('short');
    await tests.startWorker();
    expect(await estimate()).toBeUndefined();
    const first = await tasks.enqueue(rated, {});
    await tests.finished(first.id);
    expect((await tasks.standing(await tasks.enqueue(rated, {}))).startsAt).toBeUndefined();
    // One that waits for its time is estimated for that, if a slot is free.
    await tasks.queues.resumeDefinition('short');
    await tests.finished(id);
    const later = await tasks.enqueue(short, {}, { delayMs: 60_000 });
    expect((await tasks.standing(later)).startsAt).toBe(later.nextAttemptAt);
    expect(await tasks.standing({ id, queue })).toMatchObject({ position: undefined, startsAt: undefined });
  });
});

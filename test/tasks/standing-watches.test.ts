import { describe, expect, test, vi } from 'vitest';
import { defineTask } from '../../src/index.ts';
import { double, Gate } from '../support/definitions.ts';
import { freshSettings, sharedStores } from '../support/stores.ts';
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

    const watch = tasks.watch(id, { tellsStanding: true });
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

    const [one, two] = [tasks.watch(id, { tellsStanding: true }), tasks.watch(id, { tellsStanding: true })];
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
    const watch = tasks.watch(id, { tellsStanding: true });
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
});

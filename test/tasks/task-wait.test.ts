import { describe, expect, test, vi } from 'vitest';
import { defineTask } from '../../src/index.ts';
import { Standings } from '../../src/tasks/standings.ts';
import type { Task } from '../../src/tasks/task.ts';
import { Gate } from '../support/definitions.ts';
import { TestStore } from '../support/store.ts';
import { freshSettings, sharedStores } from '../support/stores.ts';
import { TestTasks } from '../support/tasks.ts';

/** A definition whose runs go on until the gate is opened. */
function held(gate: Gate, name = 'held') {
  return defineTask({ name, queue: 'images', run: () => gate.opened });
}

describe.each(sharedStores)('why a task waits, in $name', (shared) => {
  const start = (...[definitions, options]: Parameters<typeof TestTasks.start>) =>
    TestTasks.start(definitions, { redis: freshSettings(shared), ...options });

  /** The reasons and what is said of them. */
  const waitsOf = async ({ tasks }: TestTasks, task: Pick<Task, 'id' | 'queue'>) =>
    (await tasks.standing(task)).waits.map(({ reason, message }) => [reason, message]);

  test('is that nobody serves its queue, its definition, or its version', async () => {
    const plain = held(new Gate());
    const changed = defineTask({ name: 'held', queue: 'images', input: (t) => ({ n: t.int() }), run() {} });
    const foreign = held(new Gate(), 'foreign');
    await using tests = await start([plain], { workers: 0 });
    const task = await tests.tasks.enqueue('held', {});

    expect(await waitsOf(tests, task)).toEqual([['NO_WORKER', 'No worker serves the queue images.']]);
    await tests.startWorker([foreign]);
    expect(await waitsOf(tests, task)).toEqual([['NO_WORKER', 'No worker of the queue images serves held.']]);
    await tests.startWorker([changed]);
    const [[reason, message] = []] = await waitsOf(tests, task);
    expect(reason).toBe('NO_WORKER');
    expect(message).toMatch(
      /^No worker serves held in the version [0-9a-f]{12}; those there serve [0-9a-f]{12}\.$/,
    );
    expect(message).toContain(task.definitionVersion);
    await tests.startWorker([plain]);
    await tests.reached(task.id, ({ status }) => status === 'RUNNING');
    expect(await waitsOf(tests, task)).toEqual([]);
    for (const { id } of tests.workers) await tests.tasks.workers.drain(id, {});
    expect(await waitsOf(tests, await tests.tasks.enqueue('held', {}))).toEqual([
      ['NO_WORKER', expect.stringMatching(/^No worker that serves it has slots to give: they are drained,/)],
    ]);
  });

  test('is a pause of its queue, of its definition, or both; who did it and why is for operators', async () => {
    await using tests = await start([held(new Gate())], { workers: 0 });
    const { tasks } = tests;
    const { queues } = tasks;
    const task = await tasks.enqueue('held', {});
    await tests.startWorker([held(new Gate(), 'other')]);
    await queues.pause('images', { actor: 'ann', reason: 'deploy' });
    await queues.pauseDefinition('held');

    const { waits } = await tasks.standing(task);

    expect(waits.map(({ reason }) => reason)).toEqual(['QUEUE_PAUSED', 'DEFINITION_PAUSED', 'NO_WORKER']);
    const at = String.raw`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC`;
    expect(waits[0]?.message).toMatch(new RegExp(`^The queue images is paused since ${at}\\.$`));
    expect(waits[0]?.operatorMessage).toMatch(
      new RegExp(`^The queue images is paused since ${at} by ann: deploy\\.$`),
    );
    expect(waits[1]?.message).toMatch(new RegExp(`^The definition held is paused since ${at}\\.$`));
    // What is due later would not begin then, either.
    const later = await tasks.enqueue('held', {}, { delayMs: 60_000 });
    expect((await tasks.standing(later)).waits.map(({ reason }) => reason)).toEqual([
      'SCHEDULED',
      'QUEUE_PAUSED',
      'DEFINITION_PAUSED',
    ]);
    await queues.resume('images');
    await queues.resumeDefinition('held');
    expect((await tasks.standing(task)).waits.map(({ reason }) => reason)).toEqual(['NO_WORKER']);
  });

  test('is that all slots are busy, and how many go before it', async () => {
    const gate = new Gate();
    await using tests = await start([held(gate)], { concurrency: 2 });
    const { tasks } = tests;
    const running = await Promise.all([1, 2].map(() => tasks.enqueue('held', {})));
    for (const { id } of running) await tests.reached(id, ({ status }) => status === 'RUNNING');
    const [first, second, third] = [
      await tasks.enqueue('held', {}),
      await tasks.enqueue('held', {}),
      await tasks.enqueue('held', {}),
    ];

    expect(await waitsOf(tests, first)).toEqual([['WORKERS_BUSY', 'All slots that serve it are busy.']]);
    expect(await waitsOf(tests, second)).toEqual([
      ['WORKERS_BUSY', 'All slots that serve it are busy. 1 task is before it.'],
    ]);
    const { waits } = await tasks.standing(third);
    expect(waits[0]?.operatorMessage).toBe('All 2 slots that serve it are busy. 2 tasks are before it.');
    gate.open();
    await tests.finished(third.id);
    expect(await waitsOf(tests, third)).toEqual([]);
  });

  test('is the limit of its queue, its definition or its key, with how many hold it', async () => {
    const gate = new Gate();
    const limited = defineTask({
      name: 'limited',
      queue: 'images',
      input: (t) => ({ tenant: t.string({ required: true }) }),
      limit: [{ concurrency: 2 }, { concurrency: 1, key: ({ tenant }) => tenant }],
      run: () => gate.opened,
    });
    await using tests = await start([limited, held(gate)], { concurrency: 5 });
    const { tasks } = tests;
    const enqueue = (tenant: string) => tasks.enqueue(limited, { tenant });
    const isRunning = ({ status }: Task) => status === 'RUNNING';
    await tests.reached((await enqueue('a')).id, isRunning);
    const ofKey = await enqueue('a');
    const keyFull: [string, string] = [
      'KEY_LIMIT',
      "Its key's limit lets 1 of limited run at once, and 1 does.",
    ];
    expect(await waitsOf(tests, ofKey)).toEqual([keyFull]);

    await tests.reached((await enqueue('b')).id, isRunning);
    const ofAll = await enqueue('c');
    const definitionFull: [string, string] = [
      'DEFINITION_LIMIT',
      'Its limit lets 2 of limited run at once, and 2 do.',
    ];
    expect(await waitsOf(tests, ofKey)).toEqual([definitionFull, keyFull]);
    expect(await waitsOf(tests, ofAll)).toEqual([definitionFull]);

    await tasks.queues.setLimits('images', { limit: { concurrency: 2 } });
    const other = await tasks.enqueue('held', {});
    expect(await waitsOf(tests, other)).toEqual([
      ['QUEUE_LIMIT', expect.stringMatching(/^The limit of the queue images lets 2 run at once, and 2 do\./)],
    ]);
    gate.open();
    for (const { id } of [ofKey, ofAll, other]) await tests.finished(id);
  });

  test('is a rate, and until when', async () => {
    const rated = defineTask({
      name: 'rated',
      limit: { rate: { count: 1, per: '1h' } },
      run() {},
    });
    await using tests = await start([rated]);
    const { startedAt = 0 } = await tests.finished((await tests.tasks.enqueue(rated, {})).id);
    const { waits } = await tests.tasks.standing(await tests.tasks.enqueue(rated, {}));

    expect(waits).toEqual([
      expect.objectContaining({
        reason: 'RATE_LIMIT',
        message: expect.stringMatching(
          /^Its limit lets 1 of rated begin in 3600 s; the next one may at .* UTC\.$/,
        ) as string,
      }),
    ]);
    expect(Math.abs((waits[0]?.until ?? 0) - startedAt - 3_600_000)).toBeLessThan(5_000);
  });

  test('is how many of it one worker runs, though that has free slots', async () => {
    const gate = new Gate();
    const single = defineTask({ name: 'single', concurrency: 1, run: () => gate.opened });
    await using tests = await start([single], { concurrency: 3 });
    const { id } = await tests.tasks.enqueue(single, {});
    await tests.reached(id, ({ status }) => status === 'RUNNING');
    const next = await tests.tasks.enqueue(single, {});

    expect(await waitsOf(tests, next)).toEqual([
      ['WORKER_LIMIT', 'Each worker runs only 1 of single at once, and does.'],
    ]);
    gate.open();
    await tests.finished(next.id);
  });

  test('is its time, or that of its next attempt', async () => {
    const failing = defineTask({
      name: 'failing',
      retry: { backoff: { initial: '1h', jitter: 0 } },
      run() {
        throw new Error('not yet');
      },
    });
    await using tests = await start([failing]);
    const { tasks } = tests;
    const later = await tasks.enqueue(failing, {}, { delayMs: 60_000 });
    const { id } = await tasks.enqueue(failing, {});
    const failed = await tests.reached(id, ({ status }) => status === 'RETRYING');
    const text = (ms = 0) => `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')} UTC`;

    expect((await tasks.standing(later)).waits).toEqual([
      {
        reason: 'SCHEDULED',
        message: `It is due at ${text(later.nextAttemptAt)}.`,
        until: later.nextAttemptAt,
      },
    ]);
    expect((await tasks.standing(failed)).waits).toEqual([
      {
        reason: 'RETRY_BACKOFF',
        message: `An attempt failed; it is tried again at ${text(failed.nextAttemptAt)}.`,
        until: failed.nextAttemptAt,
      },
    ]);
  });

  test('is, while it runs, that it waits for its children, and then for room to go on', async () => {
    const gates = { child: new Gate(), next: new Gate() };
    const parent = defineTask({
      name: 'parent',
      input: (t) => ({ hasChild: t.boolean({ required: true }) }),
      limit: { concurrency: 1 },
      async run({ hasChild }, { enqueue }) {
        if (hasChild) await (await enqueue(child, {})).result();
        else await gates.next.opened;
      },
    });
    const child = defineTask({ name: 'child', run: () => gates.child.opened });
    await using tests = await start([parent, child], { concurrency: 2 });
    const { tasks } = tests;
    const task = await tasks.enqueue(parent, { hasChild: true });
    await tests.reached(task.id, ({ status }) => status === 'RUNNING');
    await vi.waitFor(async () =>
      expect(await waitsOf(tests, task)).toEqual([
        ['CHILDREN', 'Its run waits for its children, and then for a slot of its worker.'],
      ]),
    );

    // It takes the place that is free meanwhile.
    const next = await tasks.enqueue(parent, { hasChild: false });
    await tests.reached(next.id, ({ status }) => status === 'RUNNING');
    gates.child.open();
    await vi.waitFor(
      async () =>
        expect(await waitsOf(tests, task)).toEqual([
          [
            'CHILDREN',
            'The children that its run waited for have ended; it goes on once its limits have room.',
          ],
        ]),
      { timeout: 10_000 },
    );
    gates.next.open();
    await tests.finished(task.id);
    expect(await waitsOf(tests, task)).toEqual([]);
  });

  test('is that it may have taken a worker down, beside others that may', async () => {
    await using store = new TestStore(shared);
    await store.create();
    await store.create();
    const lost = [await store.delivery(), await store.delivery()];
    await store.expire('w1');
    await store.tick();
    await store.present(2);
    await store.delivery();
    const standings = new Standings(store.store);

    const { waits } = await standings.of({ id: lost[1]?.task.id ?? '', queue: store.queue });

    expect(waits).toEqual([
      expect.objectContaining({
        reason: 'SUSPECT',
        message:
          'It was with a worker that was lost: of such tasks a worker runs 1 at once, and those that serve it do.',
      }),
    ]);
  });

  test('is looked up for many tasks at once', async () => {
    await using store = new TestStore(shared);
    const tasks = [];
    for (let count = 0; count < 50; count += 1) tasks.push((await store.create()).task);
    const standings = new Standings(store.store);
    const run = vi.spyOn(store.store, 'run');

    const found = await Promise.all(tasks.map((task) => standings.of(task)));

    expect(found.map(({ waits }) => waits.length)).toEqual(tasks.map(() => 1));
    // Twenty tasks a look.
    expect(run).toHaveBeenCalledTimes(3);
  });
});

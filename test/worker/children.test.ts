import { describe, expect, test } from 'vitest';
import { ChildFailedError, defineTask, NonRetryableError, type TaskDefinition } from '../../src/index.ts';
import type { Task } from '../../src/tasks/task.ts';
import { double, Gate } from '../support/definitions.ts';
import { freshSettings, sharedStores } from '../support/stores.ts';
import { TestStore } from '../support/store.ts';
import { TestTasks } from '../support/tasks.ts';

/** Tries only once, so that a failure is the end. */
const once = { attempts: 1 };

/** Adds up what its children do. */
const steps: TaskDefinition<{ n: number }, { sum: number }> = defineTask({
  name: 'steps',
  input: (t) => ({ n: t.int({ required: true }) }),
  output: (t) => ({ sum: t.int() }),
  async run({ n }, { enqueue }) {
    if (n === 0) return { sum: 0 };
    const child = await enqueue(steps, { n: n - 1 });
    const { sum } = await child.result();
    return { sum: sum + n };
  },
});

/** Fails where the number is odd, for good. */
const evenOnly = defineTask({
  name: 'evenOnly',
  input: (t) => ({ n: t.int({ required: true }) }),
  output: (t) => ({ half: t.int() }),
  run({ n }) {
    if (n % 2 === 1) throw new NonRetryableError('It is odd.', { code: 'ODD' });
    return { half: n / 2 };
  },
});

describe.each(sharedStores)('a run in $name', (shared) => {
  test('waits for its children without a slot: one slot is enough for three levels', async () => {
    await using tests = await start([steps], { concurrency: 1 });
    const { id } = await tests.tasks.enqueue(steps, { n: 3 });
    expect(await tests.finished(id)).toMatchObject({ status: 'SUCCEEDED', output: { sum: 6 }, attempt: 1 });
  });

  test('that has ended enqueues nothing more, also where it had not before', async () => {
    const ended = Promise.withResolvers<void>();
    const late = Promise.withResolvers<unknown>();
    const leaver = defineTask({
      name: 'leaver',
      run(_input, { enqueue }) {
        void ended.promise.then(() => enqueue(double, { n: 1 })).then(late.resolve, late.reject);
      },
    });
    await using tests = await start([leaver, double]);
    const { id } = await tests.tasks.enqueue(leaver, {});
    await tests.finished(id);

    ended.resolve();

    await expect(late.promise).rejects.toThrow('The run has ended');
    expect(await tests.tasks.count({ names: ['double'] })).toMatchObject({ count: 0 });
  });

  test('that has ended waits no longer for what it left behind', async () => {
    const late = Promise.withResolvers<unknown>();
    // It may be rejected before this test looks at it.
    late.promise.catch(() => undefined);
    const sleeper = defineTask({
      name: 'sleeper',
      grace: '1s',
      run: (_input, { signal }) =>
        new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true })),
    });
    const leaver = defineTask({
      name: 'leaver',
      async run(_input, { enqueue }) {
        const child = await enqueue(sleeper, {});
        child.result().then(late.resolve, late.reject);
      },
    });
    await using tests = await start([leaver, sleeper]);
    const { id } = await tests.tasks.enqueue(leaver, {});
    await tests.finished(id);

    await expect(late.promise).rejects.toThrow('The run has ended');

    for (const child of await childrenOf(tests, id)) await tests.tasks.cancel(child.id);
  });

  test('gets outputs with their types, large ones too, and is told of in their records', async () => {
    const at = new Date(0);
    const page = defineTask({
      name: 'page',
      queue: 'pages',
      output: (t) => ({
        url: t.field({ type: 'URL' }),
        dates: t.list(t.field({ type: 'DateTimeISO', nullable: true })),
        text: t.string(),
        note: t.string({ nullable: true }),
      }),
      run: () => ({ url: 'http://127.0.0.1/', dates: [at, null], text: 'x'.repeat(10_000) }),
    });
    const nothing = defineTask({ name: 'nothing', run() {} });
    const told = Promise.withResolvers<unknown>();
    const parent = defineTask({
      name: 'parent',
      async run(_input, { enqueue, all }) {
        const pages = await enqueue(page, {});
        const [{ url, dates, text, note }, none, byName] = await all([
          pages,
          await enqueue(nothing, {}),
          await enqueue('double', { n: 2 }),
        ]);
        told.resolve({ ids: pages.id, url, dates, length: text.length, note, none, byName });
      },
    });
    await using tests = await start([parent, page, nothing, double]);
    const { id } = await tests.tasks.enqueue(parent, {}, { owner: 'ada', trace: '00-a-b-01' });

    expect(await tests.finished(id)).toMatchObject({ status: 'SUCCEEDED' });
    const children = await childrenOf(tests, id);
    expect(await told.promise).toEqual({
      ids: children[0]?.id,
      url: new URL('http://127.0.0.1/'),
      dates: [at, null],
      length: 10_000,
      note: null,
      none: undefined,
      byName: { n: 4 },
    });
    expect(children.map(({ name }) => name)).toEqual(['page', 'nothing', 'double']);
    expect(children.map((child) => [child.parent, child.owner, child.trace])).toEqual(
      Array.from({ length: 3 }, () => [id, 'ada', '00-a-b-01']),
    );
  });

  test('fails with the child that failed, unless that is ignored', async () => {
    const errors: unknown[] = [];
    const parent = defineTask({
      name: 'parent',
      retry: once,
      output: (t) => ({ halves: t.list(t.int({ nullable: true })) }),
      input: (t) => ({ ns: t.intList({ required: true }), ignores: t.string() }),
      async run({ ns, ignores }, { enqueue, all }) {
        const failure = ignores === 'child' ? ('IGNORE' as const) : ('FAIL_PARENT' as const);
        const children = await Promise.all(ns.map((n) => enqueue(evenOnly, { n }, { failure })));
        try {
          const all_ = ignores === 'all' ? await all(children, { failure: 'IGNORE' }) : await all(children);
          return { halves: all_.map((output) => output?.half) };
        } catch (error) {
          errors.push(error);
          throw error;
        }
      },
    });
    await using tests = await start([parent, evenOnly]);
    const run = async (input: { ns: number[]; ignores?: string }): Promise<Task> =>
      await tests.finished((await tests.tasks.enqueue(parent, input)).id);

    const failed = await run({ ns: [2, 3, 4] });
    const [error] = errors;
    const [, child] = await childrenOf(tests, failed.id);

    expect(error).toBeInstanceOf(ChildFailedError);
    expect(error).toMatchObject({ childId: child?.id, status: 'FAILED', failure: { code: 'ODD' } });
    expect(failed).toMatchObject({
      status: 'FAILED',
      failure: {
        code: 'CHILD_FAILED',
        message: `The child task ${child?.id} failed: It is odd.`,
        details: { id: child?.id, status: 'FAILED', code: 'ODD' },
      },
    });
    expect((await run({ ns: [3, 4], ignores: 'child' })).output).toEqual({ halves: [null, 2] });
    expect((await run({ ns: [2, 3], ignores: 'all' })).output).toEqual({ halves: [1, null] });
  });

  test('finds in its next attempt what succeeded or still runs, and enqueues anew what failed', async () => {
    const gate = new Gate();
    const slow = defineTask({
      name: 'slow',
      output: (t) => ({ attempt: t.int() }),
      async run(_input, { attempt }) {
        await gate.opened;
        return { attempt };
      },
    });
    const ids: string[][] = [];
    const flaky = defineTask({
      name: 'flaky',
      retry: once,
      run() {
        if (ids.length < 2) throw new Error('not yet');
      },
    });
    const parent = defineTask({
      name: 'parent',
      retry: { attempts: 2, backoff: { initial: 0 } },
      async run(_input, { enqueue, all }) {
        const twice = [await enqueue(double, { n: 1 }), await enqueue(double, { n: 1 })];
        await all(twice);
        const waiting = await enqueue(slow, {});
        const bad = await enqueue(flaky, {});
        ids.push([...twice, waiting, bad].map(({ id }) => id));
        await bad.result();
        gate.open();
        await waiting.result();
      },
    });
    await using tests = await start([parent, slow, flaky, double]);
    const { id } = await tests.tasks.enqueue(parent, {});

    expect(await tests.finished(id)).toMatchObject({ status: 'SUCCEEDED', attempt: 2 });
    const [first = [], second = []] = ids;
    expect(new Set(first).size).toBe(4);
    expect(second.slice(0, 3)).toEqual(first.slice(0, 3));
    expect(second[3]).not.toBe(first[3]);
    expect(await childrenOf(tests, id)).toHaveLength(5);
  });

  test('is as far as its children by their weights, unless it tells itself', async () => {
    const gates = [new Gate(), new Gate()];
    const half = defineTask({
      name: 'half',
      input: (t) => ({ n: t.int({ required: true }) }),
      async run({ n }, { progress }) {
        await progress(0.5);
        await gates[n]?.opened;
      },
    });
    const parent = defineTask({
      name: 'parent',
      input: (t) => ({ tells: t.boolean({ required: true }) }),
      async run({ tells }, { enqueue, all, progress }) {
        const small = await enqueue(half, { n: 0 });
        const large = await enqueue(half, { n: 1 }, { weight: 3 });
        if (tells) await progress({ fraction: 0.01 });
        await all([small, large]);
      },
    });
    await using tests = await start([parent, half]);
    const { id } = await tests.tasks.enqueue(parent, { tells: false });
    const seen: unknown[] = [];
    for await (const { progress } of tests.tasks.watch(id)) {
      if (progress === undefined) continue;
      seen.push(progress);
      if (progress.fraction === 0.5) gates[0]?.open();
      if (progress.fraction === 0.625) gates[1]?.open();
    }
    const other = await tests.tasks.enqueue(parent, { tells: true });

    expect(seen).toContainEqual({ fraction: 0.5 });
    expect(seen).toContainEqual({ fraction: 0.625 });
    expect(seen.at(-1)).toEqual({ fraction: 1 });
    expect((await tests.finished(other.id)).progress).toEqual({ fraction: 0.01 });
  });

  test('waits for several results side by side', async () => {
    const parent = defineTask({
      name: 'parent',
      output: (t) => ({ sum: t.int() }),
      async run(_input, { enqueue }) {
        const results = await Promise.all(
          [1, 2, 3].map(async (n) => {
            const child = await enqueue(steps, { n });
            return await child.result();
          }),
        );
        const again = await enqueue(steps, { n: 1 });
        const { sum } = await again.result();
        return { sum: results.reduce((sum, result) => sum + result.sum, sum) };
      },
    });
    await using tests = await start([parent, steps], { concurrency: 1 });
    const { id } = await tests.tasks.enqueue(parent, {});
    expect(await tests.finished(id)).toMatchObject({ output: { sum: 11 }, attempt: 1 });
  });

  test('is told what is wrong with a child before anything is enqueued', async () => {
    const errors: unknown[] = [];
    const parent = defineTask({
      name: 'parent',
      async run(_input, { enqueue, all }) {
        const wrong = [
          () => enqueue(double, { n: 'one' as unknown as number }),
          () => enqueue('unknown', {}),
          () => enqueue({ name: 'x', run: () => {} }, {}),
          () => enqueue(double, { n: 1 }, { weight: -1 }),
          () => all([{ id: 'x', result: () => Promise.resolve() }]),
        ];
        for (const call of wrong) await call().catch((error: Error) => errors.push(error.message));
      },
    });
    await using tests = await start([parent, double]);
    const { id } = await tests.tasks.enqueue(parent, {});
    await tests.finished(id);

    expect(errors).toEqual([
      expect.stringContaining("The input of 'double' isn't valid: n:"),
      "There is no task definition 'unknown'. This worker knows: double, parent.",
      'enqueue: expected a definition that defineTask made, or the name of one.',
      'enqueue: weight must be a number of at least 0, got -1',
      'all: expected what `enqueue` of the same run gave.',
    ]);
    expect(await childrenOf(tests, id)).toEqual([]);
  });

  test('whose child vanishes fails with that', async () => {
    const started = new Gate();
    const parent = defineTask({
      name: 'parent',
      retry: once,
      async run(_input, { enqueue }) {
        const child = await enqueue(lonely, {});
        const result = child.result();
        started.open();
        await result;
      },
    });
    const lonely = defineTask({ name: 'lonely', queue: 'elsewhere', run() {} });
    await using tests = await start([parent, lonely], { workers: 0 });
    await tests.startWorker([parent]);
    const { id } = await tests.tasks.enqueue(parent, {});
    await started.opened;
    const [child] = await childrenOf(tests, id);
    await using store = new TestStore(tests.redis, 'elsewhere');
    await store.listenedTo(`state:${child?.id}`);
    await store.vanish(child?.id ?? '');

    const { failure } = await tests.finished(id);
    expect(failure).toMatchObject({ code: 'CHILD_FAILED', details: { code: 'TASK_LOST' } });
  });

  async function start(
    definitions: readonly TaskDefinition[],
    options: { workers?: number; concurrency?: number } = {},
  ) {
    return await TestTasks.start(definitions, { redis: freshSettings(shared), ...options });
  }
});

async function childrenOf({ tasks }: TestTasks, parent: string): Promise<Task[]> {
  const { tasks: found } = await tasks.list({ filter: { parents: [parent] }, direction: 'ASC', limit: 100 });
  return found.map(({ task }) => task);
}

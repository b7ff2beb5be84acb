import { describe, expect, test, vi } from 'vitest';
import { defineTask, type TaskDefinition } from '../../src/index.ts';
import type { Task } from '../../src/tasks/task.ts';
import { double, Gate } from '../support/definitions.ts';
import { freshSettings, sharedStores } from '../support/stores.ts';
import { TestStore } from '../support/store.ts';
import { TestTasks, type TestTasksOptions } from '../support/tasks.ts';

/** How many runs do something at a time, as the runs themselves see it. */
class Counter {
  now = 0;
  most = 0;

  enter(): void {
    this.now += 1;
    this.most = Math.max(this.most, this.now);
  }

  leave(): void {
    this.now -= 1;
  }
}

/** Two children at each level, which count as they come and go. */
function tree(counter: Counter, settings: { limit?: { concurrency: number }; concurrency?: number }) {
  const definition: TaskDefinition<{ depth: number }, { leaves: number }> = defineTask({
    name: 'tree',
    ...settings,
    input: (t) => ({ depth: t.int({ required: true }) }),
    output: (t) => ({ leaves: t.int() }),
    async run({ depth }, { enqueue, all }) {
      counter.enter();
      try {
        // A turn of the event loop, in which others would be seen.
        await new Promise((resolve) => setImmediate(resolve));
        if (depth === 0) return { leaves: 1 };
        const input = { depth: depth - 1 };
        const children = [await enqueue(definition, input), await enqueue(definition, input)];
        counter.leave();
        const outputs = await all(children).finally(() => counter.enter());
        return { leaves: outputs.reduce((sum, { leaves }) => sum + leaves, 0) };
      } finally {
        counter.leave();
      }
    },
  });
  return definition;
}

describe.each(sharedStores)('a run that waits for its children in $name', (shared) => {
  test('holds no place in a limit, and goes on in one', async () => {
    const counter = new Counter();
    const limited = tree(counter, { limit: { concurrency: 1 } });
    await using tests = await start([limited], { workers: 2, concurrency: 3 });
    const { id } = await tests.tasks.enqueue(limited, { depth: 3 });

    expect(await tests.finished(id)).toMatchObject({ status: 'SUCCEEDED', output: { leaves: 8 } });
    expect(counter).toEqual({ now: 0, most: 1 });
    expect(await leftovers(tests)).toEqual([]);
  });

  test('holds no place in a limit of its key', async () => {
    const counter = new Counter();
    const keyed: TaskDefinition<{ depth: number }, void> = defineTask({
      name: 'keyed',
      limit: { concurrency: 1, key: () => 'one' },
      input: (t) => ({ depth: t.int({ required: true }) }),
      async run({ depth }, { enqueue }) {
        if (depth === 0) return;
        const child = await enqueue(keyed, { depth: depth - 1 });
        counter.leave();
        await child.result();
      },
    });
    await using tests = await start([keyed]);
    const { id } = await tests.tasks.enqueue(keyed, { depth: 3 });

    expect(await tests.finished(id)).toMatchObject({ status: 'SUCCEEDED' });
    expect(await leftovers(tests)).toEqual([]);
  });

  test('is none of those that one worker may run at a time', async () => {
    const counter = new Counter();
    const alone = tree(counter, { concurrency: 1 });
    await using tests = await start([alone]);
    const { id } = await tests.tasks.enqueue(alone, { depth: 2 });

    expect(await tests.finished(id)).toMatchObject({ output: { leaves: 4 } });
    expect(counter).toEqual({ now: 0, most: 1 });
  });

  test('goes on in a slot: never more runs do something than the worker has slots', async () => {
    const counter = new Counter();
    const wide = tree(counter, {});
    await using tests = await start([wide], { concurrency: 2 });
    const ids = await Promise.all(
      [1, 2, 3].map(async () => (await tests.tasks.enqueue(wide, { depth: 2 })).id),
    );

    for (const id of ids) expect(await tests.finished(id)).toMatchObject({ output: { leaves: 4 } });
    expect(counter).toEqual({ now: 0, most: 2 });
  });

  test('goes on before what is new, once its limit has room', async () => {
    const order: string[] = [];
    const [childGate, otherGate] = [new Gate(), new Gate()];
    const child = defineTask({ name: 'child', run: () => childGate.opened });
    const limited = defineTask({
      name: 'limited',
      limit: { concurrency: 1 },
      input: (t) => ({ what: t.string({ required: true }) }),
      async run({ what }, { enqueue }) {
        if (what === 'parent') await (await enqueue(child, {})).result();
        order.push(what);
        if (what === 'other') await otherGate.opened;
      },
    });
    await using tests = await start([limited, child]);
    const parent = await tests.tasks.enqueue(limited, { what: 'parent' });
    // Begins as the parent has left its place.
    const other = await tests.tasks.enqueue(limited, { what: 'other' });
    await tests.reached(other.id, ({ status }) => status === 'RUNNING');
    const late = await tests.tasks.enqueue(limited, { what: 'late' });
    childGate.open();
    await using store = new TestStore(tests.redis, 'default');
    await vi.waitFor(async () =>
      expect(await store.redis.smembers(`${store.root}:resuming:limited`)).toEqual([parent.id]),
    );
    otherGate.open();

    await Promise.all([parent, other, late].map(({ id }) => tests.finished(id)));
    expect(order).toEqual(['other', 'parent', 'late']);
    expect(await leftovers(tests)).toEqual([]);
  });

  test('goes on in a slot before what waits for one', async () => {
    const order: string[] = [];
    const [begun, childGate] = [new Gate(), new Gate()];
    const child = defineTask({ name: 'child', queue: 'elsewhere', run: () => childGate.opened });
    const parent = defineTask({
      name: 'parent',
      async run(_input, { enqueue }) {
        const one = await enqueue(child, {});
        begun.open();
        await one.result();
        order.push('parent');
      },
    });
    const step = defineTask({
      name: 'step',
      input: (t) => ({ n: t.int({ required: true }) }),
      async run({ n }) {
        order.push(`${n}`);
        if (n > 0) return;
        childGate.open();
        const [one] = await childrenOf(tests, id);
        await tests.finished(one?.id ?? '');
      },
    });
    await using tests = await start([parent, child, step], { concurrency: 1 });
    const { id } = await tests.tasks.enqueue(parent, {});
    await begun.opened;
    const steps = await Promise.all(Array.from({ length: 30 }, (_, n) => tests.tasks.enqueue(step, { n })));
    await Promise.all([id, ...steps.map(({ id }) => id)].map((id) => tests.finished(id)));

    expect(order).toHaveLength(31);
    expect(order.indexOf('parent')).toBeLessThan(20);
  });

  test('has its children run before what was enqueued after it', async () => {
    const order: string[] = [];
    const leaf = defineTask({
      name: 'leaf',
      input: (t) => ({ who: t.string({ required: true }) }),
      run: ({ who }) => void order.push(`leaf of ${who}`),
    });
    const parent = defineTask({
      name: 'parent',
      input: (t) => ({ who: t.string({ required: true }) }),
      async run({ who }, { enqueue, all }) {
        order.push(`parent ${who}`);
        await all([await enqueue(leaf, { who }), await enqueue(leaf, { who })]);
      },
    });
    await using tests = await start([parent, leaf], { workers: 0, concurrency: 1 });
    const ids: string[] = [];
    for (const who of ['a', 'b', 'c']) ids.push((await tests.tasks.enqueue(parent, { who })).id);
    await tests.startWorker();
    await Promise.all(ids.map((id) => tests.finished(id)));

    expect(order).toEqual(
      ['a', 'b', 'c'].flatMap((who) => [`parent ${who}`, `leaf of ${who}`, `leaf of ${who}`]),
    );
  });

  test('is given back when its worker stops, and goes on elsewhere with the same children', async () => {
    const gate = new Gate();
    const child = defineTask({ name: 'child', queue: 'elsewhere', run: () => gate.opened });
    const parent = defineTask({
      name: 'parent',
      output: (t) => ({ id: t.string(), attempt: t.int() }),
      async run(_input, { enqueue, attempt }) {
        const one = await enqueue(child, {});
        await one.result();
        return { id: one.id, attempt };
      },
    });
    await using tests = await start([parent, child], { workers: 0 });
    const first = await tests.startWorker([parent]);
    const { id } = await tests.tasks.enqueue(parent, {});
    await parked(tests, id);
    await tests.startWorker([parent, child]);
    await first.stop(0);
    gate.open();

    const children = await childrenOf(tests, id);
    expect(await tests.finished(id)).toMatchObject({
      output: { id: children[0]?.id, attempt: 2 },
      attempts: [{ outcome: 'SUPERSEDED' }, { outcome: 'SUCCEEDED' }],
    });
    expect(children).toHaveLength(1);
    expect(await leftovers(tests)).toEqual([]);
  });

  test('hears of a cancel, and its timeout goes on counting', async () => {
    const reasons: unknown[] = [];
    const never = defineTask({ name: 'never', queue: 'elsewhere', run() {} });
    const parent = defineTask({
      name: 'parent',
      retry: { attempts: 1 },
      timeout: '1s',
      async run(_input, { enqueue, signal }) {
        const child = await enqueue(never, {});
        try {
          await child.result();
        } catch (error) {
          reasons.push([error === signal.reason, (error as { code?: unknown }).code]);
          throw error;
        }
      },
    });
    await using tests = await start([parent, never], { workers: 0, concurrency: 1 });
    await tests.startWorker([parent, double]);
    const canceled = await tests.tasks.enqueue(parent, {});
    await parked(tests, canceled.id);
    await tests.tasks.cancel(canceled.id);
    expect(await tests.finished(canceled.id)).toMatchObject({ status: 'CANCELED' });
    const late = await tests.tasks.enqueue(parent, {});
    expect(await tests.finished(late.id)).toMatchObject({ failure: { code: 'TIMED_OUT' } });

    expect(reasons).toEqual([
      [true, 'CANCELED'],
      [true, 'TIMED_OUT'],
    ]);
    expect(await leftovers(tests)).toEqual([]);
    // Its slot is one again, and not two.
    await using store = new TestStore(tests.redis, 'default');
    await vi.waitFor(async () => {
      const worker = `${store.root}:worker:${tests.workers[0]?.id}`;
      expect(await store.redis.hget(worker, 'slots')).toBe('1');
    });
  });

  async function start(definitions: readonly TaskDefinition[], options: TestTasksOptions = {}) {
    return await TestTasks.start(definitions, { redis: freshSettings(shared), ...options });
  }
});

/** Resolves once a run waits for its children. */
async function parked({ redis }: TestTasks, id: string): Promise<void> {
  await using store = new TestStore(redis, 'default');
  await vi.waitFor(async () =>
    expect(await store.redis.hget(`${store.root}:task:${id}`, 'parked')).toBe('1'),
  );
}

/** Keys that nothing may be left of once no run waits. */
async function leftovers({ redis }: TestTasks): Promise<string[]> {
  await using store = new TestStore(redis, 'default');
  const keys = await store.redis.keys(`${store.root}:*`);
  return keys.filter((key) => /:(parked|resuming|slots|outbox)(:|$)/.test(key));
}

async function childrenOf({ tasks }: TestTasks, parent: string): Promise<Task[]> {
  const { tasks: found } = await tasks.list({ filter: { parents: [parent] }, direction: 'ASC', limit: 100 });
  return found.map(({ task }) => task);
}

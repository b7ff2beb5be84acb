import { describe, expect, test } from 'vitest';
import { defineTask } from '../../src/index.ts';
import { createLogger } from '../../src/logger.ts';
import { type Batch, parseBatch } from '../../src/tasks/batch.ts';
import type { BatchItem } from '../../src/tasks/new-batch.ts';
import { QueueRules } from '../../src/tasks/queue-rules.ts';
import { connectTasks } from '../../src/tasks/tasks.ts';
import { double, Gate } from '../support/definitions.ts';
import { RedisServer } from '../support/redis-server.ts';
import { TestStore } from '../support/store.ts';
import { freshSettings, redisServerPath, sharedStores } from '../support/stores.ts';
import { TestTasks } from '../support/tasks.ts';

const even = defineTask({
  name: 'even',
  input: (t) => ({ n: t.int({ required: true }) }),
  validate: ({ n }) => (n % 2 === 0 ? undefined : { message: 'Expected an even number.', path: ['n'] }),
  run: () => undefined,
});

const numbers = (count: number) => Array.from({ length: count }, (_, n) => ({ n }));

/** What an item came to: the id of its task, or the code of what refused it. */
function idOf(item: BatchItem | undefined): string | undefined {
  if (item === undefined) return undefined;
  // Every error here has a code.
  return 'task' in item ? item.task.id : (item.error as { code: string }).code;
}

describe.each(sharedStores)('a batch in $name', (shared) => {
  test('has a task for each input, in order, and is followed as one to its end', async () => {
    await using tests = await TestTasks.start([double], { redis: freshSettings(shared), concurrency: 50 });

    const { batch, items } = await tests.tasks.enqueueBatch(double, numbers(120), { tags: ['spring'] });
    const states = await Array.fromAsync(tests.tasks.watchBatch(batch.id));

    expect(batch).toMatchObject({ name: 'double', queue: 'default', owner: 'anonymous', total: 120 });
    expect(items.map(({ index }) => index)).toEqual(numbers(120).map(({ n }) => n));
    for (const n of [0, 99, 100, 119]) {
      const task = await tests.tasks.get(idOf(items[n]) ?? '');
      expect(task).toMatchObject({ batch: batch.id, tags: ['spring'], output: { n: 2 * n } });
    }
    expectOrder(states);
    expect(states.at(-1)).toMatchObject({
      total: 120,
      counts: { QUEUED: 0, RUNNING: 0, SUCCEEDED: 120, FAILED: 0 },
      isFinal: true,
      progress: 1,
      finishedAt: expect.any(Number),
    });
    expect(states.filter(({ isFinal }) => isFinal)).toHaveLength(1);
    expect(await Array.fromAsync(tests.tasks.watchBatch(batch.id))).toEqual([states.at(-1)]);
  });

  test('refuses an item by itself, which then does not belong to it', async () => {
    await using tests = await TestTasks.start([even], { redis: freshSettings(shared), workers: 0 });

    const { batch, items } = await tests.tasks.enqueueBatch('even', [{ n: 2 }, { n: 3 }, { m: 1 }, { n: 4 }]);

    expect(items).toMatchObject([
      { index: 0, task: { status: 'QUEUED', deduplicated: false } },
      { index: 1, error: { code: 'BAD_USER_INPUT', issues: [{ path: ['n'] }] } },
      { index: 2, error: { code: 'BAD_USER_INPUT', issues: [{ path: ['n'] }, { path: ['m'] }] } },
      { index: 3, task: { status: 'QUEUED' } },
    ]);
    expect(batch).toMatchObject({ total: 2, counts: { QUEUED: 2 }, isFinal: false, progress: 0 });
  });

  test('of which nothing is valid has ended', async () => {
    await using tests = await TestTasks.start([even], { redis: freshSettings(shared), workers: 0 });

    const { batch } = await tests.tasks.enqueueBatch(even, [{ n: 1 }]);

    expect(batch).toMatchObject({ total: 0, isFinal: true, progress: 1, finishedAt: expect.any(Number) });
    expect(await Array.fromAsync(tests.tasks.watchBatch(batch.id))).toEqual([batch]);
  });

  test('with a key is the same batch of the same tasks when the call is repeated', async () => {
    await using tests = await TestTasks.start([double], { redis: freshSettings(shared), workers: 0 });
    const options = { idempotencyKey: 'tuesday', tags: ['spring'] };
    const send = () => tests.tasks.enqueueBatch(double, numbers(120), options);
    const first = await send();
    await tests.tasks.cancel(idOf(first.items[7]) ?? '');

    const [again, another] = await Promise.all([send(), send()]);

    expect(again.batch).toMatchObject({
      id: first.batch.id,
      total: 120,
      counts: { QUEUED: 119, CANCELED: 1 },
    });
    expect(again.items.map(idOf)).toEqual(first.items.map(idOf));
    expect(again.items.map((item) => 'task' in item && item.task.deduplicated)).not.toContain(false);
    expect(another.items.map(idOf)).toEqual(first.items.map(idOf));
    expect(await tests.tasks.count()).toEqual({ count: 120, exact: true });
    expect(await tests.tasks.getBatch(first.batch.id)).toMatchObject({ total: 120 });
  });

  test('has a key that stands for all of its inputs, and for no single task', async () => {
    await using tests = await TestTasks.start([double], { redis: freshSettings(shared), workers: 0 });
    const options = { idempotencyKey: 'tuesday' };
    const { batch } = await tests.tasks.enqueueBatch(double, numbers(2), options);

    await expect(tests.tasks.enqueueBatch(double, numbers(3), options)).rejects.toMatchObject({
      code: 'IDEMPOTENCY_KEY_REUSED',
      batchId: batch.id,
    });
    expect(await tests.tasks.enqueue(double, { n: 0 }, options)).toMatchObject({ deduplicated: false });
    expect((await tests.tasks.enqueueBatch(double, numbers(2), options)).batch.id).toBe(batch.id);
    const { batch: ofAda } = await tests.tasks.enqueueBatch(double, numbers(3), { ...options, owner: 'ada' });
    expect(ofAda.id).not.toBe(batch.id);
  });

  test('whose call broke off half-way is completed by the same call', async () => {
    const redis = freshSettings(shared);
    const [reached, gate] = [new Gate(), new Gate()];
    const slow = defineTask({
      name: 'slow',
      input: (t) => ({ n: t.int({ required: true }) }),
      async validate({ n }) {
        if (n === 150) {
          reached.open();
          await gate.opened;
        }
      },
      run: () => undefined,
    });
    const options = { idempotencyKey: 'tuesday' };
    const broken = await connectTasks({
      redis,
      definitions: [slow],
      logger: createLogger({ level: 'silent' }),
    });
    const call = broken.enqueueBatch(slow, numbers(250), options).catch((error: unknown) => error);
    await reached.opened;
    const { tasks: written } = await broken.list({ direction: 'ASC', limit: 100 });
    await Promise.all(written.map(({ task }) => broken.cancel(task.id)));
    const id = written[0]?.task.batch ?? '';
    expect(await broken.getBatch(id)).toMatchObject({ total: 250, isFinal: false, progress: 0.4 });
    await broken.close();
    gate.open();
    expect(await call).toMatchObject({ code: 'UNAVAILABLE' });

    await using tests = await TestTasks.start([slow], { redis, workers: 0 });
    const { batch, items } = await tests.tasks.enqueueBatch(slow, numbers(250), options);

    expect(batch).toMatchObject({ id, total: 250, counts: { CANCELED: 100, QUEUED: 150 } });
    const deduplicated = items.filter((item) => 'task' in item && item.task.deduplicated);
    expect(deduplicated.map(({ index }) => index)).toEqual(numbers(100).map(({ n }) => n));
  });

  test('takes what a full queue had refused when the call is repeated', async () => {
    await using tests = await TestTasks.start([double], { redis: freshSettings(shared), workers: 0 });
    await using store = new TestStore(tests.redis, 'default');
    const rules = new QueueRules(store.store);
    await rules.limit('default', { maxWaiting: 3 });
    const send = () => tests.tasks.enqueueBatch(double, numbers(5), { idempotencyKey: 'tuesday' });

    const first = await send();
    await rules.limit('default', { maxWaiting: null });
    const again = await send();

    expect(first.items.slice(3).map(idOf)).toEqual(['QUEUE_FULL', 'QUEUE_FULL']);
    expect(first.batch).toMatchObject({ total: 3, counts: { QUEUED: 3 } });
    expect(again.items.slice(0, 3).map(idOf)).toEqual(first.items.slice(0, 3).map(idOf));
    expect(again.batch).toMatchObject({ id: first.batch.id, total: 5, counts: { QUEUED: 5 } });
  });

  test('has only tasks of its own: those that stand for an item by a singleton key are not counted', async () => {
    const single = defineTask({
      name: 'single',
      input: (t) => ({ n: t.int({ required: true }) }),
      singleton: { key: ({ n }) => String(n) },
      run: () => undefined,
    });
    await using tests = await TestTasks.start([single], { redis: freshSettings(shared), workers: 0 });
    const { id } = await tests.tasks.enqueue(single, { n: 1 });
    const send = () =>
      tests.tasks.enqueueBatch(single, [{ n: 1 }, { n: 2 }, { n: 2 }], { idempotencyKey: 'tuesday' });

    const { batch, items } = await send();
    await tests.tasks.cancel(id);
    const again = await send();

    expect(items.map(idOf)).toEqual([id, idOf(items[1]), idOf(items[1])]);
    expect(items).toMatchObject([true, false, true].map((deduplicated) => ({ task: { deduplicated } })));
    expect(batch).toMatchObject({ total: 1, counts: { QUEUED: 1 } });
    expect(again.items.map(idOf)).toEqual(items.map(idOf));
    expect(again.batch).toMatchObject({ total: 1, counts: { QUEUED: 1 } });
  });

  test('repeated answers with the task that stood for an item, also where that has failed', async () => {
    const single = defineTask({
      name: 'single',
      input: (t) => ({ n: t.int({ required: true }) }),
      singleton: { key: ({ n }) => String(n) },
      run: () => undefined,
    });
    await using tests = await TestTasks.start([single], { redis: freshSettings(shared), workers: 0 });
    await using store = new TestStore(tests.redis, 'default');
    const task = await tests.tasks.enqueue(single, { n: 1 });
    const send = () => tests.tasks.enqueueBatch(single, [{ n: 1 }], { idempotencyKey: 'tuesday' });
    await send();
    await store.fail(await store.delivery({ worker: 'w1', lines: [`single:${task.definitionVersion}`] }), {
      retryable: false,
    });

    const { batch, items } = await send();

    expect(items).toMatchObject([{ task: { id: task.id, status: 'FAILED', deduplicated: true } }]);
    expect(batch).toMatchObject({ total: 0, isFinal: true });
  });

  test('that has ended is under way again when one of its tasks is retried by hand', async () => {
    await using tests = await TestTasks.start([double], { redis: freshSettings(shared), workers: 0 });
    const { batch, items } = await tests.tasks.enqueueBatch(double, numbers(2));
    const watch = Array.fromAsync(tests.tasks.watchBatch(batch.id));
    for (const item of items) await tests.tasks.cancel(idOf(item) ?? '');
    expect((await watch).at(-1)).toMatchObject({ isFinal: true, finishedAt: expect.any(Number) });

    await tests.tasks.retry(idOf(items[0]) ?? '');

    const reopened = await tests.tasks.getBatch(batch.id);
    expect(reopened).toMatchObject({ counts: { QUEUED: 1, CANCELED: 1 }, isFinal: false, progress: 0.5 });
    expect(reopened).not.toHaveProperty('finishedAt');
    const { task } = await tests.tasks.cancel(idOf(items[0]) ?? '');
    expect(await tests.tasks.getBatch(batch.id)).toMatchObject({
      isFinal: true,
      finishedAt: task.finishedAt,
    });
  });

  test('is kept while something in it is under way, then for a month, and never comes back in parts', async () => {
    await using tests = await TestTasks.start([double], { redis: freshSettings(shared), workers: 0 });
    await using store = new TestStore(tests.redis, 'default');
    const [ended, gone] = [
      await tests.tasks.enqueueBatch(double, numbers(1)),
      await tests.tasks.enqueueBatch(double, numbers(1)),
    ];
    const keyOf = ({ batch }: { batch: Batch }) => `${store.root}:batch:${batch.id}`;
    expect(await store.redis.pttl(keyOf(ended))).toBe(-1);
    await tests.tasks.cancel(idOf(ended.items[0]) ?? '');
    expect(await store.redis.pttl(keyOf(ended))).toBeGreaterThan(29 * 86_400_000);

    await store.redis.del(keyOf(gone));
    await tests.tasks.cancel(idOf(gone.items[0]) ?? '');

    expect(await store.redis.exists(keyOf(gone))).toBe(0);
    const watch = tests.tasks.watchBatch(gone.batch.id);
    await expect(watch.next()).rejects.toMatchObject({ code: 'BATCH_NOT_FOUND' });
  });

  test('keeps its tasks as long as its key, so that none is written anew', async () => {
    const brief = defineTask({
      name: 'brief',
      input: (t) => ({ n: t.int() }),
      retention: '1s',
      run: () => undefined,
    });
    await using tests = await TestTasks.start([brief], { redis: freshSettings(shared), workers: 0 });
    await using store = new TestStore(tests.redis, 'default');
    const removal = async (options: { idempotencyKey?: string }) => {
      const { items } = await tests.tasks.enqueueBatch(brief, numbers(1), options);
      const id = idOf(items[0]) ?? '';
      await tests.tasks.cancel(id);
      return Number(await store.redis.zscore(`${store.root}:removals`, id)) - Date.now();
    };

    expect(await removal({})).toBeLessThanOrEqual(1_000);
    expect(await removal({ idempotencyKey: 'tuesday' })).toBeGreaterThan(86_000_000);
  });

  test('leaves one policy in the store, however long its key is to hold to the millisecond', async () => {
    await using tests = await TestTasks.start([double], { redis: freshSettings(shared), workers: 0 });
    await using store = new TestStore(tests.redis, 'default');
    for (const idempotencyKeyMs of [864_000_000, 863_999_999, 863_999_998]) {
      const idempotencyKey = `for ${idempotencyKeyMs}`;
      await tests.tasks.enqueueBatch(double, numbers(1), { idempotencyKey, idempotencyKeyMs });
    }

    expect(await store.redis.hlen(`${store.root}:policies`)).toBe(1);
  });
});

test.each([
  ['no inputs', 0, {}, ['inputs']],
  ['more than 1,000', 1_001, {}, ['inputs']],
  ['tags that cannot be used', 1, { tags: [''] }, ['options', 'tags', 0]],
  ['a priority that cannot be used', 1, { priority: 0.5 }, ['options', 'priority']],
  ['an empty key', 1, { idempotencyKey: '' }, ['options', 'idempotencyKey']],
])('%s: refused as a whole, and nothing is written', async (_, count, options, path) => {
  await using tests = await TestTasks.start([double], { workers: 0 });

  await expect(tests.tasks.enqueueBatch(double, numbers(count), options)).rejects.toMatchObject({
    code: 'BAD_USER_INPUT',
    issues: [{ path }],
  });
  expect(await tests.tasks.count()).toEqual({ count: 0, exact: true });
});

test('a batch that a repeated call is adding to has what was added already', () => {
  const state = { id: 'default_batch_1', total: 3, counts: { SUCCEEDED: 3, QUEUED: 2 }, finishedAt: 1 };

  const batch = parseBatch(JSON.stringify(state));

  expect(batch).toMatchObject({ total: 5, isFinal: false, progress: 0.6 });
  expect(batch).not.toHaveProperty('finishedAt');
});

test.runIf(redisServerPath)('a thousand tasks are written by a dozen scripts', async () => {
  await using server = await RedisServer.start(redisServerPath ?? '');
  await using tests = await TestTasks.start([double], { redis: { url: server.url }, workers: 0 });
  await using store = new TestStore(tests.redis, 'default');
  await tests.enqueueWhenReady(double, { n: 0 });
  // From their second call on scripts are functions of the server.
  await tests.tasks.enqueueBatch(double, numbers(2));
  const scripts = async () => {
    const stats = await store.redis.info('commandstats');
    return [...stats.matchAll(/cmdstat_(?:evalsha|eval|fcall):calls=(\d+)/g)].reduce(
      (sum, [, calls]) => sum + Number(calls),
      0,
    );
  };
  const before = await scripts();

  const { batch } = await tests.tasks.enqueueBatch(double, numbers(1_000));

  expect(batch.total).toBe(1_000);
  // Beside those of the clock, which looks once a second.
  expect((await scripts()) - before).toBeLessThan(25);
});

function expectOrder(states: readonly Batch[]): void {
  const versions = states.map(({ version }) => version);
  expect(versions).toEqual([...new Set(versions)].toSorted((a, b) => a - b));
}

import { describe, expect, test } from 'vitest';
import { defineTask } from '../../src/index.ts';
import { idempotencyOf } from '../../src/tasks/idempotency.ts';
import type { Idempotency } from '../../src/tasks/new-task.ts';
import { countOfQueue } from '../../src/tasks/store-list.ts';
import { double } from '../support/definitions.ts';
import { TestStore } from '../support/store.ts';
import { sharedStores } from '../support/stores.ts';
import { TestTasks } from '../support/tasks.ts';

const hourMs = 3_600_000;

describe.each(sharedStores)('an idempotency key in $name', (shared) => {
  test('gives the task that it enqueued before, whatever has become of that', async () => {
    await using tests = new TestStore(shared);
    const { task } = await tests.create({ idempotency: key() });
    expect(await tests.create({ idempotency: key() })).toMatchObject({
      status: 'WAS_THERE',
      task,
      hints: [],
    });
    const delivery = await tests.delivery();
    expect(await again(tests)).toMatchObject(['WAS_THERE', task.id]);
    await tests.succeed(delivery);

    expect(await again(tests)).toMatchObject(['WAS_THERE', task.id]);
    expect((await tests.begin()).delivery).toBeUndefined();
  });

  test('refuses another input, and says which task has it', async () => {
    await using tests = new TestStore(shared);
    const { task } = await tests.create({ idempotency: key() });

    expect(await again(tests, key({ input: { n: 2 } }))).toEqual(['KEY_REUSED', task.id]);
    expect(await countOfQueue(tests.store, tests.queue, {})).toMatchObject({ count: 1 });
  });

  test('counts for one owner and one definition', async () => {
    await using tests = new TestStore(shared);
    const keys = [key(), key({ owner: 'ada' }), key({ name: 'shrink' }), key({}, 'other')];
    const created = await Promise.all(keys.map((idempotency) => tests.create({ idempotency })));

    expect(created.map(({ status }) => status)).toEqual(keys.map(() => 'CREATED'));
  });

  test('is free again once the task has failed for good', async () => {
    await using tests = new TestStore(shared);
    const { task } = await tests.create({ idempotency: key(), policy: { attempts: 2, initialMs: 0 } });
    await tests.fail(await tests.delivery());
    expect(await again(tests)).toEqual(['WAS_THERE', task.id]);
    await tests.fail(await tests.delivery());

    expect((await again(tests, key({ input: { n: 2 } })))[0]).toBe('CREATED');
  });

  test('is free again once the task has expired, by the clock or by a slot that came too late', async () => {
    await using tests = new TestStore(shared);
    await tests.create({ idempotency: key(), policy: { expiresInMs: 0 } });
    await tests.tick();
    expect((await again(tests, key(), { expiresInMs: 0 }))[0]).toBe('CREATED');
    expect((await tests.begin()).delivery).toBeUndefined();

    expect((await again(tests))[0]).toBe('CREATED');
  });

  test('stays with a task that was canceled', async () => {
    await using tests = new TestStore(shared);
    const { task } = await tests.create({ idempotency: key() });
    await tests.store.cancel(task.id, {});

    expect(await again(tests)).toEqual(['WAS_THERE', task.id]);
  });

  test('holds no longer than it was asked to', async () => {
    await using tests = new TestStore(shared);
    const { task } = await tests.create({ idempotency: key({}, 'k', 1) });
    const kept = await tests.redis.keys(`${tests.root}:key:*`);
    for (const name of kept) await tests.redis.pexpire(name, 0);

    const [status, id] = await again(tests);

    expect([status, id === task.id]).toEqual(['CREATED', false]);
    // What the first task does from now on leaves the second one's key alone.
    await tests.fail(await tests.delivery(), { retryable: false });
    expect(await again(tests)).toEqual(['WAS_THERE', id]);
  });

  test('lives no longer than its record, and the record at least as long', async () => {
    await using tests = new TestStore(shared);
    const policy = { keepSuccessMs: 0, keepFailureMs: 0 };
    const { task: kept } = await tests.create({ idempotency: key({}, 'long', hourMs), policy });
    await tests.succeed(await tests.delivery());
    const { task: failed } = await tests.create({ idempotency: key({}, 'failed', hourMs), policy });
    await tests.fail(await tests.delivery(), { retryable: false });

    expect((await tests.tick()).removed).toBe(1);

    expect(await tests.store.get(failed.id)).toBeUndefined();
    expect(await again(tests, key({}, 'long', hourMs))).toEqual(['WAS_THERE', kept.id]);
    const net = await tests.redis.pttl(`${tests.root}:task:${kept.id}`);
    expect(net).toBeGreaterThan(hourMs);
    // Its time comes: both go.
    await tests.redis.zadd(`${tests.root}:removals`, 1, kept.id);
    expect((await tests.tick()).removed).toBe(1);
    expect(await tests.redis.keys(`${tests.root}:key:*`)).toEqual([]);
  });

  test('whose record a failover lost is free', async () => {
    await using tests = new TestStore(shared);
    const { task } = await tests.create({ idempotency: key() });
    await tests.vanish(task.id);

    expect((await again(tests))[0]).toBe('CREATED');
  });

  test('is claimed again by a retry by hand', async () => {
    await using tests = new TestStore(shared);
    const { task } = await tests.create({ idempotency: key() });
    await tests.fail(await tests.delivery(), { retryable: false });

    await tests.store.retry(task.id);

    expect(await again(tests)).toEqual(['WAS_THERE', task.id]);
    const [name = ''] = await tests.redis.keys(`${tests.root}:key:*`);
    expect(await tests.redis.pttl(name)).toBeGreaterThan(hourMs / 2);
  });

  test("that has become another task's keeps the first from being retried", async () => {
    await using tests = new TestStore(shared);
    const { task } = await tests.create({ idempotency: key() });
    await tests.fail(await tests.delivery(), { retryable: false });
    const [, id] = await again(tests);

    const refused = { status: 'KEY_REUSED', hints: [], task: { id, status: 'QUEUED' } };
    expect(await tests.store.retry(task.id)).toMatchObject(refused);
    expect(await tests.task(task.id)).toMatchObject({ status: 'FAILED' });
    // Once that has failed as well, the key is anyone's.
    await tests.fail(await tests.delivery(), { retryable: false });
    expect(await tests.store.retry(task.id)).toMatchObject({ status: 'ACCEPTED' });
    expect(await tests.store.retry(id)).toMatchObject({ status: 'KEY_REUSED' });
  });
});

describe('an idempotency key of a mutation', () => {
  test('makes one task of fifty that are enqueued at once', async () => {
    await using app = await TestTasks.start([double], { workers: 1 });

    const enqueued = await Promise.all(
      Array.from({ length: 50 }, () => app.tasks.enqueue(double, { n: 21 }, { idempotencyKey: 'order 7' })),
    );

    expect(new Set(enqueued.map(({ id }) => id)).size).toBe(1);
    expect(enqueued.filter(({ deduplicated }) => !deduplicated)).toHaveLength(1);
    const [{ id } = { id: '' }] = enqueued;
    expect(await app.finished(id)).toMatchObject({ status: 'SUCCEEDED', attempt: 1, output: { n: 42 } });
    const late = await app.tasks.enqueue(double, { n: 21 }, { idempotencyKey: 'order 7' });
    expect(late).toMatchObject({ id, deduplicated: true, status: 'SUCCEEDED' });
  });

  test('is refused with the code IDEMPOTENCY_KEY_REUSED for another input', async () => {
    await using app = await TestTasks.start([double], { workers: 0 });
    const options = { idempotencyKey: 'order 7' };
    const { id } = await app.tasks.enqueue(double, { n: 1 }, options);

    await expect(app.tasks.enqueue(double, { n: 2 }, options)).rejects.toMatchObject({
      code: 'IDEMPOTENCY_KEY_REUSED',
      message: expect.stringContaining(id) as string,
    });
    expect(await app.tasks.enqueue(double, { n: 2 }, { ...options, owner: 'ada' })).toMatchObject({
      deduplicated: false,
    });
  });

  test('finds the same input whatever the order of its members', async () => {
    await using app = await TestTasks.start([nested], { workers: 0 });
    const first = await app.tasks.enqueue(
      'nested',
      { a: { x: 1, y: [1, 2] }, b: 'b' },
      { idempotencyKey: 'k' },
    );
    const second = await app.tasks.enqueue(
      'nested',
      { b: 'b', a: { y: [1, 2], x: 1 } },
      { idempotencyKey: 'k' },
    );
    expect([second.id, second.deduplicated]).toEqual([first.id, true]);

    const other = app.tasks.enqueue('nested', { b: 'b', a: { y: [2, 1], x: 1 } }, { idempotencyKey: 'k' });
    await expect(other).rejects.toMatchObject({ code: 'IDEMPOTENCY_KEY_REUSED' });
  });

  test('is kept hashed: nobody reads it in the store', async () => {
    await using app = await TestTasks.start([double], { workers: 0 });
    const idempotencyKey = 'ada@example.org-4711';
    const { id } = await app.tasks.enqueue(double, { n: 1 }, { idempotencyKey });
    await using store = new TestStore(app.redis, 'default');

    const keys = await store.redis.keys(`${store.root}*`);
    const record = await store.redis.hgetall(`${store.root}:task:${id}`);

    expect(JSON.stringify([keys, record])).not.toMatch(/ada@example|org-4711/);
    expect(record['key']).toMatch(/^[\w-]{43}$/);
    expect(keys).toContain(`${store.root}:key:${record['key']}`);
  });

  test.each(['', 'k'.repeat(257)])('has 1 to 256 characters', async (idempotencyKey) => {
    await using app = await TestTasks.start([double], { workers: 0 });

    await expect(app.tasks.enqueue(double, { n: 1 }, { idempotencyKey })).rejects.toMatchObject({
      code: 'BAD_USER_INPUT',
      issues: [{ path: ['options', 'idempotencyKey'] }],
    });
  });

  test('is not the same for an object and for the list of its members', () => {
    const [object, list] = [{ a: 1 }, [['a', 1]]].map((input) => key({ input }));

    expect(object?.input).not.toBe(list?.input);
  });
});

const nested = defineTask({
  name: 'nested',
  description: 'Takes an object in an object.',
  input: (t) => ({
    a: t.object('NestedA', (t) => ({ x: t.int(), y: t.intList() })),
    b: t.string(),
  }),
  run: () => undefined,
});

function key(
  task: { owner?: string; name?: string; input?: unknown } = {},
  text = 'k',
  keepMs = hourMs,
): Idempotency {
  return idempotencyOf(text, keepMs, { owner: 'anonymous', name: 'resize', input: { n: 1 }, ...task });
}

/** Enqueues with a key once more: what became of it, and whose it is. */
async function again(tests: TestStore, idempotency = key(), policy = {}): Promise<[string, string]> {
  const { status, task } = await tests.create({ idempotency, policy });
  return [status, task.id];
}

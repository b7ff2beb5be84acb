import { describe, expect, test } from 'vitest';
import { sweepAfterMs } from '../../src/tasks/scripts/bounds.ts';
import { connect } from '../../src/redis/connection.ts';
import { countOfQueue, pageOfQueue } from '../../src/tasks/store-list.ts';
import { TestStore, w2 } from '../support/store.ts';
import { freshSettings, sharedStores, testLogger } from '../support/stores.ts';

const hourMs = 3_600_000;

describe.each(sharedStores)('the clock in $name', (shared) => {
  test('expires a task that did not start in time', async () => {
    await using tests = new TestStore(shared);
    const { task } = await tests.create({ policy: { expiresInMs: hourMs } });
    expect((task.expiresAt ?? 0) - task.createdAt).toBe(hourMs);
    await tests.tick();
    expect(await tests.task(task.id)).toMatchObject({ status: 'QUEUED' });
    await tests.pass(task.id, hourMs);

    await tests.tick();

    const expired = await tests.task(task.id);
    expect(expired).toMatchObject({ status: 'EXPIRED', attempt: 0, attempts: [] });
    expect(expired).not.toHaveProperty('startedAt');
    expect(expired.finishedAt).toBeGreaterThanOrEqual(task.createdAt);
    await expectNothingWaits(tests);
  });

  test('need not come first: a task whose time is up is never started', async () => {
    await using tests = new TestStore(shared);
    const { task: expires } = await tests.create({ policy: { expiresInMs: 0 } });
    const { task: fails } = await tests.create({ policy: { deadlineMs: 0 } });
    const { task: begins } = await tests.create();

    expect((await tests.delivery()).task.id).toBe(begins.id);

    const states = await tests.store.getMany([expires.id, fails.id]);
    expect(states).toMatchObject([
      { status: 'EXPIRED', attempt: 0 },
      { status: 'FAILED', attempt: 0, failure: { code: 'TIMED_OUT', retryable: false } },
    ]);
    await expectNothingWaits(tests);
  });

  test('leaves a task alone that has started once', async () => {
    await using tests = new TestStore(shared);
    const { task } = await tests.create({ policy: { expiresInMs: hourMs } });
    const delivery = await tests.delivery();
    expect(delivery.task).not.toHaveProperty('expiresAt');
    await tests.finish(delivery, { outcome: 'SUPERSEDED' });
    await tests.pass(task.id, 2 * hourMs);

    await tests.tick();

    expect((await tests.delivery()).task).toMatchObject({ id: task.id, attempt: 2 });
  });

  test.each(['QUEUED', 'RETRYING'])('fails a task whose deadline passes while it is %s', async (status) => {
    await using tests = new TestStore(shared);
    const { task } = await tests.create({ policy: { deadlineMs: hourMs, initialMs: hourMs / 2, jitter: 0 } });
    if (status === 'RETRYING') await tests.fail(await tests.delivery(), {}, hourMs - 60_000);
    expect(await tests.task(task.id)).toMatchObject({ status, deadlineAt: task.deadlineAt });
    await tests.pass(task.id, hourMs);

    await tests.tick();

    const failed = await tests.task(task.id);
    expect(failed).toMatchObject({ status: 'FAILED', failure: { code: 'TIMED_OUT', retryable: false } });
    expect(failed.failure?.message).toContain('3600 s');
    expect(failed).not.toHaveProperty('nextAttemptAt');
    await expectNothingWaits(tests);
  });

  test('gives an attempt no longer than what is left until the deadline', async () => {
    await using tests = new TestStore(shared);
    await tests.create({ policy: { deadlineMs: 60_000, timeoutMs: hourMs } });
    await tests.create({ policy: { deadlineMs: hourMs, timeoutMs: 60_000 } });
    await tests.create({ policy: { deadlineMs: 60_000 } });
    await tests.create();

    for (const limit of [60_000, 60_000, 60_000]) {
      const { timeoutMs = 0 } = await tests.delivery();
      expect(timeoutMs).toBeLessThanOrEqual(limit);
      expect(timeoutMs).toBeGreaterThan(limit - 10_000);
    }
    expect((await tests.delivery()).timeoutMs).toBeUndefined();
  });

  test('ends an attempt that its frozen worker did not, after timeout, grace and a moment', async () => {
    await using tests = new TestStore(shared);
    const policy = { timeoutMs: hourMs, graceMs: hourMs, jitter: 0 };
    const { task } = await tests.create({ policy });
    await tests.present(1);
    const delivery = await tests.delivery();
    await tests.pass(task.id, 2 * hourMs + sweepAfterMs - 60_000);
    await tests.tick();
    expect(await tests.task(task.id)).toMatchObject({ status: 'RUNNING' });
    await tests.pass(task.id, 60_000);

    await tests.tick();

    expect(await tests.task(task.id)).toMatchObject({
      status: 'RETRYING',
      attempts: [{ outcome: 'TIMED_OUT', failure: { code: 'TIMED_OUT' } }],
    });
    // The worker hears of it, and has nothing more to say.
    expect(await tests.present(1, undefined, [delivery.token])).toMatchObject({ stale: [delivery.token] });
    expect(await tests.succeed(delivery)).toMatchObject({ counted: false });
  });

  test('fails a task whose deadline passed while it ran, and does not try again', async () => {
    await using tests = new TestStore(shared);
    const { task } = await tests.create({ policy: { deadlineMs: hourMs, graceMs: 0, initialMs: 0 } });
    await tests.present(1);
    await tests.delivery();
    await tests.pass(task.id, hourMs + sweepAfterMs);

    await tests.tick();

    expect(await tests.task(task.id)).toMatchObject({
      status: 'FAILED',
      failure: { code: 'TIMED_OUT', retryable: false, message: 'The deadline of 3600 s passed.' },
      attempts: [{ outcome: 'TIMED_OUT' }],
    });
  });

  test('is not needed by a worker that ends an attempt at its deadline, even where its clock is fast', async () => {
    await using tests = new TestStore(shared);
    const { task } = await tests.create({ policy: { deadlineMs: hourMs, initialMs: 0 } });

    await tests.finish(await tests.delivery(), { outcome: 'TIMED_OUT' });

    expect(await tests.task(task.id)).toMatchObject({
      status: 'FAILED',
      failure: { code: 'TIMED_OUT', retryable: false, message: 'The deadline of 3600 s passed.' },
    });
  });

  test('cancels a task whose run ignores that, after the grace and a moment', async () => {
    await using tests = new TestStore(shared);
    const { task } = await tests.create({ policy: { graceMs: hourMs } });
    await tests.present(1);
    const delivery = await tests.delivery();
    await tests.store.cancel(task.id, { reason: 'no longer needed' });
    await tests.tick();
    expect(await tests.task(task.id)).toMatchObject({ status: 'CANCELING' });
    await tests.pass(task.id, hourMs + sweepAfterMs);

    await tests.tick();

    expect(await tests.task(task.id)).toMatchObject({
      status: 'CANCELED',
      cancellation: { reason: 'no longer needed' },
      attempts: [{ outcome: 'CANCELED' }],
    });
    expect(await tests.succeed(delivery)).toMatchObject({ counted: false });
    await expectNothingWaits(tests);
  });

  test('has nothing to do for tasks that have ended, however they did', async () => {
    await using tests = new TestStore(shared);
    const policy = { timeoutMs: hourMs, deadlineMs: 5 * hourMs, expiresInMs: hourMs, attempts: 1 };
    for (let count = 4; count > 0; count -= 1) await tests.create({ policy });
    expect(await tests.redis.zcard(`${tests.root}:due`)).toBe(4);
    await tests.succeed(await tests.delivery());
    await tests.fail(await tests.delivery());
    const running = await tests.delivery();
    await tests.store.cancel(running.task.id, {});
    await tests.fail(running);
    const { tasks } = await pageOfQueue(
      tests.store,
      tests.queue,
      { statuses: ['QUEUED'] },
      'ASC',
      1,
      undefined,
    );
    await tests.store.cancel(tasks[0]?.task.id ?? '', {});

    await expectNothingWaits(tests);
  });

  test('is told of a time that comes before all others, or before it looks again, and of no other', async () => {
    await using tests = new TestStore(shared);
    const listener = connect(freshSettings(shared), 'worker', testLogger);
    try {
      const told: string[] = [];
      const heard = Promise.withResolvers<void>();
      listener.on('message', (_channel, message) =>
        message === 'end' ? heard.resolve() : told.push(message),
      );
      await listener.subscribe(`${tests.root}:due`);
      const due: (number | undefined)[] = [];
      for (const retryAfterMs of [2 * hourMs, 3 * hourMs, 900]) {
        // Comes before the last one; expiry may be a second late, so nobody is told of it.
        if (retryAfterMs === 900) await tests.create({ name: 'other', policy: { expiresInMs: 300 } });
        const { task } = await tests.create();
        await tests.fail(await tests.delivery(), {}, retryAfterMs);
        due.push((await tests.task(task.id)).nextAttemptAt);
      }
      await tests.redis.publish(`${tests.root}:due`, 'end');
      await heard.promise;

      expect(told).toEqual([String(due[0]), String(due[2])]);
    } finally {
      listener.disconnect();
    }
  });

  test('says when it has to look again', async () => {
    await using tests = new TestStore(shared);
    const due: (number | undefined)[] = [];
    for (const retryAfterMs of [2 * hourMs, hourMs, 3 * hourMs]) {
      const { task } = await tests.create();
      await tests.fail(await tests.delivery(), {}, retryAfterMs);
      due.push((await tests.task(task.id)).nextAttemptAt);
    }

    expect((await tests.tick()).next).toBe(due[1]);
  });

  test('does a hundred tasks at a time when more are due, and says that it has to go on at once', async () => {
    await using tests = new TestStore(shared);
    await Promise.all(Array.from({ length: 130 }, () => tests.create({ policy: { expiresInMs: 0 } })));

    const { now, next = Infinity } = await tests.tick();

    const expired = async () =>
      (await countOfQueue(tests.store, tests.queue, { statuses: ['EXPIRED'] })).count;
    expect(await expired()).toBe(100);
    expect(next).toBeLessThanOrEqual(now);
    expect((await tests.tick()).next).toBeUndefined();
    expect(await expired()).toBe(130);
  });

  test('may ring again, or for what is gone, and changes nothing', async () => {
    await using tests = new TestStore(shared);
    const { task } = await tests.create({ policy: { expiresInMs: hourMs } });
    const { task: gone } = await tests.create({ policy: { expiresInMs: hourMs } });
    await tests.vanish(gone.id);
    await tests.redis.zadd(`${tests.root}:due`, 1, task.id, 1, gone.id, 1, 'images_unknown');

    await tests.tick();

    expect(await tests.task(task.id)).toEqual(task);
    const due = await tests.redis.zrange(`${tests.root}:due`, '0', '-1', 'WITHSCORES');
    expect(due).toEqual([task.id, String(task.expiresAt)]);
  });

  test('fails at a record that cannot be read, says so, and does the others', async () => {
    await using tests = new TestStore(shared);
    const [broken, fine] = [await tests.create(), await tests.create()];
    for (const _ of [broken, fine]) await tests.fail(await tests.delivery());
    await tests.redis.hset(`${tests.root}:task:${broken.task.id}`, 'policy', 'no policy');
    for (const { task } of [broken, fine]) await tests.redis.zadd(`${tests.root}:due`, 1, task.id);
    await tests.redis.hset(`${tests.root}:task:${fine.task.id}`, 'due', '1', 'clock', '1');
    await tests.redis.hset(
      `${tests.root}:task:${broken.task.id}`,
      'due',
      '1',
      'expiresAt',
      '1',
      'clock',
      '1',
    );

    const { errors } = await tests.tick();

    expect(errors).toEqual([expect.stringContaining(broken.task.id)]);
    expect(await tests.task(fine.task.id)).toMatchObject({ status: 'QUEUED' });
    expect((await tests.tick()).errors).toEqual([]);
  });

  test('of many processes does each thing once', async () => {
    await using tests = new TestStore(shared);
    const { task } = await tests.create({ policy: { jitter: 0 } });
    await tests.fail(await tests.delivery());
    await tests.pass(task.id, 1_000);
    await tests.present(1, w2);

    const ticks = await Promise.all(Array.from({ length: 10 }, () => tests.tick()));

    expect(ticks.flatMap(({ hints }) => hints)).toHaveLength(1);
    expect((await tests.delivery(w2)).task.attempt).toBe(2);
    expect((await tests.begin(w2)).delivery).toBeUndefined();
  });
});

async function expectNothingWaits(tests: TestStore): Promise<void> {
  const sets = ['due', 'heads', 'backlog:resize:v1'].map((name) => `${tests.root}:${name}`);
  expect(await tests.redis.exists(...sets)).toBe(0);
}

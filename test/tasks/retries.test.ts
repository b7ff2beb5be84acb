import { describe, expect, test } from 'vitest';
import type { Policy } from '../../src/tasks/policy.ts';
import type { Task } from '../../src/tasks/task.ts';
import { TestStore, w1, w2 } from '../support/store.ts';
import { sharedStores } from '../support/stores.ts';

const hourMs = 3_600_000;
/** Tried again without waiting. */
const atOnce: Partial<Policy> = { initialMs: 0 };

describe.each(sharedStores)('a failed attempt in $name', (shared) => {
  test('is followed by others until the budget is spent', async () => {
    await using tests = new TestStore(shared);
    const { task } = await tests.create({ policy: { ...atOnce, attempts: 3 } });
    for (const _ of [1, 2, 3]) await tests.fail(await tests.delivery());

    const ended = await tests.task(task.id);

    expect(ended).toMatchObject({
      status: 'FAILED',
      attempt: 3,
      failure: { code: 'ATTEMPTS_EXHAUSTED', message: 'no', attempt: 3 },
      attempts: [1, 2, 3].map((number) => ({ number, outcome: 'FAILED', failure: { code: 'ERROR' } })),
    });
    expect((await tests.begin()).delivery).toBeUndefined();
  });

  test('shows when the next one is due, which begins then and not before', async () => {
    await using tests = new TestStore(shared);
    const { task } = await tests.create({ policy: { jitter: 0 } });
    await tests.fail(await tests.delivery());

    const waiting = await tests.task(task.id);
    expect(waiting).toMatchObject({ status: 'RETRYING', attempts: [{ outcome: 'FAILED' }] });
    expect(waiting).not.toHaveProperty('failure');
    expect(waiting.nextAttemptAt).toBe(endedAt(waiting) + 1_000);
    const tick = await tests.tick();
    expect(tick.next).toBe(waiting.nextAttemptAt);
    expect((await tests.begin()).delivery).toBeUndefined();

    await tests.pass(task.id, 1_000);
    await tests.tick();
    expect(await tests.task(task.id)).toMatchObject({ status: 'QUEUED' });
    const { delivery } = await tests.begin();
    expect(delivery?.task).toMatchObject({ id: task.id, status: 'RUNNING', attempt: 2 });
    expect(delivery?.task).not.toHaveProperty('nextAttemptAt');
  });

  test('is followed by waits that grow by the factor up to the longest', async () => {
    await using tests = new TestStore(shared);
    const policy = { attempts: 6, initialMs: 10_000, factor: 3, maxMs: 100_000, jitter: 0 };
    const { task } = await tests.create({ policy });
    const waits: number[] = [];
    for (let attempt = 1; attempt < 6; attempt += 1) {
      await tests.fail(await tests.delivery());
      waits.push(waitOf(await tests.task(task.id)));
      await tests.pass(task.id, hourMs);
      await tests.tick();
    }

    expect(waits).toEqual([10_000, 30_000, 90_000, 100_000, 100_000]);
  });

  test('is followed by a wait from anywhere between nothing and the whole, so that none come back together', async () => {
    await using tests = new TestStore(shared);
    const policy = { initialMs: 600_000, jitter: 1 };
    const ids: string[] = [];
    for (let count = 200; count > 0; count -= 1) {
      ids.push((await tests.create({ policy })).task.id);
      await tests.fail(await tests.delivery());
    }
    const half = await tests.create({ policy: { initialMs: 600_000, jitter: 0.5 } });
    await tests.fail(await tests.delivery());

    const tasks = await Promise.all(ids.map((id) => tests.task(id)));
    const waits = tasks.map(waitOf).toSorted((a, b) => a - b);

    expect(waits.at(0)).toBeGreaterThanOrEqual(0);
    expect(waits.at(-1)).toBeLessThanOrEqual(600_000);
    // Of 200 even ones each tenth holds 20 on average; fewer than 4 or more than 45 come once in many thousands.
    const tenths = Array.from({ length: 10 }, (_, tenth) =>
      waits.filter((ms) => Math.floor(ms / 60_001) === tenth),
    );
    for (const { length } of tenths) {
      expect(length).toBeGreaterThan(3);
      expect(length).toBeLessThan(46);
    }
    expect(waitOf(await tests.task(half.task.id))).toBeGreaterThanOrEqual(300_000);
  });

  test('that says when to come back is followed by another one just then', async () => {
    await using tests = new TestStore(shared);
    const { task } = await tests.create();
    await tests.fail(await tests.delivery(), {}, 5 * hourMs);
    expect(waitOf(await tests.task(task.id))).toBe(5 * hourMs);

    await tests.pass(task.id, 5 * hourMs);
    await tests.tick();
    await tests.fail(await tests.delivery(), {}, 0);

    expect(await tests.task(task.id)).toMatchObject({ status: 'QUEUED', attempt: 2 });
  });

  test('ends the task at once where trying again cannot help', async () => {
    await using tests = new TestStore(shared);
    const { task } = await tests.create();

    await tests.fail(await tests.delivery(), { code: 'NON_RETRYABLE', retryable: false }, 1_000);

    expect(await tests.task(task.id)).toMatchObject({ status: 'FAILED', failure: { code: 'NON_RETRYABLE' } });
  });

  test('that threw a code of its own ends with it, also when the budget is spent', async () => {
    await using tests = new TestStore(shared);
    const { task } = await tests.create({ policy: { attempts: 1 } });

    await tests.fail(await tests.delivery(), { code: 'CARD_DECLINED' });

    expect(await tests.task(task.id)).toMatchObject({ status: 'FAILED', failure: { code: 'CARD_DECLINED' } });
  });

  test('that timed out spends an attempt like one that threw', async () => {
    await using tests = new TestStore(shared);
    const { task } = await tests.create({ policy: { ...atOnce, attempts: 2, timeoutMs: 1_500 } });
    await tests.fail(await tests.delivery());

    await tests.finish(await tests.delivery(), { outcome: 'TIMED_OUT' });

    expect(await tests.task(task.id)).toMatchObject({
      status: 'FAILED',
      failure: { code: 'TIMED_OUT', message: expect.stringContaining('1.5 s') as string, attempt: 2 },
      attempts: [{ outcome: 'FAILED' }, { outcome: 'TIMED_OUT' }],
    });
  });

  test('fails the task now where its deadline leaves no time for another one', async () => {
    await using tests = new TestStore(shared);
    const { task } = await tests.create({ policy: { jitter: 0, initialMs: 60_000, deadlineMs: 50_000 } });

    await tests.fail(await tests.delivery(), { code: 'ECONNREFUSED' });

    expect(await tests.task(task.id)).toMatchObject({
      status: 'FAILED',
      failure: { code: 'TIMED_OUT', retryable: false },
      attempts: [{ outcome: 'FAILED', failure: { code: 'ECONNREFUSED' } }],
    });
  });

  test('does not count where it was given back or its worker was lost', async () => {
    await using tests = new TestStore(shared);
    const { task } = await tests.create({ policy: { ...atOnce, attempts: 2, maxDeliveries: 1 } });
    await tests.finish(await tests.delivery(), { outcome: 'SUPERSEDED' });
    await tests.present(1);
    await tests.delivery();
    await tests.expire('w1');
    await tests.tick();
    await tests.delivery();
    await tests.deliveries().leave();
    await tests.fail(await tests.delivery());
    expect(await tests.task(task.id)).toMatchObject({
      status: 'QUEUED',
      attempt: 4,
      failedAttempts: 1,
      maxAttempts: 2,
    });

    await tests.fail(await tests.delivery());

    const { status, attempts } = await tests.task(task.id);
    expect(status).toBe('FAILED');
    expect(attempts.map(({ outcome }) => outcome).join(' ')).toBe('SUPERSEDED LOST SUPERSEDED FAILED FAILED');
  });

  test('may be canceled while it waits for the next one', async () => {
    await using tests = new TestStore(shared);
    const { task } = await tests.create({ policy: { jitter: 0 } });
    await tests.fail(await tests.delivery());

    const canceled = await tests.store.cancel(task.id, { reason: 'enough' });

    expect(canceled).toMatchObject({ accepted: true, task: { status: 'CANCELED' } });
    expect(canceled?.task).not.toHaveProperty('nextAttemptAt');
    expect(await tests.redis.zcard(`${tests.root}:due`)).toBe(0);
    expect((await tests.begin()).delivery).toBeUndefined();
  });

  test('starts its progress anew', async () => {
    await using tests = new TestStore(shared);
    await tests.create({ policy: atOnce });
    const delivery = await tests.delivery();
    await tests.deliveries().progress(delivery, { fraction: 0.9 });
    await tests.fail(delivery);

    expect((await tests.delivery()).task).not.toHaveProperty('progress');
  });
});

describe.each(sharedStores)('a retry by hand in $name', (shared) => {
  test('begins a new round: fresh budgets, numbers that go on', async () => {
    await using tests = new TestStore(shared);
    const { task } = await tests.create({ policy: { ...atOnce, attempts: 2, maxDeliveries: 0 } });
    await lose(tests);
    await tests.store.retry(task.id);
    for (const _ of [1, 2]) await tests.fail(await tests.delivery());

    const retried = await tests.store.retry(task.id);

    expect(retried).toMatchObject({
      status: 'ACCEPTED',
      task: { status: 'QUEUED', attempt: 3, failedAttempts: 0, maxAttempts: 2 },
    });
    for (const gone of ['failure', 'finishedAt', 'cancellation', 'progress'])
      expect(retried?.task).not.toHaveProperty(gone);
    await tests.fail(await tests.delivery());
    expect(await tests.task(task.id)).toMatchObject({ status: 'QUEUED' });
    await tests.succeed(await tests.delivery());
    const ended = await tests.task(task.id);
    expect(ended).toMatchObject({ status: 'SUCCEEDED', attempt: 5, output: { n: 2 } });
    expect(ended.attempts.map(({ outcome }) => outcome).join(' ')).toBe(
      'LOST FAILED FAILED FAILED SUCCEEDED',
    );
  });

  test('starts the clocks anew', async () => {
    await using tests = new TestStore(shared);
    const { task } = await tests.create({ policy: { expiresInMs: hourMs, deadlineMs: 2 * hourMs } });
    await tests.pass(task.id, hourMs);
    await tests.tick();
    expect(await tests.task(task.id)).toMatchObject({ status: 'EXPIRED' });

    const retried = await tests.store.retry(task.id);

    const [seconds, micros] = await tests.redis.time();
    const now = Number(seconds) * 1_000 + Number(micros) / 1_000;
    const { expiresAt = 0, deadlineAt = 0 } = retried?.task ?? {};
    expect(deadlineAt - expiresAt).toBe(hourMs);
    expect(Math.abs(expiresAt - hourMs - now)).toBeLessThan(10_000);
    await tests.pass(task.id, hourMs);
    await tests.tick();
    expect(await tests.task(task.id)).toMatchObject({ status: 'EXPIRED' });
  });

  test('puts a canceled task back, which keeps its input and tags', async () => {
    await using tests = new TestStore(shared);
    const { task } = await tests.create({ tags: ['a'], input: '{"n":7}' });
    await tests.store.cancel(task.id, {});

    expect(await tests.store.retry(task.id)).toMatchObject({ status: 'ACCEPTED', task: { tags: ['a'] } });

    expect((await tests.delivery()).input).toBe('{"n":7}');
  });

  test('keeps the record, whose time to go had begun', async () => {
    await using tests = new TestStore(shared);
    const { task } = await tests.create({ policy: { attempts: 1, keepFailureMs: 0 } });
    await tests.fail(await tests.delivery());
    expect(await tests.redis.pttl(`${tests.root}:task:${task.id}`)).toBeGreaterThan(0);

    await tests.store.retry(task.id);

    expect((await tests.tick()).removed).toBe(0);
    expect(await tests.redis.pttl(`${tests.root}:task:${task.id}`)).toBe(-1);
  });

  test('takes no suspicion along', async () => {
    await using tests = new TestStore(shared);
    const { task } = await tests.create({ policy: { maxDeliveries: 0 } });
    await lose(tests);

    await tests.store.retry(task.id);

    expect(await tests.redis.hmget(`${tests.root}:task:${task.id}`, 'suspect', 'lost')).toEqual([null, null]);
    expect(await tests.redis.zrange(`${tests.root}:heads`, '0', '-1')).toEqual(['resize:v1']);
  });

  test('is accepted once, and only for what ended without success', async () => {
    await using tests = new TestStore(shared);
    const { task } = await tests.create({ policy: { attempts: 1, jitter: 0 } });
    const refused = { status: 'NOT_RETRYABLE', hints: [] };
    expect(await tests.store.retry(task.id)).toMatchObject({ ...refused, task: { status: 'QUEUED' } });
    const delivery = await tests.delivery();
    expect(await tests.store.retry(task.id)).toMatchObject({ ...refused, task: { status: 'RUNNING' } });
    await tests.fail(delivery);

    const twice = await Promise.all([tests.store.retry(task.id), tests.store.retry(task.id)]);

    expect(new Set(twice.map((retried) => retried?.status))).toEqual(new Set(['ACCEPTED', 'NOT_RETRYABLE']));
    await tests.succeed(await tests.delivery());
    expect(await tests.store.retry(task.id)).toMatchObject({ ...refused, task: { status: 'SUCCEEDED' } });
    expect(await tests.store.retry('images_00000000000000000000000000')).toBeUndefined();
  });

  test('refuses what an earlier round still says', async () => {
    await using tests = new TestStore(shared);
    const { task } = await tests.create({ policy: { maxDeliveries: 0 } });
    await tests.present(1);
    const late = await tests.delivery();
    await tests.expire('w1');
    await tests.tick();
    await tests.store.retry(task.id);
    await tests.delivery(w2);

    expect(await tests.succeed(late)).toMatchObject({ counted: false });
    expect(await tests.task(task.id)).toMatchObject({ status: 'RUNNING', attempt: 2 });
  });
});

/** A worker dies with the one task that waits. */
async function lose(tests: TestStore): Promise<void> {
  await tests.present(1);
  await tests.delivery(w1);
  await tests.expire('w1');
  await tests.tick();
}

function endedAt(task: Task): number {
  return task.attempts.at(-1)?.finishedAt ?? Number.NaN;
}

/** How long a task waits for its next attempt, in ms; 0 where it doesn't. */
function waitOf(task: Task): number {
  return task.nextAttemptAt === undefined ? 0 : task.nextAttemptAt - endedAt(task);
}

import { describe, expect, test } from 'vitest';
import { joins, meetings, returns, type Decision, type Meeting } from '../../src/tasks/decisions.ts';
import type { NewTask, Pending } from '../../src/tasks/new-task.ts';
import { pageOfQueue } from '../../src/tasks/store-list.ts';
import type { Task } from '../../src/tasks/task.ts';
import { rulesOf, setLimits, slowRate, type TestRule } from '../support/limits.ts';
import { TestStore, w2 } from '../support/store.ts';
import { sharedStores } from '../support/stores.ts';

const hourMs = 3_600_000;

describe.each(sharedStores)('in $name a new task', (shared) => {
  test.each(
    meetings.map((row) => {
      const { queue, due, limit, whenFull, result } = row;
      return [
        `of a queue that ${queue}, due ${due}, whose limit (${whenFull}) ${limit}: ${result}`,
        row,
      ] as const;
    }),
  )('%s', async (_title, meeting) => {
    // One store for all: each case has a definition of its own.
    await using tests = new TestStore(shared);
    for (const at of casesOf(meeting))
      expect({ ...at, result: await meet(tests, at) }).toEqual({ ...at, result: meeting.result });
  });

  test.each(returns.map(titled))('is none where %s', async (_title, { when }) => {
    await using tests = new TestStore(shared);
    await expect(returnCases[when](tests)).resolves.toBeUndefined();
  });

  test.each(joins.map(titled))('that is %s', async (_title, { when }) => {
    await using tests = new TestStore(shared);
    await expect(joinCases[when](tests)).resolves.toBeUndefined();
  });
});

/** A row with its words, of which none is cut off. */
function titled<Row extends Decision>(row: Row): readonly [string, Row] {
  return [`${row.when}: ${row.result}`, row];
}

interface Case {
  readonly queue: 'drains' | 'full' | 'open' | 'paused';
  readonly due: 'now' | 'later';
  readonly isFull: boolean;
  readonly whenFull: 'WAIT' | 'REJECT' | 'CANCEL_OLDEST';
  /** Whose limit it is, and of what kind. */
  readonly whose: 'all' | 'key';
  readonly kind: 'concurrency' | 'rate';
}

/** All that a row stands for. */
function casesOf({ queue, due, limit, whenFull }: Meeting): Case[] {
  const queues = {
    any: ['open', 'paused', 'drains', 'full'],
    drains: ['drains'],
    'holds `maxWaiting`': ['full'],
    'open or paused': ['open', 'paused'],
  } as const;
  const rooms = { any: [true, false], 'has room': [false], 'has none': [true] }[limit];
  const dues = due === 'any' ? (['now', 'later'] as const) : [due];
  const strategies = whenFull === 'any' ? (['WAIT', 'REJECT', 'CANCEL_OLDEST'] as const) : [whenFull];
  return queues[queue].flatMap((queue) =>
    dues.flatMap((due) =>
      rooms.flatMap((isFull) =>
        strategies.flatMap((whenFull) =>
          (['all', 'key'] as const).flatMap((whose) =>
            (['concurrency', 'rate'] as const).map((kind) => ({ queue, due, isFull, whenFull, whose, kind })),
          ),
        ),
      ),
    ),
  );
}

let cases = 0;

/** Brings a limit into a state and creates one more task: what becomes of it, and of the one that waits. */
async function meet(tests: TestStore, { queue, due, isFull, whenFull, whose, kind }: Case): Promise<string> {
  const rules = rulesOf(tests);
  cases += 1;
  const name = `case${cases}`;
  const places = isFull ? 2 : 4;
  const rule: TestRule = kind === 'concurrency' ? { c: places } : slowRate(places);
  await setLimits(tests, { [whose]: rule }, name);
  const task = { name, ...(whose === 'key' ? { limitKey: 'acme' } : {}) };
  // One runs, one waits: of two places none is left.
  await tests.create(task);
  await tests.delivery({ worker: 'w1', lines: [`${name}:v1`] });
  const { task: oldest } = await tests.create({ ...task, priority: -500 });
  await setLimits(tests, { [whose]: { ...rule, whenFull } }, name);
  if (queue === 'paused') await rules.pause(tests.queue, undefined, {});
  if (queue === 'drains') await rules.drain(tests.queue, {});
  if (queue === 'full') await rules.limit(tests.queue, { maxWaiting: 1 });

  const created = await tests
    .create({ ...task, ...(due === 'later' ? { delayMs: hourMs } : {}) })
    .then(({ task: { status } }) => `it is \`${status}\``)
    .catch(({ code }: { code: string }) => `the error \`${code}\``);

  await rules.resume(tests.queue, undefined);
  await rules.limit(tests.queue, { maxWaiting: null });
  const waited = await tests.task(oldest.id);
  const canceled = waited.status === 'CANCELED' ? ', and the oldest that waits is `CANCELED`' : '';
  return `${created}${canceled}`;
}

const resize = { worker: 'w1', lines: ['resize:v1'] };

const returnCases: Record<(typeof returns)[number]['when'], (tests: TestStore) => Promise<void>> = {
  async 'its id or its idempotency key was there before'(tests) {
    const idempotency = { key: 'k', input: 'i', keepMs: hourMs };
    const { task } = await tests.create({ idempotency });
    await rulesOf(tests).drain(tests.queue, {});

    expect(await tests.create({ id: task.id })).toMatchObject({ status: 'WAS_THERE' });
    expect(await tests.create({ idempotency })).toMatchObject({ status: 'WAS_THERE', task });
    await expect(tests.create()).rejects.toMatchObject({ code: 'QUEUE_DRAINING' });
  },
  async 'it joins one that waits under its debounce or singleton key'(tests) {
    const [debounced, single] = [await tests.create(debounce()), await tests.create(singleton())];
    await rulesOf(tests).drain(tests.queue, {});
    await setLimits(tests, { all: { c: 1, whenFull: 'REJECT' } });

    expect(await tests.create(debounce())).toMatchObject({
      status: 'DEBOUNCED',
      task: { id: debounced.task.id },
    });
    expect(await tests.create(singleton())).toMatchObject({
      status: 'WAS_THERE',
      task: { id: single.task.id },
    });
  },
  async 'its delay is over and a limit rejects'(tests) {
    await setLimits(tests, { all: { c: 1, whenFull: 'REJECT' } });
    const { task } = await tests.create({ delayMs: hourMs });
    await tests.create();
    await tests.delivery();
    await tests.pass(task.id, hourMs);
    await tests.tick();

    expect(await tests.task(task.id)).toMatchObject({ status: 'QUEUED' });
  },
  async 'it is retried by hand and a limit rejects'(tests) {
    await bothLimits(tests, async (others) => {
      const { task } = await tests.create({ policy: { attempts: 1 } });
      await tests.fail(await tests.delivery());
      await others();
      expect(await tests.store.retry(task.id)).toMatchObject({
        status: 'ACCEPTED',
        task: { status: 'QUEUED' },
      });
    });
  },
  async 'its next attempt is due and a limit rejects'(tests) {
    await bothLimits(tests, async (others) => {
      const { task } = await tests.create({ policy: { jitter: 0 } });
      await tests.fail(await tests.delivery());
      await others();
      await tests.pass(task.id, 1_000);
      await tests.tick();
      expect(await tests.task(task.id)).toMatchObject({ status: 'QUEUED', attempt: 1 });
    });
  },
  async 'it was given back, or its worker was lost'(tests) {
    await setLimits(tests, { all: { c: 1, whenFull: 'REJECT' } });
    const { task } = await tests.create();
    await tests.finish(await tests.delivery(), { outcome: 'SUPERSEDED' });
    await expect(tests.create()).rejects.toMatchObject({ code: 'LIMIT_REACHED' });
    expect((await tests.delivery()).task.id).toBe(task.id);
    await tests.expire('w1');
    await tests.tick();
    expect((await tests.delivery(w2)).task.id).toBe(task.id);
  },
  async 'one limit rejects it and the other one would cancel the oldest'(tests) {
    const full = { whenFull: 'CANCEL_OLDEST' } as const;
    await setLimits(tests, { all: { c: 1, ...full }, key: { c: 1, whenFull: 'REJECT' } });
    await tests.create({ limitKey: 'a' });
    await tests.delivery();
    const { task: waits } = await tests.create({ limitKey: 'b' });

    await expect(tests.create({ limitKey: 'a' })).rejects.toMatchObject({ code: 'LIMIT_REACHED' });
    expect(await tests.task(waits.id)).toMatchObject({ status: 'QUEUED' });
  },
  async 'it takes the place of the oldest, which has another priority'(tests) {
    for (const limitKey of [undefined, 'acme']) {
      const rule: TestRule = { c: 3, whenFull: 'CANCEL_OLDEST' };
      await setLimits(tests, limitKey === undefined ? { all: rule } : { key: rule });
      const created: Task[] = [];
      for (const priority of [500, -500, 0, 0])
        created.push((await tests.create({ priority, limitKey })).task);
      const states = await tests.store.getMany(created.map(({ id }) => id));
      expect(states.map((task) => task?.status)).toEqual(['CANCELED', 'QUEUED', 'QUEUED', 'QUEUED']);
      expect(states[0]?.cancellation?.reason).toContain('newer one');
    }
  },
};

/** The same with a limit that rejects and with one that cancels: fills it, and sees that nobody was canceled. */
async function bothLimits(
  tests: TestStore,
  act: (fill: () => Promise<void>) => Promise<void>,
): Promise<void> {
  for (const whenFull of ['REJECT', 'CANCEL_OLDEST'] as const) {
    await setLimits(tests, { all: { c: 2, whenFull } });
    let waits: Task | undefined;
    await act(async () => {
      await tests.create();
      ({ task: waits } = await tests.create());
      await tests.delivery();
    });
    expect(await tests.task(waits?.id ?? '')).toMatchObject({ status: 'QUEUED' });
    // The next kind of limit begins with an empty queue.
    for (const status of ['QUEUED', 'RUNNING'] as const) {
      const { tasks } = await pageOfQueue(
        tests.store,
        tests.queue,
        { statuses: [status] },
        'ASC',
        10,
        undefined,
      );
      for (const { task } of tasks) await tests.store.cancel(task.id, {});
    }
    await tests.deliveries().leave();
  }
}

const joinCases: Record<(typeof joins)[number]['when'], (tests: TestStore) => Promise<void>> = {
  async 'debounced, none waits'(tests) {
    const { status, task } = await tests.create(debounce());
    expect([status, task.status, waitOf(task)]).toEqual(['CREATED', 'SCHEDULED', hourMs]);
    const { task: hasty } = await tests.create(debounce({ hash: 'hasty', maxWaitMs: 60_000 }));
    expect(waitOf(hasty)).toBe(60_000);
  },
  async 'debounced, one is `SCHEDULED`'(tests) {
    const pending = { maxWaitMs: 1.5 * hourMs };
    const { task } = await tests.create(debounce(pending));
    await tests.redis.hincrby(`${tests.root}:task:${task.id}`, 'runAt', -hourMs);
    const joined = await tests.create({ ...debounce(pending), input: '{"n":2}' });
    expect(joined).toMatchObject({ status: 'DEBOUNCED', task: { id: task.id, status: 'SCHEDULED' } });
    expect(await tests.store.content(task.id, 'input')).toBe('{"n":2}');
    expect(waitOf(joined.task)).toBeGreaterThanOrEqual(hourMs);
    expect(joined.task.version).toBeGreaterThan(task.version);
    // An hour ago it was created: half an hour is left of the longest.
    await age(tests, task, hourMs);
    const last = await tests.create(debounce(pending));
    expect(waitOf(last.task)).toBeCloseTo(1.5 * hourMs, -1);
  },
  async 'debounced, the one that is `SCHEDULED` has another version or limit key'(tests) {
    await setLimits(tests, { key: { c: 1 } });
    const tags = ['"definitionVersion":"v1"'];
    const { task } = await tests.create({ ...debounce(), limitKey: 'a', tags, schedule: 's' });
    const newer = { ...debounce(), limitKey: 'b', definitionVersion: 'v2' };
    const { task: joined } = await tests.create(newer);
    expect(joined).toMatchObject({
      id: task.id,
      limitKey: 'b',
      definitionVersion: 'v2',
      schedule: 's',
      tags,
    });
    await tests.pass(task.id, hourMs);
    await tests.tick();
    expect((await tests.begin()).delivery).toBeUndefined();
    await tests.delivery({ worker: 'w2', lines: ['resize:v2'] });
    expect(await tests.redis.smembers(`${tests.root}:slots:resize@b`)).toEqual([task.id]);
    // It was the one of its key until it was due.
    expect((await tests.create(newer)).status).toBe('CREATED');
  },
  async 'debounced, the one that is `SCHEDULED` has waited for `maxWait`'(tests) {
    const pending = { maxWaitMs: hourMs };
    const { task } = await tests.create(debounce(pending));
    await age(tests, task, hourMs);
    const { task: joined } = await tests.create({ ...debounce(pending), input: '{"n":2}' });
    expect(joined).toMatchObject({ id: task.id, status: 'QUEUED' });
    expect((await tests.delivery()).input).toBe('{"n":2}');
    expect((await tests.create(debounce(pending))).status).toBe('CREATED');
  },
  async 'debounced, the one before is `QUEUED` or has begun'(tests) {
    const { task } = await tests.create(debounce());
    await tests.store.reschedule(task.id, 0);
    const { status, task: next } = await tests.create(debounce());
    expect([status, next.id === task.id]).toEqual(['CREATED', false]);
    await tests.delivery();
    // What becomes of the first one leaves the key to the second.
    expect(await tests.create(debounce())).toMatchObject({ status: 'DEBOUNCED', task: { id: next.id } });
  },
  async 'debounced, the one before was canceled, or its record is gone'(tests) {
    const { task } = await tests.create(debounce());
    await tests.store.cancel(task.id, {});
    const { status, task: next } = await tests.create(debounce());
    expect(status).toBe('CREATED');
    await tests.vanish(next.id);
    expect((await tests.create(debounce())).status).toBe('CREATED');
  },
  async 'debounced, with an idempotency key that came before'(tests) {
    const { task } = await tests.create({ ...debounce(), idempotency: key('first') });
    await tests.create({ ...debounce(), input: '{"n":2}' });
    const { runAt, version } = await tests.task(task.id);
    const again = await tests.create({ ...debounce(), idempotency: key('first') });
    expect(again).toMatchObject({ status: 'WAS_THERE', task: { id: task.id, runAt, version } });
    expect(await tests.store.content(task.id, 'input')).toBe('{"n":2}');
  },
  async 'debounced, joined with an idempotency key of its own'(tests) {
    const { task } = await tests.create(debounce());
    await tests.create({ ...debounce(), idempotency: key('second') });
    await tests.store.reschedule(task.id, 0);
    await tests.succeed(await tests.delivery());
    const again = await tests.create({ ...debounce(), idempotency: key('second') });
    expect(again).toMatchObject({ status: 'WAS_THERE', task: { id: task.id, status: 'SUCCEEDED' } });
    const reused = await tests.create({ ...debounce(), idempotency: { ...key('second'), input: 'other' } });
    expect(reused.status).toBe('KEY_REUSED');
  },
  async 'debounced, with `expiresIn`'(tests) {
    const late = { ...debounce(), policy: { expiresInMs: 60_000 } };
    const { task } = await tests.create(late);
    expect((task.expiresAt ?? 0) - (task.runAt ?? 0)).toBe(60_000);
    await tests.pass(task.id, hourMs / 2);
    const { task: joined } = await tests.create(late);
    expect((joined.expiresAt ?? 0) - (joined.runAt ?? 0)).toBe(60_000);
    expect(joined.expiresAt).toBeGreaterThan((task.expiresAt ?? 0) - 1);
  },
  async 'single, one is `QUEUED`'(tests) {
    const { task } = await tests.create(singleton());
    expect(await tests.create({ ...singleton(), input: '{"n":2}' })).toMatchObject({
      status: 'WAS_THERE',
      task,
    });
    expect(await tests.store.content(task.id, 'input')).toBe('{"n":1}');
    expect((await tests.create({ ...singleton(), delayMs: hourMs })).task).toEqual(task);
  },
  async 'single, one is `SCHEDULED`, and this one is due now'(tests) {
    const { task } = await tests.create({ ...singleton(), delayMs: hourMs, policy: { expiresInMs: 60_000 } });
    const { status, task: joined } = await tests.create({ ...singleton(), policy: { expiresInMs: 60_000 } });
    expect([status, joined.id, joined.status]).toEqual(['WAS_THERE', task.id, 'QUEUED']);
    expect(joined).not.toHaveProperty('runAt');
    expect(joined).not.toHaveProperty('nextAttemptAt');
    expect((joined.expiresAt ?? 0) - joined.createdAt).toBeLessThan(hourMs);
    expect((await tests.delivery()).task.id).toBe(task.id);
  },
  async 'single, one is `SCHEDULED`, and this one is due earlier'(tests) {
    const policy = { expiresInMs: 60_000 };
    const { task } = await tests.create({ ...singleton(), delayMs: 2 * hourMs, policy });
    const { task: joined } = await tests.create({ ...singleton(), runAt: task.createdAt + hourMs, policy });
    expect(joined).toMatchObject({
      id: task.id,
      runAt: task.createdAt + hourMs,
      nextAttemptAt: task.createdAt + hourMs,
      expiresAt: task.createdAt + hourMs + 60_000,
    });
  },
  async 'single, one is `SCHEDULED`, and this one is due later'(tests) {
    const { task } = await tests.create({ ...singleton(), delayMs: hourMs });
    expect(await tests.create({ ...singleton(), delayMs: 2 * hourMs })).toMatchObject({
      status: 'WAS_THERE',
      task,
    });
  },
  async 'single, the one before has begun'(tests) {
    const { task } = await tests.create(singleton());
    await tests.fail(await tests.delivery());
    const { status, task: next } = await tests.create(singleton());
    expect([status, (await tests.task(task.id)).status]).toEqual(['CREATED', 'RETRYING']);
    expect((await tests.create(singleton())).task).toEqual(next);
  },
  async 'single, the one that waits has another version of the definition'(tests) {
    await tests.create(singleton());
    const { status, task } = await tests.create({ ...singleton(), definitionVersion: 'v2' });
    expect(status).toBe('CREATED');
    // The older one leaves the newer one's key alone.
    await tests.delivery();
    expect(await tests.create({ ...singleton(), definitionVersion: 'v2' })).toMatchObject({
      task: { id: task.id },
    });
  },
  async 'single, the one before was canceled and is retried by hand'(tests) {
    const { task } = await tests.create(singleton());
    await tests.store.cancel(task.id, {});
    const { task: next } = await tests.create(singleton());
    await tests.store.retry(task.id);
    const begun = [await tests.delivery(), await tests.delivery()].map((delivery) => delivery.task.id);
    expect(begun).toEqual([task.id, next.id]);
  },
  async 'delayed, with `expiresIn`'(tests) {
    const { task } = await tests.create({ delayMs: hourMs, policy: { expiresInMs: 60_000 } });
    expect((task.expiresAt ?? 0) - (task.runAt ?? 0)).toBe(60_000);
    await tests.pass(task.id, hourMs);
    await tests.tick();
    expect(await tests.task(task.id)).toMatchObject({ status: 'QUEUED' });
    await tests.pass(task.id, 60_000);
    await tests.tick();
    expect(await tests.task(task.id)).toMatchObject({ status: 'EXPIRED', attempt: 0 });
  },
  async 'delayed, with a `deadline`'(tests) {
    const { task } = await tests.create({ delayMs: 2 * hourMs, policy: { deadlineMs: hourMs } });
    await tests.pass(task.id, hourMs);
    await tests.tick();
    const failure = { code: 'TIMED_OUT' };
    expect(await tests.task(task.id)).toMatchObject({ status: 'FAILED', attempt: 0, failure });
  },
  async 'delayed, with an idempotency key that came before'(tests) {
    const { task } = await tests.create({ delayMs: hourMs, idempotency: key('k') });
    expect(await tests.create({ idempotency: key('k') })).toMatchObject({ status: 'WAS_THERE', task });
  },
  async 'rescheduled, with `expiresIn`'(tests) {
    const { task } = await tests.create({ delayMs: hourMs, policy: { expiresInMs: 60_000 } });
    const at = task.createdAt + 2 * hourMs;
    const moved = await tests.store.reschedule(task.id, at);
    expect(moved).toMatchObject({
      accepted: true,
      task: { status: 'SCHEDULED', runAt: at, nextAttemptAt: at, expiresAt: at + 60_000 },
    });
    const now = await tests.store.reschedule(task.id, 0);
    expect(now).toMatchObject({ accepted: true, task: { status: 'QUEUED' } });
    expect(now?.task.expiresAt).toBeLessThan(task.createdAt + hourMs);
    expect((await tests.begin(resize)).delivery?.task.id).toBe(task.id);
  },
};

function debounce(pending: Partial<Pending> = {}): Partial<Pick<NewTask, 'pending'>> {
  return { pending: { hash: 'debounced', mode: 'D', waitMs: hourMs, ...pending } };
}

function singleton(): Pick<NewTask, 'pending'> {
  return { pending: { hash: 'single', mode: 'S' } };
}

function key(name: string) {
  return { key: name, input: 'input', keepMs: hourMs };
}

/** How long after its creation a task is due. */
function waitOf({ createdAt, runAt = 0 }: Task): number {
  return runAt - createdAt;
}

/** Makes a task that waits so much older. */
async function age(tests: TestStore, { id }: Task, ms: number): Promise<void> {
  await tests.redis.hincrby(`${tests.root}:task:${id}`, 'created', -ms * 1_000);
}

import { expect, test } from 'vitest';
import { defineTask } from '../../src/index.ts';
import { LimitReachedError } from '../../src/errors.ts';
import type { EnqueueOptions } from '../../src/tasks/draft.ts';
import { double } from '../support/definitions.ts';
import { TestTasks } from '../support/tasks.ts';

const hourMs = 3_600_000;
const tenYearsMs = 3_650 * 86_400_000;

const refused: readonly [string, EnqueueOptions, readonly string[]][] = [
  ['a delay below nothing', { delayMs: -1 }, ['delay']],
  ['a delay of more than ten years', { delayMs: tenYearsMs + 1 }, ['delay']],
  ['a delay that is no number', { delayMs: Number.NaN }, ['delay']],
  ['a time that is none', { runAt: new Date('tomorrow-ish') }, ['runAt']],
  ['a time more than ten years away', { runAt: new Date(Date.now() + tenYearsMs + hourMs) }, ['runAt']],
  ['a delay and a time', { delayMs: 1, runAt: new Date() }, ['runAt']],
  ['a priority above 600', { priority: 601 }, ['priority']],
  ['a priority below -600', { priority: -601 }, ['priority']],
  ['half a priority', { priority: 0.5 }, ['priority']],
  ['several mistakes at once', { delayMs: -1, priority: Number.NaN }, ['delay', 'priority']],
];

test.each(refused)('%s is refused, and nothing is enqueued', async (_what, options, paths) => {
  await using app = await TestTasks.start([double], { workers: 0 });

  await expect(app.tasks.enqueue(double, { n: 1 }, options)).rejects.toMatchObject({
    code: 'BAD_USER_INPUT',
    issues: paths.map((path) => ({ path: ['options', path] })),
  });
  expect(await app.tasks.count()).toMatchObject({ count: 0 });
});

test('a time that is too far away is told as a client writes it', async () => {
  await using app = await TestTasks.start([double], { workers: 0 });
  const runAt = new Date('9999-01-01T00:00:00Z');

  await expect(app.tasks.enqueue(double, { n: 1 }, { runAt })).rejects.toThrow(
    'runAt: Expected a time within ten years, got 9999-01-01T00:00:00.000Z.',
  );
});

test('a task may be delayed by a time or until one, and given a head start', async () => {
  await using app = await TestTasks.start([double], { workers: 0 });
  const runAt = new Date(Date.now() + hourMs);

  const delayed = await app.tasks.enqueue(double, { n: 1 }, { delayMs: hourMs, priority: 600 });
  const timed = await app.tasks.enqueue(double, { n: 1 }, { runAt, priority: -600 });
  const past = await app.tasks.enqueue(double, { n: 1 }, { runAt: new Date(0), priority: 0 });

  expect(delayed).toMatchObject({ status: 'SCHEDULED', priority: 600, runAt: delayed.createdAt + hourMs });
  expect(delayed.nextAttemptAt).toBe(delayed.runAt);
  expect(timed).toMatchObject({ status: 'SCHEDULED', priority: -600, runAt: runAt.getTime() });
  expect(past.status).toBe('QUEUED');
  expect(past).not.toHaveProperty('runAt');
  expect(past).not.toHaveProperty('priority');
});

test('a delayed task begins when it is due, not before', async () => {
  await using app = await TestTasks.start([double]);

  const { id, runAt = Infinity } = await app.tasks.enqueue(double, { n: 21 }, { delayMs: 150 });

  const ended = await app.finished(id);
  expect(ended).toMatchObject({ status: 'SUCCEEDED', runAt, output: { n: 42 } });
  expect(ended.startedAt).toBeGreaterThanOrEqual(runAt);
});

test('another time is given only to what waits for one', async () => {
  await using app = await TestTasks.start([double], { workers: 0 });
  const { id, runAt = 0 } = await app.tasks.enqueue(double, { n: 1 }, { delayMs: hourMs });
  const { id: queued } = await app.tasks.enqueue(double, { n: 1 });

  const later = await app.tasks.reschedule(id, new Date(runAt + hourMs));
  expect(later).toMatchObject({ accepted: true, task: { status: 'SCHEDULED', runAt: runAt + hourMs } });
  expect(await app.tasks.reschedule(queued, new Date(runAt))).toMatchObject({
    accepted: false,
    task: { status: 'QUEUED' },
  });
  expect(await app.tasks.reschedule(id, new Date(0))).toMatchObject({
    accepted: true,
    task: { status: 'QUEUED' },
  });
  expect(await app.tasks.reschedule(id, new Date(0))).toMatchObject({ accepted: false });
  for (const at of [new Date(Number.NaN), new Date(Date.now() + tenYearsMs + hourMs)]) {
    await expect(app.tasks.reschedule(id, at)).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
  }
  await expect(app.tasks.reschedule('default_unknown', new Date())).rejects.toMatchObject({
    code: 'TASK_NOT_FOUND',
  });
});

test('another priority is given to all but what has ended', async () => {
  await using app = await TestTasks.start([double], { workers: 0 });
  const { id } = await app.tasks.enqueue(double, { n: 1 }, { delayMs: hourMs });

  expect(await app.tasks.prioritize(id, 60)).toMatchObject({ accepted: true, task: { priority: 60 } });
  const { task } = await app.tasks.prioritize(id, 0);
  expect(task).not.toHaveProperty('priority');
  await app.tasks.cancel(id);
  expect(await app.tasks.prioritize(id, 60)).toMatchObject({ accepted: false, task: { status: 'CANCELED' } });
  await expect(app.tasks.prioritize(id, 601)).rejects.toMatchObject({
    code: 'BAD_USER_INPUT',
    issues: [{ path: ['priority'] }],
  });
  await expect(app.tasks.prioritize('default_unknown', 1)).rejects.toMatchObject({ code: 'TASK_NOT_FOUND' });
});

test('a definition that is debounced runs the last input of each key and owner', async () => {
  const saved: string[] = [];
  const save = defineTask({
    name: 'save',
    input: (t) => ({ doc: t.string({ required: true }), text: t.string({ required: true }) }),
    debounce: { key: ({ doc }) => doc, wait: '150ms', maxWait: '10s' },
    run: ({ doc, text }) => void saved.push(`${doc}: ${text}`),
  });
  await using app = await TestTasks.start([save]);

  const first = await app.tasks.enqueue(save, { doc: 'a', text: 'one' });
  const second = await app.tasks.enqueue(save, { doc: 'a', text: 'two' });
  const other = await app.tasks.enqueue(save, { doc: 'b', text: 'three' });
  const foreign = await app.tasks.enqueue(save, { doc: 'a', text: 'four' }, { owner: 'ada' });

  expect(first).toMatchObject({ status: 'SCHEDULED', deduplicated: false, debounced: false });
  expect(second).toMatchObject({ id: first.id, status: 'SCHEDULED', deduplicated: true, debounced: true });
  expect(new Set([first, other, foreign].map(({ id }) => id)).size).toBe(3);
  await Promise.all([first, other, foreign].map(({ id }) => app.finished(id)));
  expect(new Set(saved)).toEqual(new Set(['a: two', 'b: three', 'a: four']));
  expect(await app.tasks.input(first.id)).toEqual({ doc: 'a', text: 'two' });
});

test('a definition that is debounced says itself when it begins', async () => {
  const save = defineTask({ name: 'save', debounce: { key: () => '', wait: '1h' }, run: () => undefined });
  await using app = await TestTasks.start([save], { workers: 0 });

  for (const [option, given] of [
    ['delay', { delayMs: 1 }],
    ['runAt', { runAt: new Date() }],
  ] as const) {
    await expect(app.tasks.enqueue(save, {}, given)).rejects.toMatchObject({
      code: 'BAD_USER_INPUT',
      issues: [{ path: ['options', option] }],
    });
  }
});

test('a single task is the answer for all of its key while it waits', async () => {
  const sync = defineTask({
    name: 'sync',
    input: (t) => ({ account: t.string({ required: true }) }),
    singleton: { key: ({ account }) => account },
    run: () => undefined,
  });
  const tidy = defineTask({ name: 'tidy', singleton: true, run: () => undefined });
  await using app = await TestTasks.start([sync, tidy], { workers: 0 });

  const first = await app.tasks.enqueue(sync, { account: 'a' });
  expect(first).toMatchObject({ deduplicated: false, debounced: false });
  expect(await app.tasks.enqueue(sync, { account: 'a' })).toMatchObject({
    id: first.id,
    deduplicated: true,
    debounced: false,
  });
  expect((await app.tasks.enqueue(sync, { account: 'b' })).deduplicated).toBe(false);
  const all = [await app.tasks.enqueue(tidy, {}), await app.tasks.enqueue(tidy, {})];
  expect(all.map(({ deduplicated }) => deduplicated)).toEqual([false, true]);
  expect((await app.tasks.enqueue(tidy, {}, { owner: 'ada' })).deduplicated).toBe(false);
});

test('a limit that rejects says so, and when a rate allows another one', async () => {
  const call = defineTask({
    name: 'call',
    limit: { rate: { count: 1, per: '1h' }, whenFull: 'REJECT' },
    run: () => undefined,
  });
  await using app = await TestTasks.start([call]);
  const { id } = await app.tasks.enqueue(call, {});
  const { startedAt = 0 } = await app.finished(id);

  const error = await app.tasks.enqueue(call, {}).catch((thrown: unknown) => thrown);

  if (!(error instanceof LimitReachedError)) throw error;
  expect(error.code).toBe('LIMIT_REACHED');
  expect((error.retryAt ?? 0) - startedAt).toBeGreaterThanOrEqual(hourMs);
  expect((error.retryAt ?? 0) - startedAt).toBeLessThan(hourMs + 1_000);
  expect(error.message).toContain(new Date(error.retryAt ?? 0).toISOString());
});

test('a key of a limit is text of up to 256 characters, whatever is in it', async () => {
  const keyed = (key: (input: { key: string }) => unknown) =>
    defineTask({
      name: 'keyed',
      input: (t) => ({ key: t.string({ required: true }) }),
      // What a definition in JavaScript may give.
      limit: { concurrency: 1, key: key as (input: { key: string }) => string },
      run: () => undefined,
    });
  const fine = keyed(({ key }) => key);
  await using app = await TestTasks.start([fine]);
  for (const key of ['', '\u0000', 'half of a \uD83D', '\n@!:=', 'é'.repeat(256)]) {
    const { id, limitKey } = await app.tasks.enqueue(fine, { key });
    expect(limitKey).toBe(key.toWellFormed());
    expect(await app.finished(id)).toMatchObject({ status: 'SUCCEEDED' });
  }
  await expect(app.tasks.enqueue(fine, { key: 'k'.repeat(257) })).rejects.toMatchObject({
    code: 'BAD_USER_INPUT',
    issues: [
      { path: ['input'], message: 'Expected one whose limit.key has at most 256 characters, got 257.' },
    ],
  });
  for (const wrong of [undefined, null, 7]) {
    await using other = await TestTasks.start([keyed(() => wrong)], { workers: 0 });
    await expect(other.tasks.enqueue('keyed', { key: 'k' })).rejects.toThrow('limit.key has to give a text');
  }
});

test('a delayed task that may expire does so only after it was due', async () => {
  const fleeting = defineTask({ name: 'fleeting', expiresIn: '1m', run: () => undefined });
  await using app = await TestTasks.start([fleeting], { workers: 0 });

  const { runAt = 0, expiresAt } = await app.tasks.enqueue(fleeting, {}, { delayMs: hourMs });

  expect(expiresAt).toBe(runAt + 60_000);
});

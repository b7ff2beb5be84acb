import { expect, test } from 'vitest';
import { ConfigurationError, defineTask, type TaskDefinition } from '../../src/index.ts';
import { isTaskDefinition } from '../../src/definition/definition.ts';

/** As a JavaScript user may call it. */
const defineAnything = defineTask as (options: unknown) => TaskDefinition;

function problemsOf(options: unknown): readonly string[] {
  try {
    defineAnything(options);
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems;
    throw error;
  }
  return [];
}

test('a definition has every setting filled in with its documented default', () => {
  const tick = defineTask({ name: 'tick', run() {} });

  expect(tick).toMatchObject({
    name: 'tick',
    queue: 'default',
    retry: { attempts: 3, backoff: { initialMs: 1_000, factor: 2, maxMs: 600_000, jitter: 1 } },
    timeoutMs: undefined,
    graceMs: 10_000,
    deadlineMs: undefined,
    expiresInMs: undefined,
    concurrency: undefined,
    maxDeliveries: 3,
    thread: false,
    retention: { successMs: 604_800_000, failureMs: 2_592_000_000 },
    maxOutputBytes: 262_144,
    logs: { lines: 1_000, chunks: 50_000, bytes: 1_048_576, retentionMs: 604_800_000 },
    limits: [],
    debounce: undefined,
    singleton: undefined,
    schedules: [],
    authorize: undefined,
  });
});

test('durations are written with a unit or as milliseconds', () => {
  const timed = defineTask({
    name: 'timed',
    timeout: '30s',
    grace: 0,
    deadline: '1.5h',
    expiresIn: 250,
    retention: '2d',
    logs: { retention: '1h' },
    retry: { backoff: { initial: '250ms', max: '5m' } },
    limit: { rate: { count: 10, per: '1m' } },
    debounce: { key: () => 'k', wait: '2s', maxWait: '10s' },
    run() {},
  });

  expect(timed).toMatchObject({
    timeoutMs: 30_000,
    graceMs: 0,
    deadlineMs: 5_400_000,
    expiresInMs: 250,
    retention: { successMs: 172_800_000, failureMs: 172_800_000 },
    logs: { retentionMs: 3_600_000 },
    retry: { backoff: { initialMs: 250, maxMs: 300_000 } },
    limits: [{ rate: { count: 10, perMs: 60_000, burst: 10 }, whenFull: 'WAIT' }],
    debounce: { waitMs: 2_000, maxWaitMs: 10_000 },
  });
});

test('a definition cannot be changed', () => {
  const tick = defineTask({ name: 'tick', run() {} });

  expect(() => Object.assign(tick, { queue: 'other' })).toThrow(TypeError);
});

test('every problem of the options is reported at once', () => {
  const problems = problemsOf({
    name: 'Resize-Image',
    description: 5,
    queue: 'My Queue',
    input: { width: 'Int' },
    run: 'later',
    validate: 'yes',
    thread: 1,
    authorize: true,
    retry: { attempts: 0, backoff: { initial: '1x', max: -1, factor: 0.5, jitter: 2 } },
    timeout: '30 seconds',
    grace: Number.NaN,
    deadline: 0,
    expiresIn: '99999d',
    concurrency: 0,
    maxDeliveries: 1.5,
    retention: { success: 'forever', failure: '' },
    maxOutputBytes: '1MB',
    logs: { lines: 0, retention: 'long', level: 'info' },
    limit: { key: 'tenant', whenFull: 'PANIC' },
    debounce: { wait: '1s' },
    singleton: { key: 'tenant' },
    schedule: [{ cron: '* * * * *', every: '1s', timeZone: 'Mars/Base' }, { at: 'soon' }, { every: 0 }],
    attempts: 3,
  });

  expect(problems.every((problem) => problem.startsWith('Task "Resize-Image": '))).toBe(true);
  expect(problems.map((problem) => problem.replace('Task "Resize-Image": ', ''))).toEqual([
    'name must match ^[a-z][A-Za-z0-9]{1,48}$, not "Resize-Image".',
    'input must be a function such as (t) => ({ width: t.int() }), not an object.',
    'run must be a function, not "later".',
    'attempts is not an option of defineTask.',
    'queue must match ^[a-z][A-Za-z0-9-]{0,47}$, not "My Queue".',
    'description must be a string, not 5.',
    'thread must be a boolean, not 1.',
    'authorize must be a function, not true.',
    'validate must be a function or a Standard Schema, not "yes".',
    'retry.attempts must be a whole number of at least 1, not 0.',
    `retry.backoff.initial must be a duration such as '30s', '5m', '7d', or a number of milliseconds, not "1x".`,
    "retry.backoff.max must be a duration such as '30s', '5m', '7d', or a number of milliseconds, not -1.",
    'retry.backoff.factor must be a number from 1 to 100, not 0.5.',
    'retry.backoff.jitter must be a number from 0 to 1, not 2.',
    `timeout must be a duration such as '30s', '5m', '7d', or a number of milliseconds, not "30 seconds".`,
    "grace must be a duration such as '30s', '5m', '7d', or a number of milliseconds, not NaN.",
    "deadline must be a duration such as '30s', '5m', '7d', or a number of milliseconds, not 0.",
    `expiresIn must be a duration such as '30s', '5m', '7d', or a number of milliseconds, not "99999d".`,
    'concurrency must be a whole number of at least 1, not 0.',
    'maxDeliveries must be a whole number of at least 1, not 1.5.',
    `retention.success must be a duration such as '30s', '5m', '7d', or a number of milliseconds, not "forever".`,
    `retention.failure must be a duration such as '30s', '5m', '7d', or a number of milliseconds, not "".`,
    'maxOutputBytes must be a whole number of at least 1, not "1MB".',
    'logs.level is not an option; known are lines, chunks, bytes, retention.',
    'logs.lines must be a whole number of at least 1, not 0.',
    `logs.retention must be a duration such as '30s', '5m', '7d', or a number of milliseconds, not "long".`,
    'limit.key must be a function, not "tenant".',
    'limit must have a concurrency, a rate or both.',
    `limit.whenFull must be 'WAIT', 'REJECT' or 'CANCEL_OLDEST', not "PANIC".`,
    'debounce.key must be a function, not undefined.',
    'singleton and debounce exclude each other: one that is debounced waits alone anyway.',
    'singleton must be true or have a key, a function, not an object.',
    'schedule must have exactly one of cron, every and at, not an object.',
    `schedule.timeZone must be an IANA time zone such as 'Europe/Berlin', not "Mars/Base".`,
    `schedule.at must be a Date or a time with its zone such as '2026-03-01T09:30:00Z', not "soon".`,
    "schedule.every must be a duration such as '30s', '5m', '7d', or a number of milliseconds, of at least a second, not 0.",
    'schedule: give each of several schedules a name of its own.',
  ]);
});

test('options that are no objects, and no options at all, are problems and no crash', () => {
  expect(problemsOf(undefined)).toEqual(['defineTask takes an object with at least a name and a run.']);
  expect(problemsOf('tick')).toHaveLength(1);
  expect(
    problemsOf({ name: 'tick', run() {}, retry: 3, limit: 5, debounce: '1s', schedule: 'daily', scalars: 1 }),
  ).toEqual([
    'Task "tick": scalars must be an object, not 1.',
    'Task "tick": retry must be an object, not 3.',
    'Task "tick": limit must be an object, not 5.',
    'Task "tick": debounce must be an object, not "1s".',
    'Task "tick": schedule must be an object, not "daily".',
  ]);
});

test('only what defineTask returned is a definition', () => {
  expect(isTaskDefinition(defineTask({ name: 'tick', run() {} }))).toBe(true);
  expect([null, undefined, 'tick', { name: 'tick', run() {} }].map(isTaskDefinition)).not.toContain(true);
});

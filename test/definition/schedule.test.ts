import { expect, test } from 'vitest';
import { compileDefinitions } from '../../src/definition/types.ts';
import { ConfigurationError, defineTask } from '../../src/index.ts';

function problemsOf(act: () => unknown): readonly string[] {
  try {
    act();
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems;
    throw error;
  }
  return [];
}

/** What `defineTask` says of schedules that may be anything, as task files may be JavaScript. */
function problemsOfSchedules(...schedule: readonly unknown[]): readonly string[] {
  const options = { name: 'backup', schedule, run: () => undefined };
  return problemsOf(() => defineTask(options as unknown as Parameters<typeof defineTask>[0])).map((problem) =>
    problem.replace('Task "backup": ', ''),
  );
}

test('schedules are kept with their defaults', () => {
  const at = '2026-03-01T09:30:00+01:00';
  const { schedules } = defineTask({
    name: 'backup',
    schedule: [
      { cron: '30 2 * * *' },
      { name: 'often', every: '15m', input: { n: 1 }, missed: 'RUN_ALL', overlap: 'SKIP' },
      { name: 'once', at },
    ],
    run: () => undefined,
  });

  const usual = { input: '{}', missed: 'SKIP', overlap: 'ALLOW' };
  expect(schedules).toEqual([
    { name: 'default', times: { cron: '30 2 * * *', timeZone: 'UTC' }, ...usual },
    { name: 'often', times: { everyMs: 900_000 }, input: '{"n":1}', missed: 'RUN_ALL', overlap: 'SKIP' },
    { name: 'once', times: { atMs: Date.parse(at) }, ...usual },
  ]);
});

test.each([
  ['a field too many', '* * * * * * *', 'requires exactly 5 or 6 parts'],
  ['a minute that is none', '61 * * * *', 'Invalid value for minute: 61'],
  ['a day that no month has', '0 0 30 2 *', 'no day is like that'],
  ['a date', '2026-03-01T09:30:00', 'five or six fields'],
  ['a novel', '1,'.repeat(500), 'five or six fields'],
  ['a number', 5, 'a text'],
])('a cron expression with %s is a problem', (_, cron, problem) => {
  expect(problemsOfSchedules({ cron })).toEqual([expect.stringContaining(problem)]);
});

test('a time after the year 9999 is a problem', () => {
  expect(problemsOfSchedules({ at: new Date(8e15) })).toEqual([
    expect.stringContaining('schedule.at must be'),
  ]);
});

test('everything that is wrong with schedules is told at once', () => {
  const circular: Record<string, unknown> = {};
  circular['self'] = circular;

  expect(
    problemsOfSchedules(
      { name: 'a', every: '10ms', missed: 'ALL', overlap: 'MAYBE', inputs: {} },
      { name: 'b', at: '2026-03-01T09:30:00', timeZone: 'UTC', input: circular },
      { name: 'c', cron: '0 0 * * *', timeZone: 7, input: [] },
    ),
  ).toEqual([
    'schedule.inputs is not an option; known are name, cron, timeZone, every, at, input, missed, overlap.',
    expect.stringContaining('schedule.every must be a duration'),
    `schedule.missed must be 'SKIP' or 'RUN_LAST' or 'RUN_ALL', not "ALL".`,
    `schedule.overlap must be 'ALLOW' or 'SKIP' or 'CANCEL_PREVIOUS', not "MAYBE".`,
    'schedule.timeZone must be left out where there is no cron, not "UTC".',
    `schedule.at must be a Date or a time with its zone such as '2026-03-01T09:30:00Z', not "2026-03-01T09:30:00".`,
    'schedule.input must be an object of JSON, not an object.',
    "schedule.timeZone must be an IANA time zone such as 'Europe/Berlin', not 7.",
    'schedule.input must be an object of JSON, not a list.',
  ]);
});

test('an input that its definition does not take is a problem when definitions are loaded', () => {
  const backup = defineTask({
    name: 'backup',
    input: (t) => ({ n: t.int({ required: true }) }),
    schedule: [
      { name: 'empty', every: '1h' },
      { name: 'wrong', every: '1h', input: { n: 'x', m: 1 } },
    ],
    run: () => undefined,
  });
  const none = defineTask({ name: 'none', schedule: { every: '1h', input: { n: 1 } }, run: () => undefined });

  expect(problemsOf(() => compileDefinitions([backup, none]))).toEqual([
    "Task 'backup': input.n of the schedule 'empty': Expected Int!, but it is missing.",
    expect.stringMatching(/^Task 'backup': input\.n of the schedule 'wrong': /),
    expect.stringMatching(/^Task 'backup': input\.m of the schedule 'wrong': /),
    "Task 'none': input of the schedule 'default': Expected no input: this task takes none.",
  ]);
});

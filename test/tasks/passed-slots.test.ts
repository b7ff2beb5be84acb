import { describe, expect, test } from 'vitest';
import { passedSlots } from '../../src/tasks/passed-slots.ts';

const minute = 60_000;
const everyMinute = { everyMs: minute, anchorMs: 0 };
const byCron = { cron: '* * * * *', timeZone: 'Europe/Berlin' };
const start = Date.parse('2026-11-22T12:00:00Z');

describe.each([
  ['every minute', everyMinute],
  ['by cron', byCron],
])('%s', (_, spec) => {
  test('a slot that has just come runs, whatever the policy', () => {
    for (const policy of ['SKIP', 'RUN_LAST', 'RUN_ALL'] as const) {
      expect(passedSlots(spec, start, start + 20, policy)).toEqual({
        run: [start],
        missed: 0,
        lastMissed: undefined,
        next: start + minute,
      });
    }
  });

  test('of a thousand missed ones RUN_ALL runs the last hundred, oldest first', () => {
    const now = start + 999 * minute + 5;

    const { run, missed, lastMissed, next } = passedSlots(spec, start, now, 'RUN_ALL');

    expect(run).toEqual(Array.from({ length: 100 }, (_, index) => start + (900 + index) * minute));
    expect(lastMissed).toBe(start + 899 * minute);
    expect(next).toBe(start + 1_000 * minute);
    // By cron not more than two hundred are counted.
    expect(missed).toBe(spec === byCron ? 100 : 900);
  });
});

test('SKIP runs the last slot up to a minute late', () => {
  const hourly = { everyMs: 60 * minute, anchorMs: start };
  const last = start + 60 * minute;

  expect(passedSlots(hourly, start, last + minute, 'SKIP')).toMatchObject({
    run: [last],
    missed: 1,
    lastMissed: start,
  });
  expect(passedSlots(hourly, start, last + minute + 1, 'SKIP')).toMatchObject({
    run: [],
    missed: 2,
    lastMissed: last,
  });
  expect(passedSlots(hourly, start, last + minute + 1, 'RUN_LAST')).toMatchObject({ run: [last], missed: 1 });
});

test('a time that comes once runs late where its policy says so, and then never again', () => {
  const spec = { atMs: start };

  expect(passedSlots(spec, start, start + 5, 'SKIP')).toMatchObject({ run: [start], next: undefined });
  expect(passedSlots(spec, start, start + 10 * minute, 'SKIP')).toMatchObject({
    run: [],
    missed: 1,
    next: undefined,
  });
  expect(passedSlots(spec, start, start + 10 * minute, 'RUN_ALL')).toMatchObject({
    run: [start],
    next: undefined,
  });
});

test('a slot that the store has set counts, also where this process would have none then', () => {
  const odd = start + 12_345;

  expect(passedSlots(byCron, odd, odd + 10, 'SKIP')).toEqual({
    run: [odd],
    missed: 0,
    lastMissed: undefined,
    next: start + minute,
  });
});

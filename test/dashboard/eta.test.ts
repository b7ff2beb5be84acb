import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Reading, timeLeft, withReading } from '../../src/dashboard/pages/task/eta.ts';

/** Readings at a steady pace: `share` more each `stepMs`. */
function steady(count: number, stepMs: number, share: number): readonly Reading[] {
  return Array.from({ length: count }, (_, n) => ({ at: n * stepMs, fraction: n * share })).reduce(
    withReading,
    [] as readonly Reading[],
  );
}

test('a task that does a hundredth each second has as many seconds left as hundredths', () => {
  const window = steady(21, 1000, 0.01);

  expect(timeLeft(window, 20_000)).toBeCloseTo(80_000, 3);
  expect(timeLeft(window, 20_600)).toBeCloseTo(79_400, 3);
});

test('one that advances once in ten minutes has a time left as well', () => {
  const window = steady(5, 600_000, 0.1);

  expect(timeLeft(window, 2_400_000)).toBeCloseTo(3_600_000, 3);
});

test('what happened more than a minute ago no longer counts', () => {
  const slow = steady(21, 5000, 0.001);
  const fast = Array.from({ length: 70 }, (_, n) => ({
    at: 100_000 + (n + 1) * 1000,
    fraction: 0.02 + (n + 1) * 0.01,
  }));

  const left = timeLeft(fast.reduce(withReading, slow), 170_000);

  expect(left).toBeCloseTo(28_000, 3);
});

test('nothing is said before the pace is known', () => {
  expect(timeLeft([], 0)).toBeUndefined();
  expect(timeLeft(steady(2, 1000, 0.1), 1000)).toBeUndefined();
  expect(timeLeft(steady(10, 100, 0.01), 900)).toBeUndefined();
});

test('nothing is said of a task that has stalled', () => {
  const window = steady(21, 1000, 0.01);

  expect(timeLeft(window, 24_000)).toBeDefined();
  expect(timeLeft(window, 26_000)).toBeUndefined();
});

test('nothing is said where the pace has changed a lot', () => {
  const window = [0, 0.3, 0.6, 0.605, 0.61, 0.615, 0.62]
    .map((fraction, n) => ({ at: n * 2000, fraction }))
    .reduce(withReading, [] as readonly Reading[]);

  expect(timeLeft(window, 12_000)).toBeUndefined();
});

test('another attempt begins anew', () => {
  const window = withReading(steady(21, 1000, 0.01), { at: 21_000, fraction: 0.01 });

  expect(window).toEqual([{ at: 21_000, fraction: 0.01 }]);
});

test('a message without progress is no reading', () => {
  const window = steady(5, 1000, 0.1);

  expect(withReading(window, { at: 9000, fraction: 0.4 })).toBe(window);
});

test('nobody says how long what has hardly begun takes', () => {
  const window = [0, 5e-324, 1e-323].map((fraction, index) => ({ at: 750 * index, fraction }));

  expect(timeLeft(window, 1500)).toBeUndefined();
});

test('whatever comes, the time left is a number that is not below zero, and the window stays small', () => {
  const steps = fc.array(
    fc.record({ after: fc.nat(90_000), fraction: fc.double({ min: 0, max: 1, noNaN: true }) }),
    {
      maxLength: 400,
    },
  );
  fc.assert(
    fc.property(steps, fc.nat(100_000), (steps, silence) => {
      let at = 0;
      let window: readonly Reading[] = [];
      for (const { after, fraction } of steps) {
        at += after;
        window = withReading(window, { at, fraction });
      }
      const left = timeLeft(window, at + silence);
      expect(window.length).toBeLessThanOrEqual(240);
      expect(left === undefined || (Number.isFinite(left) && left >= 0)).toBe(true);
    }),
  );
});

import { array, assert, integer, property } from 'fast-check';
import { expect, test } from 'vitest';
import {
  countOf,
  emptyHistogram,
  endOf,
  type Histogram,
  mergeHistograms,
  percentile,
  pieceOf,
  summarize,
} from '../../src/tasks/histogram.ts';

function histogramOf(times: readonly number[]): Histogram {
  const pieces = new Map<number, number>();
  for (const ms of times) pieces.set(pieceOf(ms), (pieces.get(pieceOf(ms)) ?? 0) + 1);
  return { pieces, max: Math.max(0, ...times) };
}

/** By nearest rank. */
function exactly(times: readonly number[], share: number): number {
  const sorted = times.toSorted((one, other) => one - other);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
}

/** From no time to two days, as many short ones as long ones: a double would be next to nothing nearly always. */
const times = array(
  integer({ min: 0, max: 19_000 }).map((power) => Math.floor(Math.exp(power / 1_000) - 0.5)),
  { minLength: 1, maxLength: 400 },
);

test('a percentile is at most 19 % or 1 ms beside the exact one, and the longest time is exact', () => {
  assert(
    property(times, (all) => {
      const histogram = histogramOf(all);
      for (const share of [0.5, 0.95, 0.99]) {
        const exact = exactly(all, share);
        const told = percentile(histogram, share) ?? -1;
        expect(Math.abs(told - exact)).toBeLessThanOrEqual(Math.max(1, 0.19 * exact));
      }
      expect(summarize(histogram)).toMatchObject({ count: all.length, max: Math.max(...all) });
    }),
    { numRuns: 500 },
  );
});

test('histograms that are merged are one of all times', () => {
  assert(
    property(times, times, (some, others) => {
      const merged = mergeHistograms([histogramOf(some), histogramOf(others)]);
      const whole = histogramOf([...some, ...others]);
      expect(merged.pieces).toEqual(whole.pieces);
      expect(merged.max).toBe(whole.max);
    }),
  );
});

test('each time is in the piece whose end it does not exceed, powers of two at its end', () => {
  for (let power = 0; power < 29; power += 1) {
    const ms = 2 ** power;
    expect([pieceOf(ms), endOf(pieceOf(ms))]).toEqual([2 * power, ms]);
    expect(pieceOf(ms + 1)).toBeGreaterThan(2 * power);
  }
  // What lasts longer than six days shares one.
  expect([pieceOf(2 ** 31), endOf(pieceOf(2 ** 31))]).toEqual([59, Infinity]);
});

test('of nothing there is no percentile', () => {
  expect(summarize(emptyHistogram)).toStrictEqual({
    count: 0,
    p50: undefined,
    p95: undefined,
    p99: undefined,
    max: undefined,
  });
  expect(countOf(emptyHistogram)).toBe(0);
});

import { array, assert, integer, property } from 'fast-check';
import { expect, test } from 'vitest';
import {
  countOf,
  endOf,
  type Histogram,
  mergeHistograms,
  pieceOf,
  summarize,
} from '../../src/tasks/histogram.ts';

function histogramOf(times: readonly number[]): Histogram {
  const pieces = new Map<number, number>();
  for (const ms of times) pieces.set(pieceOf(ms), (pieces.get(pieceOf(ms)) ?? 0) + 1);
  return pieces;
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

test('a percentile is at most 19 % or 1 ms beside the exact one, and so is the longest time', () => {
  assert(
    property(times, (all) => {
      const histogram = histogramOf(all);
      const { count, p50, p95, p99, max } = summarize(histogram);
      expect(count).toBe(all.length);
      const told = new Map([
        [0.5, p50],
        [0.95, p95],
        [0.99, p99],
        [1, max],
      ]);
      for (const [share, ms = -1] of told) {
        const exact = exactly(all, share);
        expect(Math.abs(ms - exact)).toBeLessThanOrEqual(Math.max(1, 0.19 * exact));
      }
    }),
    { numRuns: 500 },
  );
});

test('histograms that are merged are one of all times', () => {
  assert(
    property(times, times, (some, others) => {
      const merged = mergeHistograms([histogramOf(some), histogramOf(others)]);
      const whole = histogramOf([...some, ...others]);
      expect(merged).toEqual(whole);
    }),
  );
});

test('each time is in the piece whose end it does not exceed, powers of two at its end', () => {
  for (let power = 0; power < 35; power += 1) {
    const ms = 2 ** power;
    expect([pieceOf(ms), endOf(pieceOf(ms))]).toEqual([2 * power, ms]);
    expect(pieceOf(ms + 1)).toBeGreaterThan(2 * power);
  }
  // What lasts longer than 397 days shares one.
  expect([pieceOf(2 ** 37), endOf(pieceOf(2 ** 37))]).toEqual([71, Infinity]);
});

test('of nothing there is no percentile', () => {
  expect(summarize(new Map())).toStrictEqual({
    count: 0,
    p50: undefined,
    p95: undefined,
    p99: undefined,
    max: undefined,
  });
  expect(countOf(new Map())).toBe(0);
});

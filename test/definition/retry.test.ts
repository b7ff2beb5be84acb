import { expect, test } from 'vitest';
import { delayAfter, normalizeRetry } from '../../src/definition/retry.ts';

const usual = normalizeRetry({}, () => {});

test('waits double from one second up to ten minutes', () => {
  const longest = () => 0;

  const waits = [1, 2, 3, 10, 11, 5_000].map((attempt) => delayAfter(attempt, usual, longest));

  expect(waits).toEqual([1_000, 2_000, 4_000, 512_000, 600_000, 600_000]);
});

test('a wait is anywhere from nothing to the whole, so that tasks that failed together come back apart', () => {
  const waits = Array.from({ length: 1_000 }, () => delayAfter(3, usual));

  expect(Math.min(...waits)).toBeLessThan(400);
  expect(Math.max(...waits)).toBeGreaterThan(3_600);
  expect(waits.every((wait) => wait >= 0 && wait <= 4_000)).toBe(true);
});

test('without jitter a wait is exact, with half it is at least half', () => {
  const exact = normalizeRetry({ backoff: { jitter: 0 } }, () => {});
  const half = normalizeRetry({ backoff: { jitter: 0.5 } }, () => {});

  expect(delayAfter(2, exact)).toBe(2_000);
  expect(Array.from({ length: 100 }, () => delayAfter(2, half)).every((wait) => wait >= 1_000)).toBe(true);
});

import { expect, test } from 'vitest';
import { hourUpTo, type Minute, total } from '../../src/dashboard/pages/overview/hour.ts';

const spread = { count: 1, p50: 'PT1S', p95: 'PT2S' };
const minuteAt = (time: number, enqueued: number): Minute => ({
  time,
  enqueued,
  started: 0,
  attemptsFailed: 0,
  finished: { succeeded: 0, failed: 0, canceled: 0, expired: 0 },
  wait: spread,
  run: spread,
});

test('an hour has sixty minutes, also where nothing happened, and none that is older', () => {
  const now = 100 * 60_000;
  const known = new Map(
    [minuteAt(now, 3), minuteAt(now - 59 * 60_000, 2), minuteAt(now - 60 * 60_000, 7)].map((minute) => [
      minute.time,
      minute,
    ]),
  );

  const hour = hourUpTo(now, known);

  expect(hour).toHaveLength(60);
  expect([hour[0]?.enqueued, hour[1]?.enqueued, hour[59]?.enqueued]).toEqual([2, 0, 3]);
  expect(total(hour, ({ enqueued }) => enqueued)).toBe(5);
});

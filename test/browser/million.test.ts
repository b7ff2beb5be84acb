import { expect, inject, test } from 'vitest';
import { redisServerPath } from '../support/stores.ts';
import { measureMillion } from './million/run.ts';

test('however many tasks there are, the page holds what is on the screen, shows the right ones and finds any', async ({
  skip,
}) => {
  const tasks = 10_000;
  const report = await measureMillion({
    redisServer: redisServerPath ?? skip('there is no redis-server'),
    browser: inject('browser') ?? skip('there is no browser'),
    tasks,
    tabs: 1,
    searches: ['status:failed', 'tag:sale status:succeeded', 'owner:shop-7 name:resizeImage'],
  });

  expect(report.problems).toEqual([]);
  const { jumps, searches, memory, rows } = report;
  for (const count of [rows, ...[...jumps, ...searches].map(({ rows }) => rows)]) {
    expect(count).toBeGreaterThan(30);
    expect(count).toBeLessThan(80);
  }
  for (const { share, off, isInOrder } of jumps) {
    expect(isInOrder).toBe(true);
    // Near enough for a scroll bar, within a millisecond of a batch; but an end is an end.
    expect(off).toBeLessThanOrEqual(share === 0 || share === 1 ? 0 : 120);
  }
  // Ten thousand tasks of a kilobyte would be 10 MB; fifty times as many as at first are no reason to hold more.
  expect(memory.after.tab / memory.few.tab).toBeLessThan(1.5);
  expect(memory.after.api - memory.few.api).toBeLessThan(4_000_000);
  expect(report.whileAway.hasStayed).toBe(true);
}, 300_000);

import { expect, test } from 'vitest';
import { redisServerPath } from '../support/stores.ts';
import { measureBacklog } from './backlog-run.ts';

test('a call takes Redis as long on a full queue as on an empty one, and a waiting task less than a kilobyte', async ({
  skip,
}) => {
  const report = await measureBacklog(redisServerPath ?? skip('there is no redis-server'), {
    form: 'blocked',
    tasks: 20_000,
    keys: 200,
    rounds: 2,
  });

  expect(report.bytesPerTask).toBeLessThan(1_024);
  // What grows with the queue takes fifty times as long, or a thousand; beside other tests a call takes thrice as long by chance.
  const slow = report.calls.filter(
    ({ isBounded, leastRatio, empty, full }) =>
      !isBounded && leastRatio > 4 && full.serverUs - empty.serverUs > 100,
  );
  expect(slow).toEqual([]);
}, 60_000);

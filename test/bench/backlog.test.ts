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
    rounds: 3,
  });

  expect(report.bytesPerTask).toBeLessThan(1_024);
  const slow = report.calls.filter(({ isBounded, leastRatio }) => !isBounded && leastRatio > 2);
  expect(slow).toEqual([]);
}, 60_000);

import { expect, test } from 'vitest';
import { redisServerPath } from '../support/stores.ts';
import { shortForm } from './options.ts';
import { brokenPromises, runChaos } from './run.ts';

test(
  'no promise breaks while workers, APIs and Redis are killed, frozen and cut off',
  { timeout: 120_000 },
  async ({ skip }) => {
    const report = await runChaos(redisServerPath ?? skip('there is no redis-server'), shortForm);

    expect(brokenPromises(report)).toStrictEqual([]);
  },
);

import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect, type Redis } from '../../src/redis/connection.ts';
import { ModelQueue } from '../support/model-queue.ts';
import { steps } from '../support/model-steps.ts';
import { freshSettings, sharedStores, testLogger } from '../support/stores.ts';

describe.each(sharedStores)('in $name', (shared) => {
  let subscriber: Redis;
  beforeAll(() => {
    subscriber = connect(freshSettings(shared), 'worker', testLogger);
  });
  afterAll(() => subscriber.disconnect());

  test('whatever happens in whatever order, tasks move as the model says and all keys agree', async () => {
    const property = fc.asyncProperty(
      fc.commands(steps, { maxCommands: 60, size: '+2' }),
      async (commands) => {
        await using queue = await ModelQueue.open(shared, subscriber);
        await fc.asyncModelRun(() => ({ model: queue.model, real: queue }), commands);
        await queue.expectStory();
      },
    );
    const walk = fc.assert(property, {
      seed: Number(process.env['MODEL_SEED'] ?? 20_261_122),
      numRuns: Number(process.env['MODEL_RUNS'] ?? 30),
    });
    await expect(walk).resolves.toBeUndefined();
  }, 120_000);
});

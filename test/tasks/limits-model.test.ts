import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { rulesOf, setLimits } from '../support/limits.ts';
import { LimitsQueue, names } from '../support/limits-queue.ts';
import { limitsSteps } from '../support/limits-steps.ts';
import { sharedStores } from '../support/stores.ts';

describe.each(sharedStores)('in $name', (shared) => {
  test('whatever happens, no limit is exceeded, what may start is started in order, and nothing is left behind', async () => {
    const property = fc.asyncProperty(
      fc.commands(limitsSteps, { maxCommands: 60, size: '+2' }),
      async (commands) => {
        await using queue = await LimitsQueue.open(shared);
        const { tests, oracle } = queue;
        await fc.asyncModelRun(() => ({ model: {}, real: queue }), commands);
        for (const name of names) await setLimits(tests, undefined, name);
        await rulesOf(tests).limit(tests.queue, { limit: null });
        for (const name of [undefined, ...names]) await rulesOf(tests).resume(tests.queue, name);
        oracle.rules.clear();
        await queue.expectDrained();
      },
    );
    const walk = fc.assert(property, {
      seed: Number(process.env['MODEL_SEED'] ?? 20_261_122),
      numRuns: Number(process.env['MODEL_RUNS'] ?? 6),
    });
    await expect(walk).resolves.toBeUndefined();
  }, 600_000);
});

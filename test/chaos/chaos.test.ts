import { expect, test } from 'vitest';
import { redisServerPath } from '../support/stores.ts';
import { readOptions, shortForm } from './options.ts';
import { planAct } from './plan.ts';
import { brokenPromises, runChaos } from './run.ts';

test(
  'no promise breaks while workers, APIs and Redis are killed, frozen and cut off',
  { timeout: 180_000 },
  async ({ skip }) => {
    const report = await runChaos(redisServerPath ?? skip('there is no redis-server'), shortForm);

    expect(brokenPromises(report)).toStrictEqual([]);
  },
);

test('the same seed plans the same tasks and faults, another one others', () => {
  const [act] = shortForm.acts;
  if (act === undefined) throw new Error('there is an act');
  const plan = planAct(shortForm, act, 0);

  expect(planAct(readOptions(['--seed', '42']), act, 0)).toStrictEqual(plan);
  expect(planAct(readOptions(['--seed', '43']), act, 0)).not.toStrictEqual(plan);
  expect(plan.orders).toHaveLength(600);
});

test('a run is made larger by its options', () => {
  const options = readOptions(['--long', '--tasks', '5000', '--lease-ms', '800', '--kill-redis', '7']);

  expect(options).toMatchObject({
    leaseMs: 800,
    acts: [{ tasks: 5_000, faults: { 'kill Redis': 7, 'kill API': 30 } }, {}],
  });
  expect(() => readOptions(['--tasks', 'many'])).toThrow(
    "--tasks: expected a whole number of at least 0, got 'many'",
  );
});

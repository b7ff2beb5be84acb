import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { loadDefinitions } from '../../src/definition/load.ts';
import { freshSettings, sharedStores } from '../support/stores.ts';
import { TestTasks } from '../support/tasks.ts';

const file = fileURLToPath(new URL('../fixtures/cpu-bound.ts', import.meta.url));
const definitions = await loadDefinitions([file]);
const leaseMs = 400;

describe.for(sharedStores)('a CPU-bound task on $name', (shared) => {
  test('longer than a lease neither loses it nor holds up the worker', async () => {
    await using tests = await TestTasks.start(definitions, { redis: freshSettings(shared), leaseMs });
    const { id } = await tests.tasks.enqueue('compute', { ms: 3 * leaseMs });
    const computing = await tests.reached(id, ({ progress }) => progress !== undefined);
    const ended = await tests.finished(id);

    expect(computing).toMatchObject({ status: 'RUNNING', progress: { message: 'computing' } });
    expect(ended).toMatchObject({ status: 'SUCCEEDED', attempt: 1, output: { turns: expect.any(Number) } });
  });

  test('that is canceled or whose time is up is ended in the middle of its loop, and its slot is free', async () => {
    await using tests = await TestTasks.start(definitions, {
      redis: freshSettings(shared),
      concurrency: 1,
    });
    const { id } = await tests.tasks.enqueue('compute', { ms: 0 });
    await tests.reached(id, ({ progress }) => progress !== undefined);
    await tests.tasks.cancel(id);
    expect(await tests.finished(id)).toMatchObject({
      status: 'CANCELED',
      attempts: [{ outcome: 'CANCELED' }],
    });

    const late = await tests.tasks.enqueue('computeTooLong', {});
    expect(await tests.finished(late.id)).toMatchObject({
      status: 'FAILED',
      failure: { code: 'TIMED_OUT' },
      attempts: [{ outcome: 'TIMED_OUT' }],
    });
    const last = await tests.tasks.enqueue('compute', { ms: 1 });
    expect(await tests.finished(last.id)).toMatchObject({ status: 'SUCCEEDED' });
  });

  test('is given back when its worker stops', async () => {
    await using tests = await TestTasks.start(definitions, { redis: freshSettings(shared) });
    const { id } = await tests.tasks.enqueue('compute', { ms: 0 });
    await tests.reached(id, ({ progress }) => progress !== undefined);
    await tests.workers[0]?.stop(0);

    expect(await tests.tasks.get(id)).toMatchObject({
      status: 'QUEUED',
      attempts: [{ outcome: 'SUPERSEDED' }],
    });
  });
});

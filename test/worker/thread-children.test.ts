import { fileURLToPath } from 'node:url';
import { expect, test, vi } from 'vitest';
import { loadDefinitions } from '../../src/definition/load.ts';
import { TestStore } from '../support/store.ts';
import { TestTasks } from '../support/tasks.ts';

const file = fileURLToPath(new URL('../fixtures/children/tasks.ts', import.meta.url));
const definitions = await loadDefinitions([file]);

test('a run in a thread has children as any other, with one slot', async () => {
  await using tests = await TestTasks.start(definitions, { concurrency: 1 });
  const { id } = await tests.tasks.enqueue('squares', {});

  expect(await tests.finished(id)).toMatchObject({
    status: 'SUCCEEDED',
    attempt: 1,
    output: {
      isMainThread: false,
      sum: 13,
      times: [2, 3],
      errors: ['BadUserInputError false', 'ChildFailedError true', 'BadUserInputError false'],
    },
  });
});

test('a run in a thread that waits for a child hears of a cancel, and gives its thread back', async () => {
  await using tests = await TestTasks.start(definitions, { concurrency: 1 });
  await using store = new TestStore(tests.redis, 'default');
  const { id } = await tests.tasks.enqueue('stuck', {});
  await vi.waitFor(async () => expect(await store.redis.scard(`${store.root}:parked:stuck`)).toBe(1), {
    timeout: 10_000,
  });
  await tests.tasks.cancel(id);

  expect(await tests.finished(id)).toMatchObject({ status: 'SUCCEEDED', output: { same: true } });
  const next = await tests.tasks.enqueue('square', { n: 1 });
  expect(await tests.finished(next.id)).toMatchObject({ status: 'SUCCEEDED' });
});

import { afterEach, beforeEach, expect, test } from 'vitest';
import { UnavailableError } from '../../src/errors.ts';
import { actOnTasks } from '../../src/tasks/bulk.ts';
import { double } from '../support/definitions.ts';
import { TestTasks } from '../support/tasks.ts';

let tests: TestTasks;
/** Newest first. */
let ids: string[];

beforeEach(async () => {
  tests = await TestTasks.start([double], { workers: 0 });
  ids = [];
  for (let n = 0; n < 30; n += 1) ids.unshift((await tests.tasks.enqueue(double, { n })).id);
});
afterEach(async () => {
  await tests[Symbol.asyncDispose]();
});

const query = { filter: { names: ['double'] }, limit: 1000 };

test('at most 20 tasks are acted on at the same time, oldest first', async () => {
  const begun: string[] = [];
  let [running, most] = [0, 0];

  const { results } = await actOnTasks(
    tests.tasks,
    query,
    () => true,
    async ({ id }) => {
      begun.push(id);
      most = Math.max(most, (running += 1));
      await tests.tasks.get(id);
      running -= 1;
      return id;
    },
  );

  expect(most).toBe(20);
  expect(begun).toEqual(ids.toReversed());
  expect(results).toEqual(ids.map((id) => ({ id, answer: id })));
});

test('an error of one task is told with it and stops none of the others', async () => {
  const error = new Error('not this one');

  const { results } = await actOnTasks(
    tests.tasks,
    query,
    () => true,
    async ({ id }) => {
      if (id === ids[29]) throw error;
      return 'done';
    },
  );

  expect(results[29]).toEqual({ id: ids[29], error });
  expect(results.filter((result) => 'answer' in result)).toHaveLength(29);
});

test('once the store is away nothing more is tried, and the rest is told so', async () => {
  let tried = 0;

  const { results } = await actOnTasks(
    tests.tasks,
    query,
    () => true,
    async () => {
      tried += 1;
      throw new UnavailableError();
    },
  );

  expect(tried).toBe(20);
  expect(results).toHaveLength(30);
  for (const result of results) expect(result).toMatchObject({ error: { code: 'UNAVAILABLE' } });
});

import { expect, test } from 'vitest';
import { connectTasks, createServer, startWorker } from '../src/index.ts';
import { multiply } from './fixtures/tasks/numbers.ts';
import { freshSettings, testLogger } from './support/stores.ts';

test('a program of your own enqueues, works and serves through the public API', async () => {
  const shared = { redis: freshSettings(), definitions: [multiply], logger: testLogger };
  await using tasks = await connectTasks(shared);
  await using _worker = await startWorker({ ...shared, concurrency: 1 });
  await using server = await createServer({ tasks, logger: testLogger });
  const { url } = await server.listen(0, '127.0.0.1');

  const { id } = await tasks.enqueue(multiply, { a: 6, b: 7, steps: 2 });
  const states = await Array.fromAsync(tasks.watch(id));

  expect(states.at(-1)).toMatchObject({ status: 'SUCCEEDED', output: { product: 42 } });
  const response = await fetch(new URL('/graphql', url), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      query: 'query ($id: ID!) { task(id: $id) { status ... on MultiplyTask { output { product } } } }',
      variables: { id },
    }),
  });
  expect(await response.json()).toEqual({
    data: { task: { status: 'SUCCEEDED', output: { product: 42 } } },
  });
});

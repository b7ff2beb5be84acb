import { expect, test } from 'vitest';
import { connectTasks, createServer, defineTask, startWorker } from '../src/index.ts';
import { multiply } from './fixtures/tasks/numbers.ts';
import { freshSettings, testLogger } from './support/stores.ts';

test('a program of your own enqueues, works and serves through the public API', async () => {
  const shared = { redis: freshSettings(), definitions: [multiply], logger: testLogger };
  await using tasks = await connectTasks(shared);
  await using _worker = await startWorker({ ...shared, concurrency: 1 });
  await using server = await createServer({ tasks, auth: 'open', logger: testLogger });
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

test('a server of your own runs the tasks of the queue inline, unless it is told not to; a worker leaves them to it', async () => {
  const redis = freshSettings();
  const definitions = [multiply, defineTask({ name: 'nearby', queue: 'inline', run: () => undefined })];
  const logger = testLogger;
  await using tasks = await connectTasks({ redis, definitions, logger });
  await using worker = await startWorker({ redis, definitions, logger });
  await using _without = await createServer({ tasks, auth: 'open', logger, inline: false });
  expect(worker.queues).toEqual(['default']);
  const { id } = await tasks.enqueue('nearby', {});

  await using _server = await createServer({ tasks, auth: 'open', logger, inline: { concurrency: 1 } });
  const states = await Array.fromAsync(tasks.watch(id));

  expect(states.at(-1)).toMatchObject({ status: 'SUCCEEDED', attempt: 1 });
  expect(states.at(-1)?.attempts[0]?.worker).not.toBe(worker.id);
});

test('a worker serves the queue inline where it is named', async () => {
  const redis = freshSettings();
  const definitions = [defineTask({ name: 'nearby', queue: 'inline', run: () => undefined })];
  await using tasks = await connectTasks({ redis, definitions, logger: testLogger });
  await using worker = await startWorker({ redis, definitions, queues: ['inline'], logger: testLogger });

  const { id } = await tasks.enqueue('nearby', {});
  const states = await Array.fromAsync(tasks.watch(id));

  expect(states.at(-1)?.attempts[0]?.worker).toBe(worker.id);
});

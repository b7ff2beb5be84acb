import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type Api, startApi } from '../../src/cli/server.ts';
import { connectTasks, type Tasks } from '../../src/tasks/tasks.ts';
import { double } from '../support/definitions.ts';
import { freshSettings, testLogger } from '../support/stores.ts';
import { taskwire } from './program.ts';

vi.setConfig({ testTimeout: 60_000 });

// No worker takes what is enqueued here: tasks wait until they are canceled.
const redis = freshSettings();
const definitions = [double];
let api: Api;
let tasks: Tasks;

beforeAll(async () => {
  const options = { redis, definitions, logger: testLogger };
  api = await startApi({ ...options, host: '127.0.0.1', port: 0, auth: 'open', graphiql: false });
  tasks = await connectTasks(options);
});

afterAll(async () => {
  await tasks.close();
  await api.close();
});

test('cancel cancels a task, keeps the reason and prints the status', async () => {
  const { id } = await tasks.enqueue(double, { n: 1 });
  await using cancel = taskwire(['cancel', id, '--reason', 'no one serves it', '--url', api.url]);

  expect(await cancel.ended).toMatchObject({ code: 0 });
  expect(cancel.stdout).toBe(`${id} CANCELED\n`);
  const { status, cancellation } = (await tasks.get(id)) ?? {};
  expect({ status, reason: cancellation?.reason }).toStrictEqual({
    status: 'CANCELED',
    reason: 'no one serves it',
  });
});

test('cancel leaves a task that has ended as it is, says so and ends with 1', async () => {
  const { id } = await tasks.enqueue(double, { n: 1 });
  await using first = taskwire(['cancel', id, '--url', api.url]);
  await first.ended;
  await using again = taskwire(['cancel', id], { env: { TASKWIRE_URL: api.url } });

  expect(await again.ended).toMatchObject({ code: 1 });
  expect(again.stdout).toBe('');
  expect(again.stderr).toBe(`taskwire: ${id} isn't canceled: it has ended CANCELED.\n`);
});

test('retry puts a task back that was canceled, but not one that waits', async () => {
  const { id } = await tasks.enqueue(double, { n: 1 });
  await tasks.cancel(id);
  await using retry = taskwire(['retry', id, '--url', api.url]);
  expect(await retry.ended).toMatchObject({ code: 0 });
  expect(retry.stdout).toBe(`${id} QUEUED\n`);
  expect(await tasks.get(id)).toMatchObject({ status: 'QUEUED' });

  await using again = taskwire(['retry', id, '--url', api.url]);

  expect(await again.ended).toMatchObject({ code: 1 });
  expect(again.stderr).toMatch(/isn't retried: it is QUEUED, and only a task that FAILED, /);
});

test.each(['cancel', 'retry'])('%s says so in a sentence where there is no such task', async (command) => {
  await using program = taskwire([command, 'default_none', '--url', api.url]);

  expect(await program.ended).toMatchObject({ code: 1 });
  expect(program.stderr).toMatch(/^taskwire: TASK_NOT_FOUND: .*default_none/);
});

import { expect, test, vi } from 'vitest';
import { connectTasks } from '../../src/tasks/tasks.ts';
import type { Task } from '../../src/tasks/task.ts';
import { TestClient } from '../server/test-client.ts';
import { freshSettings, testLogger } from '../support/stores.ts';
import { Folder, listening, type Program, taskwire } from './program.ts';

vi.setConfig({ testTimeout: 60_000 });

test('API processes run the tasks of the queue inline: watched, durable, and to the end when they are stopped', async () => {
  const redis = freshSettings();
  await using folder = await Folder.create({ 'tasks/look.ts': look, 'tasks/steps.ts': steps });
  await using tasks = await connectTasks({ redis, definitions: [], logger: testLogger });
  const env = { REDIS_URL: redis.url, TASKWIRE_PREFIX: redis.prefix, TASKWIRE_LEASE: '500ms', PORT: '0' };
  const options = { cwd: folder.path, env };
  await using worker = taskwire(['worker'], options);
  await using first = taskwire(['server'], options);
  await worker.says(/the worker takes tasks/);

  await using client = await clientOf(first);
  const { data } = await client.http('mutation { look { task { id } } }');
  const watched = await Array.fromAsync(
    client.ws('subscription ($id: ID!) { lookUpdated(id: $id) { status output { pid isMainThread } } }', {
      id: data.look.task.id,
    }),
  );
  expect(watched.at(-1)).toStrictEqual({
    data: { lookUpdated: { status: 'SUCCEEDED', output: { pid: first.pid, isMainThread: false } } },
  });

  const enqueued = await client.http('mutation { steps { task { id } } }');
  const { id } = enqueued.data.steps.task;
  const states = tasks.watch(id);
  await reaches(states, ({ attempt }) => attempt === 1);
  await using second = taskwire(['server'], options);
  await listening(second);
  first.signal('SIGKILL');
  const taken = await reaches(states, ({ status, attempt }) => status === 'RUNNING' && attempt > 1);
  expect(taken.attempts.at(-1)?.worker).toContain(`-${second.pid}-`);

  second.signal('SIGTERM');
  await second.says(/the API stops/);
  await folder.write({ go: '' });
  expect(await second.ended).toStrictEqual({ code: 0, signal: null });
  const end = await reaches(states, ({ status }) => status === 'SUCCEEDED');
  expect(end).toMatchObject({ attempt: taken.attempt, output: { pid: second.pid } });
  expect(end.attempts.filter((attempt) => attempt.worker.includes(`-${worker.pid}-`))).toEqual([]);
});

/** Runs in a thread, and says where. */
const look = `
import { isMainThread } from 'node:worker_threads';
import { defineTask } from 'taskwire';
export const look = defineTask({
  name: 'look',
  queue: 'inline',
  thread: true,
  output: (t) => ({ pid: t.int(), isMainThread: t.boolean() }),
  run: () => ({ pid: process.pid, isMainThread }),
});
`;

/** Runs until there is a file \`go\`. */
const steps = `
import { existsSync, watch } from 'node:fs';
import { defineTask } from 'taskwire';
export const steps = defineTask({
  name: 'steps',
  queue: 'inline',
  output: (t) => ({ pid: t.int() }),
  async run(_, { signal }) {
    await new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason));
      watch('.', { signal }, () => existsSync('go') && resolve());
      if (existsSync('go')) resolve();
    });
    return { pid: process.pid };
  },
});
`;

async function clientOf(server: Program): Promise<TestClient> {
  return new TestClient(new URL(await listening(server)).origin);
}

/** Reads on until a state passes; the watch stays open. */
async function reaches(
  states: AsyncGenerator<Task, void, undefined>,
  passes: (task: Task) => boolean,
): Promise<Task> {
  for (;;) {
    const { value } = await states.next();
    if (value === undefined) throw new Error('the watch has ended');
    if (passes(value)) return value;
  }
}

import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type Api, startApi } from '../../src/cli/server.ts';
import { defineTask } from '../../src/index.ts';
import { Gate } from '../support/definitions.ts';
import { testLogger } from '../support/stores.ts';
import { TestTasks } from '../support/tasks.ts';
import { taskwire } from './program.ts';

vi.setConfig({ testTimeout: 60_000 });

let gate = new Gate();

/** Says something before and after a gate. */
const said = defineTask({
  name: 'said',
  logs: { chunks: 2 },
  async run(_input, { log, stream }) {
    log.info('begins', { n: 1 });
    for (const chunk of ['a', 'b', 'c']) await stream('tokens').write(chunk);
    await gate.opened;
    log.warn('ends');
    await stream('tokens').write('d\n');
  },
});

let tests: TestTasks;
let api: Api;

beforeAll(async () => {
  tests = await TestTasks.start([said]);
  const options = { redis: tests.redis, definitions: [said], logger: testLogger };
  api = await startApi({ ...options, host: '127.0.0.1', port: 0, auth: 'open', graphiql: false });
});

afterAll(async () => {
  await api.close();
  await tests[Symbol.asyncDispose]();
});

test('logs prints the log of a task, and its streams, as they are', async () => {
  gate = new Gate();
  gate.open();
  const { id } = await tests.tasks.enqueue(said, {});
  await tests.finished(id);

  await using log = taskwire(['logs', id, '--url', api.url]);
  expect(await log.ended).toMatchObject({ code: 0 });
  expect(log.stdout).toMatch(/^\S+Z INFO {2}begins \{"n":1\}\n\S+Z WARN {2}ends\n$/);

  await using stream = taskwire(['logs', id, '--stream', 'tokens', '--url', api.url]);
  expect(await stream.ended).toMatchObject({ code: 0 });
  expect(stream.stdout).toBe('cd\n');
  expect(stream.stderr).toBe('taskwire: 2 before these are gone\n');

  await using another = taskwire(['logs', id, '--stream', 'token', '--url', api.url]);
  expect(await another.ended).toMatchObject({ code: 0 });
  expect(another.stdout).toBe('');
  expect(another.stderr).toBe("taskwire: nothing in the stream 'token'; there are: tokens\n");
});

test('logs follows a task to its end', async () => {
  gate = new Gate();
  const { id } = await tests.tasks.enqueue(said, {});
  await using log = taskwire(['logs', id, '--follow', '--url', api.url]);
  await vi.waitFor(() => expect(log.stdout).toContain('begins'), { timeout: 30_000 });
  gate.open();

  expect(await log.ended).toMatchObject({ code: 0 });
  expect(log.stdout).toMatch(/^\S+Z INFO {2}begins \{"n":1\}\n\S+Z WARN {2}ends\n$/);
});

test('logs says so in a sentence where there is no such task', async () => {
  await using program = taskwire(['logs', 'default_none', '--follow', '--url', api.url]);

  expect(await program.ended).toMatchObject({ code: 1 });
  expect(program.stderr).toMatch(/^taskwire: TASK_NOT_FOUND: .*default_none/);
});

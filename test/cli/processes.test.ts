import { expect, test, vi } from 'vitest';
import { freePort, RedisServer } from '../support/redis-server.ts';
import { redisServerPath } from '../support/stores.ts';
import { environment, Folder, listening, taskwire } from './program.ts';

vi.setConfig({ testTimeout: 60_000 });

test('server and worker, each its own process, run a task together and end with 0 at SIGTERM', async () => {
  await using folder = await Folder.create({ 'tasks/double.ts': double });
  const options = { cwd: folder.path, env: environment() };
  await using server = taskwire(['server'], options);
  await using worker = taskwire(['worker', '--queues', 'default', '--concurrency', '2'], options);

  await using run = taskwire(['run', 'double', '--url', await listening(server), '--input', '{"n":5}']);
  expect(await run.ended).toMatchObject({ code: 0 });
  expect(JSON.parse(run.stdout)).toStrictEqual({ n: 10 });

  server.signal('SIGTERM');
  worker.signal('SIGTERM');
  expect(await server.ended).toStrictEqual({ code: 0, signal: null });
  expect(server.stderr).toMatch(/the API stops[^]*the API has stopped/);
  expect(await worker.ended).toStrictEqual({ code: 0, signal: null });
});

test('a worker that is asked to stop finishes what it runs within its grace', async () => {
  await using folder = await Folder.create({ 'tasks/steps.ts': steps });
  const options = { cwd: folder.path, env: environment() };
  await using server = taskwire(['server'], options);
  await using worker = taskwire(['worker', '--grace', '1h'], options);
  await using run = taskwire(['run', 'steps', '--url', await listening(server)]);
  await run.says(/RUNNING/);

  worker.interrupt();
  await worker.says(/the worker stops/);
  await folder.write({ go: '' });

  expect(await worker.ended).toStrictEqual({ code: 0, signal: null });
  expect(await run.ended).toMatchObject({ code: 0 });
});

test('what does not finish in the grace is given back, and another worker runs it', async () => {
  await using folder = await Folder.create({ 'tasks/steps.ts': steps });
  const options = { cwd: folder.path, env: environment() };
  await using server = taskwire(['server'], options);
  await using first = taskwire(['worker', '--grace', '0s'], options);
  await using run = taskwire(['run', 'steps', '--url', await listening(server)]);
  await run.says(/RUNNING/);

  first.signal('SIGTERM');
  expect(await first.ended).toStrictEqual({ code: 0, signal: null });
  await run.says(/QUEUED/);
  await folder.write({ go: '' });
  await using second = taskwire(['worker'], options);

  expect(await run.ended).toMatchObject({ code: 0 });
  second.signal('SIGTERM');
  await second.ended;
});

test('a second signal ends a worker at once', async () => {
  await using folder = await Folder.create({ 'tasks/steps.ts': steps });
  const options = { cwd: folder.path, env: environment() };
  await using server = taskwire(['server'], options);
  await using worker = taskwire(['worker', '--grace', '1h'], options);
  await using run = taskwire(['run', 'steps', '--url', await listening(server)]);
  await run.says(/RUNNING/);

  worker.signal('SIGTERM');
  await worker.says(/the worker stops/);

  expect(await worker.insist('SIGTERM')).toStrictEqual({ code: 143, signal: null });
});

test.each(['server', 'worker'])(
  'a %s without Redis says where it looked, without the password, and ends when asked',
  async (command) => {
    const port = await freePort();
    const env = { ...environment(), REDIS_URL: `redis://me:secret@127.0.0.1:${port}/2` };
    await using program = taskwire([command], { env });

    await program.says(new RegExp(`redis://me:\\*\\*\\*@127\\.0\\.0\\.1:${port}/2.*not reachable`));
    program.signal('SIGTERM');

    expect(await program.ended).toStrictEqual({ code: 0, signal: null });
    expect(program.stderr).not.toContain('secret');
  },
);

test('Redis may come after server and worker, and all goes on by itself', async ({ skip }) => {
  await using redis = await RedisServer.start(redisServerPath ?? skip('there is no redis-server'));
  await redis.end();
  await using folder = await Folder.create({ 'tasks/double.ts': double });
  const options = { cwd: folder.path, env: { ...environment(), REDIS_URL: redis.url } };
  await using server = taskwire(['server'], options);
  await using worker = taskwire(['worker'], options);
  const url = await listening(server);
  await server.says(/not reachable/);
  await worker.says(/not reachable/);

  await redis.run();
  await worker.says(/the worker takes tasks/);
  await server.says(/reachable again/);
  await using run = taskwire(['run', 'double', '--url', url, '--input', '{"n":5}']);

  expect(await run.ended).toMatchObject({ code: 0 });
});

test('a port in use ends the server with 1 and a sentence that names it', async () => {
  await using first = taskwire(['server'], { env: environment() });
  const { port } = new URL(await listening(first));
  await using second = taskwire(['server', '--port', port], { env: environment() });

  expect(await second.ended).toStrictEqual({ code: 1, signal: null });
  expect(second.stderr).toMatch(new RegExp(`taskwire: Port ${port} .*--port`));
  expect(second.stderr).not.toContain('    at ');
});

const double = `
import { defineTask } from 'taskwire';
export const double = defineTask({
  name: 'double',
  input: (t) => ({ n: t.int({ required: true }) }),
  output: (t) => ({ n: t.int() }),
  run: ({ n }) => ({ n: 2 * n }),
});
`;

/** Runs until there is a file `go`. */
const steps = `
import { existsSync, watch } from 'node:fs';
import { defineTask } from 'taskwire';
export const steps = defineTask({
  name: 'steps',
  async run(_, { signal }) {
    await new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason));
      watch('.', { signal }, () => existsSync('go') && resolve());
      if (existsSync('go')) resolve();
    });
  },
});
`;

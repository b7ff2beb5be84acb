import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type Api, startApi } from '../../src/cli/server.ts';
import { connectTasks, type Tasks } from '../../src/tasks/tasks.ts';
import { double } from '../support/definitions.ts';
import { freshSettings, testLogger } from '../support/stores.ts';
import { finished } from './program.ts';

vi.setConfig({ testTimeout: 60_000 });

// No worker takes what is enqueued here.
const redis = freshSettings();
let api: Api;
let tasks: Tasks;

beforeAll(async () => {
  const options = { redis, definitions: [double], logger: testLogger };
  api = await startApi({ ...options, host: '127.0.0.1', port: 0, auth: 'open', graphiql: false });
  tasks = await connectTasks(options);
});

afterAll(async () => {
  await tasks.close();
  await api.close();
});

/** Runs a command against the API; gives its exit code and what it said. */
const run = (...args: string[]) => finished(args, { TASKWIRE_URL: api.url });

test('a queue is paused with a reason, shown in the table, emptied and resumed from the command line', async () => {
  for (let n = 1; n <= 3; n += 1) await tasks.enqueue(double, { n });

  expect(await run('pause', 'default', '--reason', 'a release')).toMatchObject({
    code: 0,
    stdout: 'default is paused (3 waiting, 0 running)\n',
  });
  const table = await run('queues');
  expect(table.code).toBe(0);
  expect(table.stdout.split('\n').map((line) => line.trim().split(/ {2,}/))).toMatchObject([
    ['queue', 'waiting', 'oldest', 'later', 'running', 'slots busy', 'in/min', 'out/min', 'failed/min'],
    ['default', '3', expect.stringMatching(/s$/), '0', '0', '0/0', '3', '0', '0'],
    [''],
    [expect.stringMatching(/^default: paused by anonymous since \S+Z: a release$/)],
    ['default: no worker serves it, and 3 tasks wait'],
    [''],
  ]);
  expect(await run('purge', 'default', '--dry-run')).toMatchObject({
    stdout: '3 tasks of default would be canceled\n',
  });
  expect(await run('purge', 'default', '--definition', 'half', '--dry-run')).toMatchObject({
    stdout: '0 tasks of half in default would be canceled\n',
  });
  expect(await run('purge', 'default')).toMatchObject({ stdout: '3 tasks of default canceled, 0 waiting\n' });
  expect(await run('resume', 'default')).toMatchObject({
    stdout: 'default is resumed (0 waiting, 0 running)\n',
  });
});

test('a definition is paused by its name, and who names neither or nothing known is told so', async () => {
  expect(await run('pause', '--definition', 'double')).toMatchObject({
    code: 0,
    stdout: 'double is paused (0 waiting, 0 running)\n',
  });
  expect(await tasks.queues.get('default')).toMatchObject({ pausedDefinitions: [{ name: 'double' }] });
  expect(await run('pause')).toMatchObject({
    code: 2,
    stderr: 'taskwire: Name a queue, or a definition by --definition.\n',
  });
  expect(await run('pause', '--definition', 'nobody')).toMatchObject({
    code: 1,
    stderr: "taskwire: BAD_USER_INPUT: name: Expected a definition that is known here, not 'nobody'.\n",
  });
  expect(await run('drain', 'nobody')).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^taskwire: QUEUE_NOT_FOUND: .*'nobody'/),
  });
});

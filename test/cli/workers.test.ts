import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type Api, startApi } from '../../src/cli/server.ts';
import { double } from '../support/definitions.ts';
import { freshSettings, testLogger } from '../support/stores.ts';
import { TestTasks } from '../support/tasks.ts';
import { finished } from './program.ts';

vi.setConfig({ testTimeout: 60_000 });

const redis = freshSettings();
let api: Api;
let tests: TestTasks;

beforeAll(async () => {
  tests = await TestTasks.start([double], { redis, workers: 0, concurrency: 3 });
  const options = { redis, definitions: [double], logger: testLogger };
  api = await startApi({ ...options, host: '127.0.0.1', port: 0, auth: 'open', graphiql: false });
});

afterAll(async () => {
  await api.close();
  await tests[Symbol.asyncDispose]();
});

test('workers are shown in a table, drained with a reason and resumed from the command line', async () => {
  const run = (...args: string[]) => finished(args, { TASKWIRE_URL: api.url });
  expect(await run('workers')).toMatchObject({ code: 0, stdout: 'There is no worker: nothing is run.\n' });
  const { id } = await tests.startWorker();

  // Its options are its own, also where the table has the same ones.
  expect(
    await finished(['workers', 'drain', id, '--reason', 'it swaps', '--url', api.url], {}),
  ).toMatchObject({ code: 0, stdout: `${id} takes nothing more (0 tasks running)\n` });
  const table = await run('workers');
  expect(table.stdout.split('\n').map((line) => line.trim().split(/ {2,}/))).toMatchObject([
    ['worker', 'queues', 'version', 'up', 'slots busy', 'load', 'memory'],
    [
      id,
      'default',
      expect.stringMatching(/^\d/),
      expect.stringMatching(/s$/),
      '0/3',
      expect.any(String),
      expect.stringMatching(/MB|GB/),
    ],
    [''],
    [expect.stringMatching(new RegExp(`^${id}: drained by anonymous since \\S+Z: it swaps$`))],
    [''],
  ]);
  expect(await run('workers', 'resume', id)).toMatchObject({
    code: 0,
    stdout: `${id} is resumed (0 tasks running)\n`,
  });
  expect(await run('workers', 'drain', 'nobody')).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^taskwire: WORKER_NOT_FOUND: .*'nobody'/),
  });
  expect(await run('workers', 'drain')).toMatchObject({ code: 2 });
});

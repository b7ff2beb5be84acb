import { createServer } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { once } from 'node:events';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type Api, startApi } from '../../src/cli/server.ts';
import { bar, plain, type WatchedTask } from '../../src/cli/progress.ts';
import { defineTask } from '../../src/index.ts';
import { startWorker, type Worker } from '../../src/worker/worker.ts';
import { double } from '../support/definitions.ts';
import { freePort } from '../support/redis-server.ts';
import { freshSettings, testLogger } from '../support/stores.ts';
import { Folder, taskwire } from './program.ts';

vi.setConfig({ testTimeout: 60_000 });

let gate = Promise.withResolvers<void>();

const steps = defineTask({
  name: 'steps',
  input: (t) => ({ label: t.string() }),
  output: (t) => ({
    label: t.string(),
    parts: t.list(t.object('StepsPart', (t) => ({ size: t.int(), unit: t.enum('StepsUnit', ['KB', 'MB']) }))),
  }),
  async run({ label }, { progress }) {
    await progress({ current: 1, total: 2, message: 'half\u001B[2Jway\n' });
    await gate.promise;
    return { label: label ?? 'none', parts: [{ size: 1, unit: 'KB' as const }] };
  },
});

const broken = defineTask({
  name: 'broken',
  retry: { attempts: 1 },
  run() {
    throw Object.assign(new Error('no paper in the printer'), { code: 'NO_PAPER' });
  },
});

let isOpen = false;

/** Fails until it is opened. */
const waterPlants = defineTask({
  name: 'waterPlants',
  retry: { attempts: 1 },
  run() {
    if (!isOpen) throw new Error('The door is locked.');
  },
});

/** Is told to come back later. */
const callApi = defineTask({
  name: 'callApi',
  retry: { attempts: 2 },
  run() {
    throw Object.assign(new Error('not\u001B[2J\nyet'), { code: 'HTTP_429', retryAfter: 600 });
  },
});

const definitions = [double, steps, broken, waterPlants, callApi];
const redis = freshSettings();
let api: Api;
let worker: Worker;

beforeAll(async () => {
  api = await startTestApi(0);
  worker = await startWorker({ redis, definitions, concurrency: 10, logger: testLogger });
});

afterAll(async () => {
  gate.resolve();
  await worker.stop(1_000);
  await api.close();
});

test('run prints progress in plain lines on stderr and the output alone on stdout', async () => {
  gate = Promise.withResolvers();
  await using run = taskwire(['run', 'steps', '--url', api.url, '--input', '{"label":"x"}']);

  await run.says(/^RUNNING 50% \(1 of 2\) half \[2Jway *$/m);
  gate.resolve();

  expect(await run.ended).toStrictEqual({ code: 0, signal: null });
  expect(JSON.parse(run.stdout)).toStrictEqual({ label: 'x', parts: [{ size: 1, unit: 'KB' }] });
  expect(run.stderr.trimEnd().split('\n').at(-1)).toMatch(/^SUCCEEDED/);
  // Nothing of a terminal where there is none.
  expect(run.stderr).not.toContain('\u001B');
  expect(run.stderr).not.toContain('\r');
});

test('watch follows a task by its id, also one that is over', async () => {
  await using run = taskwire(['run', 'double', '--url', api.url, '--input', '{"n":4}']);
  const [, id = ''] = await run.says(/^double (\S+)$/m);
  await run.ended;

  await using watch = taskwire(['watch', id], { env: { TASKWIRE_URL: api.url } });

  expect(await watch.ended).toMatchObject({ code: 0 });
  expect(JSON.parse(watch.stdout)).toStrictEqual({ n: 8 });
});

test('a command that is repeated with its idempotency key follows the same task', async () => {
  const command = ['run', 'double', '--url', api.url, '--idempotency-key', 'tuesday', '--input'];
  await using first = taskwire([...command, '{"n":4}']);
  const [, id = ''] = await first.says(/^double (\S+)$/m);
  await first.ended;

  await using again = taskwire([...command, '{"n":4}']);
  await using other = taskwire([...command, '{"n":5}']);

  expect(await again.ended).toMatchObject({ code: 0 });
  expect(again.stderr).toContain(`double ${id}\nThe key had enqueued it before.`);
  expect(JSON.parse(again.stdout)).toStrictEqual({ n: 8 });
  expect(await other.ended).toMatchObject({ code: 1 });
  expect(other.stderr).toMatch(/IDEMPOTENCY_KEY_REUSED: /);
});

test('watch follows a task that was retried to its new end', async () => {
  await using run = taskwire(['run', 'waterPlants', '--url', api.url]);
  const [, id = ''] = await run.says(/^waterPlants (\S+)$/m);
  expect(await run.ended).toMatchObject({ code: 1 });

  isOpen = true;
  const body = JSON.stringify({ query: `mutation { retryTask(id: "${id}") { accepted } }` });
  await fetch(api.url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  await using watch = taskwire(['watch', id, '--url', api.url]);

  expect(await watch.ended).toMatchObject({ code: 0 });
});

test('a task that waits for its next attempt says why and for how long', async () => {
  await using run = taskwire(['run', 'callApi', '--url', api.url]);

  await run.says(/^RETRYING in 10 min after HTTP_429: not \[2J yet$/m);

  run.interrupt();
  await run.ended;
  expect(run.stderr).not.toContain('\u001B');
});

test('a task that fails ends the command with 1 and says why', async () => {
  await using run = taskwire(['run', 'broken', '--url', api.url]);

  expect(await run.ended).toMatchObject({ code: 1 });
  expect(run.stdout).toBe('');
  expect(run.stderr).toMatch(/ended FAILED with NO_PAPER: no paper in the printer/);
});

test('Ctrl-C leaves the task running and says how to watch it', async () => {
  gate = Promise.withResolvers();
  await using run = taskwire(['run', 'steps', '--url', api.url, '--input', '{}']);
  const [, id = ''] = await run.says(/^steps (\S+)$/m);
  await run.says(/RUNNING/);

  run.interrupt();

  expect(await run.ended).toStrictEqual({ code: 130, signal: null });
  expect(run.stderr).toContain(`taskwire watch ${id}`);
  await using watch = taskwire(['watch', id, '--url', api.url]);
  await watch.says(/RUNNING/);
  gate.resolve();
  expect(await watch.ended).toMatchObject({ code: 0 });
});

test('an API that goes away and comes back is connected to again', async () => {
  gate = Promise.withResolvers();
  const port = await freePort();
  const first = await startTestApi(port);
  await using run = taskwire(['run', 'steps', '--url', first.url, '--input', '{}']);
  await run.says(/RUNNING/);

  await first.close();
  await run.says(/connection was lost/);
  // It tries again meanwhile, and says no more about it.
  const deaf = createTcpServer((socket) => socket.destroy()).listen(port, '127.0.0.1');
  for (let attempt = 0; attempt < 3; attempt++) await once(deaf, 'connection');
  deaf.close();
  await once(deaf, 'close');
  const second = await startTestApi(port);
  gate.resolve();

  expect(await run.ended).toMatchObject({ code: 0 });
  expect(run.count(/connection was lost/)).toBe(1);
  await second.close();
});

test('the input comes from the command line, a file or stdin', async () => {
  await using folder = await Folder.create({ 'input.json': '{ "n": 2 }' });
  const url = ['--url', api.url];
  await using fromFile = taskwire(['run', 'double', ...url, '--input', '@input.json'], { cwd: folder.path });
  await using fromStdin = taskwire(['run', 'double', ...url, '--input', '-'], { input: '{"n":3}' });

  await Promise.all([fromFile.ended, fromStdin.ended]);

  expect(JSON.parse(fromFile.stdout)).toStrictEqual({ n: 4 });
  expect(JSON.parse(fromStdin.stdout)).toStrictEqual({ n: 6 });
});

test.each([
  { args: ['double', '--input', '{"n":'], code: 2, says: /expected JSON in its value/ },
  { args: ['double', '--input', '{"n":hunter2}'], code: 2, says: /Unexpected token 'h'(?!.*hunter2)/ },
  { args: ['double', '--input', '@nowhere.json'], code: 2, says: /--input: .*nowhere\.json/ },
  { args: ['double'], code: 2, says: /needs --input.*\{ n: Int! \}/ },
  { args: ['broken', '--input', '{}'], code: 2, says: /takes no input/ },
  { args: ['double', '--input', '{"n":"x"}'], code: 1, says: /BAD_USER_INPUT.*\n +input\.n: / },
  {
    args: ['dubble', '--input', '{}'],
    code: 1,
    says: /no definition 'dubble'. It has: broken, callApi, double, steps, waterPlants/,
  },
])('what cannot be run is said in a sentence: $args', async ({ args, code, says }) => {
  await using run = taskwire(['run', ...args, '--url', api.url]);

  expect(await run.ended).toMatchObject({ code });
  expect(run.stderr).toMatch(says);
  expect(run.stderr).not.toContain('    at ');
});

test('an id that no task has is said in a sentence', async () => {
  await using watch = taskwire(['watch', 'default_none', '--url', api.url]);

  expect(await watch.ended).toMatchObject({ code: 1 });
  expect(watch.stderr).toMatch(/^taskwire: TASK_NOT_FOUND: .*default_none/);
});

test('where no API answers, the address and what to do are said', async () => {
  const url = `http://127.0.0.1:${await freePort()}/graphql`;
  await using run = taskwire(['run', 'double', '--url', url, '--input', '{}']);

  expect(await run.ended).toMatchObject({ code: 1 });
  expect(run.stderr).toContain(`No API answers at ${url} (connect ECONNREFUSED`);
  expect(run.stderr).toContain('--url');
});

test('where something else answers, that is said', async () => {
  const other = createServer((_, response) => response.writeHead(404).end('<h1>shop</h1>')).listen(
    0,
    '127.0.0.1',
  );
  await once(other, 'listening');
  const address = other.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  await using run = taskwire(['run', 'double', '--url', `http://127.0.0.1:${port}/graphql`]);

  expect(await run.ended).toMatchObject({ code: 1 });
  expect(run.stderr).toContain('answers 404 without JSON');
  other.close();
});

test('on a terminal the bar shows how far the task is, in one line', () => {
  const task: WatchedTask = {
    id: 'default_1',
    name: 'resize',
    status: 'RUNNING',
    isFinal: false,
    version: 3,
    attempt: 2,
    progress: { fraction: 0.5, current: 1, total: 2, message: 'reading' },
    failure: null,
    nextAttemptAt: null,
    attempts: [],
  };

  expect(bar(task, 80)).toBe('resize ████████████░░░░░░░░░░░░ RUNNING (attempt 2) 50% (1 of 2) reading');
  expect(bar(task, 20)).toHaveLength(19);
  expect(plain({ ...task, progress: null, attempt: 1 })).toBe('RUNNING');
  const failure = { code: 'HTTP_429', message: 'not yet' };
  const waiting = { ...task, status: 'RETRYING', progress: null, attempts: [{ failure: null }, { failure }] };
  // What is due by now, or by a clock that is ahead, says no time.
  expect(plain({ ...waiting, nextAttemptAt: '2020-01-01T00:00:00Z' })).toBe(
    'RETRYING (attempt 2) after HTTP_429: not yet',
  );
});

async function startTestApi(port: number): Promise<Api> {
  return await startApi({
    redis,
    definitions,
    logger: testLogger,
    host: '127.0.0.1',
    port,
    auth: 'open',
    graphiql: false,
  });
}

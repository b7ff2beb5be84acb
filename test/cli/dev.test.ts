import { createServer } from 'node:net';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { connectApi } from '../../src/cli/client.ts';
import { bin, Folder, Program, taskwire } from './program.ts';

// Each starts several processes, of which a busy machine may take its time.
vi.setConfig({ testTimeout: 60_000 });

test('one command brings up API, worker and store, says where they are and runs a task', async () => {
  await using folder = await Folder.create({ 'tasks/double.ts': double });
  await using dev = startDev(folder);

  const url = await listening(dev);
  await using run = taskwire(['run', 'double', '--url', url, '--input', '{"n":21}']);

  expect(await run.ended).toMatchObject({ code: 0 });
  expect(JSON.parse(run.stdout)).toStrictEqual({ n: 42 });
  expect(dev.stdout).toMatch(/Dashboard http:\/\/127\.0\.0\.1:\d+\/\n/);
  expect(dev.stdout).toContain('mutation');
  expect(dev.stdout).toContain('a crash loses it');
  expect(dev.stdout).toContain('Sign-in   none: everybody on this machine may do everything');
  expect(dev.stdout).toMatch(/Tasks .*double/);
});

test('where clients sign in, the welcome says how to make a token, and no secret is on a command line', async () => {
  await using folder = await Folder.create();
  const secret = 'not for anything else than this test of dev';
  const env = {
    TASKWIRE_AUTH: 'tokens,jwt',
    TASKWIRE_JWT_SECRET: secret,
    TASKWIRE_JWT_ISSUER: 'https://login.example.com',
    TASKWIRE_JWT_AUDIENCE: 'taskwire',
  };
  await using dev = taskwire(['dev', '--port', '0'], { cwd: folder.path, env });
  const url = await listening(dev);
  const [, args = ''] = await dev.says(/Make a token: taskwire (token create --redis-url \S+ .*)/);
  expect(args).toMatch(/^token create --redis-url redis:\/\/127\.0\.0\.1:\d+ --owner me --scopes admin$/);

  await using create = taskwire(args.split(' '));
  expect(await create.ended).toMatchObject({ code: 0 });
  await using without = taskwire(['queues', '--url', url]);
  expect(await without.ended).toMatchObject({ code: 1 });
  await using queues = taskwire(['queues', '--url', url], { env: { TASKWIRE_TOKEN: create.stdout.trim() } });
  expect(await queues.ended).toMatchObject({ code: 0 });

  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(
    pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')),
  );
  expect(lines.join('\n')).toContain('dev-child');
  expect(lines.join('\n')).not.toContain(secret);
});

test('Ctrl-C ends everything with 0 and leaves no process behind', async () => {
  await using folder = await Folder.create();
  await using dev = startDev(folder);
  await listening(dev);

  dev.interrupt();

  expect(await dev.ended).toStrictEqual({ code: 0, signal: null });
  await dev.isGone();
});

test('npm passes on a Ctrl-C that its group got already, which is not a second one', async () => {
  await using folder = await Folder.create({ 'tasks/hold.ts': hold });
  await using dev = startDev(folder, ['--grace', '1h']);
  await using run = taskwire(['run', 'hold', '--url', await listening(dev)]);
  await run.says(/RUNNING holding/);

  dev.interrupt();
  dev.interrupt();
  await run.says(/connection was lost/);
  await folder.write({ go: '' });

  expect(await dev.ended).toStrictEqual({ code: 0, signal: null });
  expect(existsSync(join(folder.path, 'done'))).toBe(true);
});

test('what ran at Ctrl-C goes on at the next start, and who watches it sees its end', async () => {
  await using folder = await Folder.create({ 'tasks/hold.ts': hold });
  await using first = startDev(folder);
  const url = await listening(first);
  await using run = taskwire(['run', 'hold', '--url', url]);
  await run.says(/RUNNING holding/);

  first.interrupt();
  await first.ended;
  await run.says(/connection was lost/);
  await folder.write({ go: '' });
  await using second = startDev(folder, ['--port', new URL(url).port]);
  await listening(second);

  expect(await run.ended).toMatchObject({ code: 0 });
  expect(JSON.parse(run.stdout)).toStrictEqual({ done: true });
});

test('a second Ctrl-C ends at once, without waiting for a task that heeds nothing', async () => {
  await using folder = await Folder.create({ 'tasks/stubborn.ts': stubborn });
  await using dev = startDev(folder, ['--grace', '1h']);
  await using run = taskwire(['run', 'stubborn', '--url', await listening(dev)]);
  await run.says(/RUNNING/);

  dev.interrupt();
  await run.says(/connection was lost/);

  expect(await dev.insist('SIGINT')).toStrictEqual({ code: 130, signal: null });
  await dev.isGone();
});

test('no process stays behind when the one that looks after them is killed', async () => {
  await using folder = await Folder.create({ 'tasks/stubborn.ts': stubborn });
  await using dev = startDev(folder, ['--grace', '0s']);
  await using run = taskwire(['run', 'stubborn', '--url', await listening(dev)]);
  await run.says(/RUNNING/);

  dev.signal('SIGKILL');

  expect(await dev.ended).toStrictEqual({ code: null, signal: 'SIGKILL' });
  await dev.isGone();
});

test('started by npm, it ends when npm is killed, and frees the port', async () => {
  await using folder = await Folder.create();
  const launcher =
    "require('node:child_process').spawn(process.execPath, process.argv.slice(1), { stdio: 'inherit' })";
  await using npm = new Program(process.execPath, ['-e', launcher, bin, 'dev', '--port', '0'], {
    cwd: folder.path,
    env: { npm_lifecycle_event: 'start' },
  });
  await listening(npm);

  npm.signal('SIGKILL');

  expect(await npm.ended).toStrictEqual({ code: null, signal: 'SIGKILL' });
  await npm.isGone();
});

test('the first task file of a folder that was not there is what runs next, and so is a changed or new one, and what they import', async () => {
  await using folder = await Folder.create();
  await using dev = startDev(folder);
  const url = await listening(dev);
  const write = async (files: Readonly<Record<string, string>>): Promise<void> => {
    const before = dev.count(/run anew/);
    await folder.write(files);
    await dev.says(/run anew/, before);
  };

  await write({ 'tasks/double.ts': double });
  expect(await output(url, 'double', { n: 2 })).toStrictEqual({ n: 4 });

  const times = `import { factor } from '../lib/factor.ts';\n${double.replace('2 * n', 'factor * n')}`;
  await write({ 'lib/factor.ts': 'export const factor = 3;', 'tasks/double.ts': times });
  expect(await output(url, 'double', { n: 2 })).toStrictEqual({ n: 6 });

  await write({ 'lib/factor.ts': 'export const factor = 5;' });
  expect(await output(url, 'double', { n: 2 })).toStrictEqual({ n: 10 });

  await write({ 'tasks/triple.ts': double.replaceAll('double', 'triple') });
  expect(await output(url, 'triple', { n: 2 })).toStrictEqual({ n: 4 });
});

test('a task file that cannot be loaded is reported and waited for, and what ran before goes on', async () => {
  const broken = { 'tasks/double.ts': 'export const double = (;' };
  await using folder = await Folder.create(broken);
  await using dev = startDev(folder);
  await dev.says(/double\.ts/);
  await dev.says(/Nothing runs until then/);

  await folder.write({ 'tasks/double.ts': double });
  const url = await listening(dev);
  expect(await output(url, 'double', { n: 2 })).toStrictEqual({ n: 4 });

  await folder.write(broken);
  await dev.says(/double\.ts.*\n[^]*What ran before goes on/);
  expect(await output(url, 'double', { n: 2 })).toStrictEqual({ n: 4 });

  await folder.write({ 'tasks/double.ts': double.replace('2 * n', '3 * n') });
  await dev.says(/run anew/);
  expect(await output(url, 'double', { n: 2 })).toStrictEqual({ n: 6 });
});

test('a worker that dies is said and started again, and the API does not notice', async () => {
  await using folder = await Folder.create({ 'tasks/fatal.ts': fatal, 'tasks/double.ts': double });
  await using dev = startDev(folder);
  const url = await listening(dev);
  await using run = taskwire(['run', 'fatal', '--url', url]);

  await dev.says(/the worker process ended by itself \(exit code 7\)/);

  expect(await output(url, 'double', { n: 2 })).toStrictEqual({ n: 4 });
  expect(run.stderr).not.toContain('connection was lost');
});

test('a port in use is named together with what changes it, and nothing stays behind', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const address = other.address();
  const port = typeof address === 'object' && address !== null ? String(address.port) : '';
  await using folder = await Folder.create();
  await using dev = startDev(folder, ['--port', port]);

  expect(await dev.ended).toStrictEqual({ code: 1, signal: null });
  expect(dev.stderr).toContain(`Port ${port}`);
  expect(dev.stderr).toContain('--port');
  expect(dev.stderr).not.toContain('    at ');
  await dev.isGone();
  other.close();
});

test('a folder serves one embedded store at a time', async () => {
  await using folder = await Folder.create();
  await using first = startDev(folder);
  await listening(first);
  await using second = startDev(folder);

  expect(await second.ended).toStrictEqual({ code: 1, signal: null });
  expect(second.stderr).toContain('choose another folder');
  expect(second.stderr).not.toContain('    at ');
});

test('a store that dies is said, and ends what can no longer work', async () => {
  await using folder = await Folder.create();
  await using dev = startDev(folder);
  await listening(dev);
  const lock: unknown = JSON.parse(await readFile(join(folder.path, '.taskwire/store.lock'), 'utf8'));
  const pid = typeof lock === 'object' && lock !== null && 'pid' in lock ? Number(lock.pid) : Number.NaN;

  process.kill(pid, 'SIGKILL');

  expect(await dev.ended).toMatchObject({ code: 1 });
  expect(dev.stderr).toContain('Without its store nothing works');
  await dev.isGone();
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

/** Runs until there is a file `go`, also in its next delivery, and leaves a file `done`. */
const hold = `
import { existsSync, watch, writeFileSync } from 'node:fs';
import { defineTask } from 'taskwire';
export const hold = defineTask({
  name: 'hold',
  output: (t) => ({ done: t.boolean() }),
  async run(_, { signal, progress }) {
    await progress({ message: 'holding' });
    await new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason));
      watch('.', { signal }, () => existsSync('go') && resolve());
      if (existsSync('go')) resolve();
    });
    writeFileSync('done', '');
    return { done: true };
  },
});
`;

/** Never ends, whatever it is told. */
const stubborn = `
import { defineTask } from 'taskwire';
export const stubborn = defineTask({ name: 'stubborn', run: () => new Promise(() => {}) });
`;

/** Takes its worker with it. */
const fatal = `
import { defineTask } from 'taskwire';
export const fatal = defineTask({ name: 'fatal', run: () => process.exit(7) });
`;

function startDev(folder: Folder, args: readonly string[] = []): Program {
  return taskwire(['dev', '--port', '0', '--log-level', 'warn', ...args], { cwd: folder.path });
}

/** The GraphQL endpoint, once it is told. */
async function listening(dev: Program): Promise<string> {
  const [, url = ''] = await dev.says(/GraphiQL +(http:\S+)/);
  return url;
}

/** Runs a task that takes and gives an `n`, as any client would. */
async function output(url: string, name: string, input: { n: number }): Promise<unknown> {
  await using client = connectApi({ url, token: undefined }, () => {});
  const { enqueued } = await client.request<{ enqueued: { task: { id: string } } }>(
    `mutation { enqueued: ${name}(input: { n: ${input.n} }) { task { id } } }`,
  );
  const states = client.subscribe<{ task: { isFinal: boolean; output: unknown } }>(
    `subscription ($id: ID!) { task: ${name}Updated(id: $id) { isFinal output { n } } }`,
    { id: enqueued.task.id },
  );
  for await (const { task } of states) if (task.isFinal) return task.output;
  throw new Error('the subscription ended early');
}

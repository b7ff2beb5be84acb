import { execFile } from 'node:child_process';
import { access, constants, readFile } from 'node:fs/promises';
import { stripTypeScriptTypes } from 'node:module';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test, vi } from 'vitest';
import { type Command, commands, settingsOf } from '../../src/config.ts';
import { Folder, Program, taskwire } from './program.ts';

vi.setConfig({ testTimeout: 60_000 });

const subcommands = ['token create', 'token list', 'token revoke'];

test.each(commands.flatMap((command) => (command === 'token' ? subcommands : [command])))(
  '%s --help names all settings, each with its variable',
  async (words) => {
    const [command, ...more] = words.split(' ');
    await using help = taskwire([String(command), ...more, '--help']);

    expect(await help.ended).toMatchObject({ code: 0 });
    for (const [, { flag, env }] of settingsOf(command as Command)) {
      expect(help.stdout).toContain(`${flag} <`);
      // The help breaks long lines.
      expect(help.stdout.replaceAll(/\s+/g, ' ')).toContain(`[${env};`);
    }
  },
);

test('--help names all commands and what the exit codes mean', async () => {
  await using help = taskwire(['--help']);

  expect(await help.ended).toMatchObject({ code: 0 });
  for (const command of commands) expect(help.stdout).toMatch(new RegExp(`^  ${command} `, 'm'));
  expect(help.stdout).toContain('Exit codes: 0 done, 1 failed, 2 bad usage or settings, 130 interrupted');
});

test('--version prints the version of the package', async () => {
  const manifest: unknown = JSON.parse(
    await readFile(new URL('../../package.json', import.meta.url), 'utf8'),
  );
  await using version = taskwire(['--version']);

  await version.ended;

  expect({ version: version.stdout.trim() }).toStrictEqual({ version: Object(manifest).version });
});

test.each([
  [[]],
  [['explode']],
  [['run']],
  [['dev', '--prot', '1']],
  [['dev', '--port']],
  [['server', 'extra', 'more']],
])('a command line that makes no sense ends with 2: %j', async (args) => {
  await using program = taskwire(args);

  expect(await program.ended).toMatchObject({ code: 2 });
  expect(program.stdout).toBe('');
  expect(program.stderr).not.toBe('');
});

test('all bad settings come in one report, which ends with 2', async () => {
  await using server = taskwire(['server', '--prefix', '{x}'], { env: { PORT: 'high', LOG_LEVEL: 'loud' } });

  expect(await server.ended).toMatchObject({ code: 2 });
  expect(server.stderr).toBe(
    'taskwire: 4 problems:\n' +
      "  - PORT (--port): expected a whole number from 0 to 65535, got 'high'.\n" +
      '  - REDIS_URL (or --redis-url) is needed: the Redis or Valkey that keeps the tasks; of a Sentinel set, redis+sentinel://host1,host2/mymaster.\n' +
      "  - --prefix: expected 1 to 32 letters, digits, - and _, got '{x}'.\n" +
      "  - LOG_LEVEL (--log-level): expected one of fatal, error, warn, info, debug, trace, silent, got 'loud'.\n",
  );
});

test('all problems of all task files come in one report, which ends with 2', async () => {
  await using folder = await Folder.create({ 'a.ts': 'export const a = (;', 'b.ts': 'export const b = 1;' });
  await using schema = taskwire(['schema', '--tasks', './a.ts', '--tasks', './b.ts'], { cwd: folder.path });

  expect(await schema.ended).toMatchObject({ code: 2 });
  expect(schema.stderr).toMatch(/^taskwire: 2 problems:\n {2}- [^]*a\.ts[^]*\n {2}- [^]*b\.ts/);
});

test('an older Node.js gets a plain sentence', async ({ skip }) => {
  const old = (await olderNode()) ?? skip('there is no Node.js older than 24 on the PATH');
  const source = await readFile(new URL('../../src/cli/bin.ts', import.meta.url), 'utf8');
  await using folder = await Folder.create({ 'bin.js': stripTypeScriptTypes(source) });

  await using program = new Program(old, ['bin.js', 'dev'], { cwd: folder.path });

  expect(await program.ended).toMatchObject({ code: 2 });
  expect(program.stderr).toMatch(/^Taskwire needs Node\.js 24 or newer; this is Node\.js \d+\.\d+\.\d+ \(/);
  expect(program.stderr).not.toContain('    at ');
});

async function olderNode(): Promise<string | undefined> {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(folder, 'node');
    const isThere = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (!isThere) continue;
    const { stdout } = await promisify(execFile)(path, ['--version']);
    if (Number(/^v(\d+)/.exec(stdout)?.[1]) < 24) return path;
  }
  return undefined;
}

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Folder, Program } from './program.ts';

const script = await readFile(new URL('../../scripts/install.js', import.meta.url), 'utf8');

test('the pre-step is silent and calls no npm when everything is there', async () => {
  await using folder = await clone({ installed: lock('1.0.0') });
  await using install = start(folder);

  expect(await install.ended).toMatchObject({ code: 0 });
  expect(`${install.stdout}${install.stderr}`).toBe('');
  expect(await calls(folder)).toStrictEqual([]);
});

test.each([
  ['nothing is installed', {}, /node_modules is missing/],
  ['a package is older than the lock file says', { installed: lock('0.9.0') }, /node_modules\/left differs/],
  ['an earlier install was cut short', { installed: '{ "packages": {' }, /node_modules is missing/],
])('when %s, the pre-step installs by the lock file and says so in a line', async (_, state, reason) => {
  await using folder = await clone(state);
  await using install = start(folder);

  expect(await install.ended).toMatchObject({ code: 0 });
  expect(install.stderr).toMatch(reason);
  expect(install.stderr.trimEnd().split('\n')).toHaveLength(1);
  expect(await calls(folder)).toStrictEqual(['ci --include=dev --no-audit --no-fund --loglevel=error']);
});

test('what npm has to say about a failed install is shown, and its exit code passed on', async () => {
  await using folder = await clone({});
  await folder.write({ 'npm.js': "console.error('npm error code ENOSPC'); process.exit(28);" });
  await using install = start(folder);

  expect(await install.ended).toMatchObject({ code: 28 });
  expect(install.stderr).toContain('npm error code ENOSPC');
  expect(install.stderr).toContain('The install failed');
});

test('of two npm commands at once, one installs and the other waits', async () => {
  await using folder = await clone({});
  await folder.write({ 'npm.js': `${waitFor('go')}\n${npm}` });
  await using first = start(folder);
  await first.says(/Installing/);
  await using second = start(folder);
  await second.says(/Waiting/);

  await folder.write({ go: '' });

  expect(await first.ended).toMatchObject({ code: 0 });
  expect(await second.ended).toMatchObject({ code: 0 });
  expect(await calls(folder)).toHaveLength(1);
});

test('an install that was killed does not block the next one', async () => {
  await using folder = await clone({});
  await folder.write({ 'npm.js': waitFor('never') });
  await using killed = start(folder);
  await killed.says(/Installing/);
  process.kill(-killed.pid, 'SIGKILL');
  await killed.ended;
  await folder.write({ 'npm.js': npm });

  await using install = start(folder);

  expect(await install.ended).toMatchObject({ code: 0 });
  expect(await calls(folder)).toHaveLength(1);
});

/** Stands in for npm's own program: installs by copying the lock file, as npm records what it installed. */
const npm = `
import { appendFileSync, cpSync, mkdirSync, writeFileSync } from 'node:fs';
appendFileSync('calls', process.argv.slice(2).join(' ') + '\\n');
mkdirSync('node_modules/node/bin', { recursive: true });
writeFileSync('node_modules/node/bin/node', '');
cpSync('package-lock.json', 'node_modules/.package-lock.json');
`;

function waitFor(file: string): string {
  return `
import { existsSync, watch } from 'node:fs';
const watcher = watch('.');
while (!existsSync('${file}')) await new Promise((resolve) => watcher.once('change', resolve));
watcher.close();
`;
}

function lock(version: string): string {
  const other = { version: '1.0.0', optional: true, os: ['plan9'], cpu: ['z80'] };
  return JSON.stringify({
    packages: {
      '': { name: 'x' },
      'node_modules/left': { version },
      'node_modules/of-other-platforms': other,
    },
  });
}

async function clone({ installed }: { installed?: string }): Promise<Folder> {
  const folder = await Folder.create({
    'scripts/install.js': script,
    'package-lock.json': lock('1.0.0'),
    'npm.js': npm,
    calls: '',
  });
  if (installed !== undefined) {
    await folder.write({
      'node_modules/.package-lock.json': installed.replace(
        /,"node_modules\/of-other-platforms":\{[^}]*\}/,
        '',
      ),
      'node_modules/node/bin/node': '',
    });
  }
  return folder;
}

function start(folder: Folder): Program {
  const env = { npm_execpath: join(folder.path, 'npm.js'), NODE_ENV: 'production' };
  return new Program(process.execPath, ['scripts/install.js'], { cwd: folder.path, env });
}

async function calls(folder: Folder): Promise<readonly string[]> {
  return (await readFile(join(folder.path, 'calls'), 'utf8')).split('\n').filter((line) => line !== '');
}

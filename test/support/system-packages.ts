import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { access, constants, rm, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { text } from 'node:stream/consumers';

/** Where a system's program is, or why it can't be had: tests that need it are then skipped with that reason. */
export type SystemPackage = { readonly path: string } | { readonly missing: string };

/**
 * Finds a program that is a Debian package of the same name, or one of others that serve as well. On Debian and as root, a
 * missing one is installed; its service isn't started.
 */
export async function systemPackage(name: string, ...others: readonly string[]): Promise<SystemPackage> {
  return await installed([name], async () => {
    const found = await Promise.all([name, ...others].map(find));
    return found.find((path) => path !== undefined);
  });
}

/**
 * Finds Debian's Python with some modules, each of which is in a Debian package. On Debian and as root, missing ones
 * are installed.
 *
 * @param packages the Debian package of each module
 */
export async function pythonPackages(packages: Readonly<Record<string, string>>): Promise<SystemPackage> {
  const modules = Object.keys(packages);
  return await installed(Object.values(packages), async () =>
    (await canImport(modules)) ? python : undefined,
  );
}

/** Debian's own, which sees Debian's packages; another one may come first on the PATH. */
const python = '/usr/bin/python3';

async function canImport(modules: readonly string[]): Promise<boolean> {
  const child = spawn(python, ['-c', `import ${modules.join(', ')}`], { stdio: 'ignore' });
  return await new Promise((resolve) => {
    child.once('error', () => resolve(false));
    child.once('exit', (code) => resolve(code === 0));
  });
}

async function installed(
  names: readonly string[],
  find: () => Promise<string | undefined>,
): Promise<SystemPackage> {
  const path = await find();
  if (path !== undefined) return { path };
  const what = names.join(' ');
  const install = `apt-get install ${what}`;
  if (!existsSync('/etc/debian_version')) return { missing: `There is no ${what} here.` };
  if (process.getuid?.() !== 0) return { missing: `There is no ${what} here. As root: ${install}` };
  process.stderr.write(`Installing ${what} by apt-get …\n`);
  const problem = await withoutServices(async () => {
    const known = await aptGet('install', '--yes', '--no-install-recommends', ...names);
    if (known === undefined) return undefined;
    // A fresh machine has no lists of packages, or old ones.
    return (
      (await aptGet('update')) ?? (await aptGet('install', '--yes', '--no-install-recommends', ...names))
    );
  });
  const found = await find();
  if (found !== undefined) return { path: found };
  return { missing: `'${install}' failed: ${problem ?? 'it installed no such program'}` };
}

async function find(name: string): Promise<string | undefined> {
  // Debian keeps servers in /usr/sbin, which isn't on everybody's PATH.
  for (const folder of [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin']) {
    const path = join(folder, name);
    const isThere = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere) return path;
  }
  return undefined;
}

/** Debian asks this script before it starts the service of a package that it has just installed. */
const policy = '/usr/sbin/policy-rc.d';

async function withoutServices<Result>(body: () => Promise<Result>): Promise<Result> {
  if (existsSync(policy)) return await body();
  await writeFile(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    return await body();
  } finally {
    await rm(policy, { force: true });
  }
}

/** Resolves with the last line of what went wrong, or undefined when all went well. */
async function aptGet(...args: readonly string[]): Promise<string | undefined> {
  const child = spawn('apt-get', args, {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const [errors, [code]] = await Promise.all([text(child.stderr), once(child, 'close')]);
  return code === 0 ? undefined : (errors.trim().split('\n').at(-1) ?? `exit code ${code}`);
}

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { pythonPackages } from '../../support/system-packages.ts';

const folder = new URL('../peers/', import.meta.url);
const pythonNeeds = {
  fastapi: 'python3-fastapi',
  celery: 'python3-celery',
  uvicorn: 'python3-uvicorn',
  redis: 'python3-redis',
};

/** Installs the npm packages of the peers where they aren't yet; says why they can't be measured, if so. */
export async function nodePeers(quick: boolean): Promise<string | undefined> {
  if (await isInstalled()) return undefined;
  if (quick) return 'a quick run installs nothing';
  process.stderr.write('Installing what test/bench/peers/package-lock.json names …\n');
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const child = spawn('npm', args, { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
  const code = await Promise.race([
    once(child, 'exit').then(([code]: unknown[]) => code),
    once(child, 'error').then(([error]: unknown[]) => String(error)),
  ]);
  return code === 0 ? undefined : `npm ci in test/bench/peers failed (${String(code)})`;
}

/** Debian's FastAPI and Celery; a quick run does without them, as they take a third of its time. */
export async function pythonPeers(quick: boolean): Promise<{ path: string } | { missing: string }> {
  return quick ? { missing: 'a quick run does without' } : await pythonPackages(pythonNeeds);
}

/** As `npm ci` leaves it: what is there is what the lock file says. */
async function isInstalled(): Promise<boolean> {
  const [wanted, installed] = await Promise.all(
    ['package-lock.json', 'node_modules/.package-lock.json'].map((name) => packagesOf(name)),
  );
  if (wanted === undefined || installed === undefined) return false;
  return Object.entries(wanted).every(
    ([path, { version, optional }]) =>
      path === '' || optional === true || installed[path]?.version === version,
  );
}

type Packages = Record<string, { readonly version?: string; readonly optional?: boolean }>;

async function packagesOf(name: string): Promise<Packages | undefined> {
  try {
    // What npm writes.
    return (JSON.parse(await readFile(new URL(name, folder), 'utf8')) as { packages: Packages }).packages;
  } catch {
    return undefined;
  }
}

// Runs before every npm script, with whatever Node.js is there and without node_modules: installs what
// package-lock.json names when it isn't there yet, else ends silently. The `node` package among it is why
// the script that follows runs on the right Node.js: npm puts node_modules/.bin first on its PATH.
import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';

const root = new URL('../', import.meta.url);
const lockFile = new URL('.taskwire/install.lock', root);
const reason = outdated();
if (reason !== undefined) await installOnce(reason);

/** Why an install is needed, or undefined. npm's own record of what it installed is compared, so nothing else can be stale. */
function outdated() {
  const wanted = read('package-lock.json');
  const installed = read('node_modules/.package-lock.json');
  if (wanted === undefined) throw new Error('package-lock.json is missing');
  if (installed === undefined) return 'node_modules is missing';
  for (const [path, entry] of Object.entries(wanted)) {
    if (path === '' || !isForHere(entry)) continue;
    const there = installed[path];
    if (there?.version !== entry.version || there?.integrity !== entry.integrity) return `${path} differs`;
  }
  // Absent after an install with --ignore-scripts: the package downloads its binary in a script.
  return existsSync(new URL('node_modules/node/bin/node', root)) || process.platform === 'win32'
    ? undefined
    : 'node_modules/node has no binary';
}

function read(path) {
  try {
    return JSON.parse(readFileSync(new URL(path, root), 'utf8')).packages;
  } catch (error) {
    if (error.code === 'ENOENT' || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** False for optional packages of other platforms, and for those that npm may leave out as it sees fit. */
function isForHere({ optional = false, os, cpu, libc }) {
  if (!optional) return true;
  return (
    libc === undefined && os?.includes(process.platform) === true && cpu?.includes(process.arch) === true
  );
}

/** Two npm commands at once (start beside test): the second waits for the first one's install. */
async function installOnce(why) {
  mkdirSync(new URL('.', lockFile), { recursive: true });
  let told = false;
  while (!takeLock()) {
    if (!told) console.error('Waiting for another install in this folder …');
    told = true;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  try {
    if (told && outdated() === undefined) return;
    await install(why);
  } finally {
    rmSync(lockFile, { force: true });
  }
}

function takeLock() {
  const mine = new URL(`install.${process.pid}`, lockFile);
  try {
    // Written first and linked second, so that a lock never stands there without its owner's number.
    writeFileSync(mine, String(process.pid));
    linkSync(mine, lockFile);
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
    if (!isOwned()) rmSync(lockFile, { force: true });
    return false;
  } finally {
    rmSync(mine, { force: true });
  }
}

/** False when the process that holds the lock is gone. */
function isOwned() {
  try {
    return process.kill(Number(readFileSync(lockFile, 'utf8')), 0);
  } catch (error) {
    return error.code !== 'ESRCH';
  }
}

async function install(why) {
  const { spawn } = await import('node:child_process');
  console.error(`Installing what package-lock.json names (${why}); this takes a minute …`);
  // npm tells its scripts where it is itself; outside of npm the one on the PATH is taken.
  const npm = process.env.npm_execpath?.endsWith('.js')
    ? { command: process.execPath, args: [process.env.npm_execpath] }
    : { command: 'npm', args: [] };
  // Development packages are wanted even where NODE_ENV=production: Node.js itself is one of them.
  const args = [...npm.args, 'ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'];
  const child = spawn(npm.command, args, {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
    shell: process.platform === 'win32',
  });
  const [code, error] = await new Promise((resolve) => {
    child.once('error', (spawnError) => resolve([1, spawnError]));
    child.once('exit', (exitCode, signal) => resolve([exitCode ?? 1, signal]));
  });
  if (code === 0 && outdated() === undefined) return;
  console.error(
    `The install failed (npm ci: ${error?.message ?? error ?? `exit code ${code}`}); its own words are above.`,
  );
  process.exitCode = code || 1;
}

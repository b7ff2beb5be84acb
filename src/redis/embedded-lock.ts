import { once } from 'node:events';
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';

interface Owner {
  readonly pid: number;
  readonly port: number;
}

/**
 * Makes this process, which listens on `port`, the only store of the folder, until it calls what is returned or ends.
 * Throws when another one has it.
 */
export async function lockFolder(folder: string, port: number): Promise<() => Promise<void>> {
  const path = join(folder, 'store.lock');
  const draft = `${path}.${process.pid}`;
  const me: Owner = { pid: process.pid, port };
  await writeFile(draft, JSON.stringify(me));
  try {
    // A link is there with its whole content at once, unlike a file that is created and then written.
    while (!(await succeeds(link(draft, path), 'EEXIST'))) {
      const owner = await readOwner(path);
      if (owner && (await isAlive(owner))) throw new Error(inUse(owner));
      await removeLock(path, owner);
    }
  } finally {
    await rm(draft, { force: true });
  }
  // A lock that stays is no harm, as its owner is dead.
  return () => rm(path, { force: true }).catch(() => {});
}

function inUse({ pid, port }: Owner): string {
  return (
    `it belongs to the store of process ${pid}. Share that one with REDIS_URL=redis://127.0.0.1:${port}, ` +
    'stop that process, or choose another folder.'
  );
}

/** Removes a dead owner's lock, of which two processes may take notice: a lock that the other one made meanwhile stays. */
async function removeLock(path: string, dead: Owner | undefined): Promise<void> {
  const aside = `${path}.${process.pid}.stale`;
  if (!(await succeeds(rename(path, aside), 'ENOENT'))) return;
  const owner = await readOwner(aside);
  if (owner?.pid !== dead?.pid || owner?.port !== dead?.port) await succeeds(link(aside, path), 'EEXIST');
  await rm(aside);
}

/** A process of that number that also listens on that port: numbers alone are soon used again in a container. */
async function isAlive({ pid, port }: Owner): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (codeOf(error) !== 'EPERM') return false;
  }
  const socket = connect(port, '127.0.0.1');
  try {
    return await succeeds(once(socket, 'connect'), 'ECONNREFUSED');
  } finally {
    socket.destroy();
  }
}

async function readOwner(path: string): Promise<Owner | undefined> {
  try {
    const { pid, port } = JSON.parse(await readFile(path, 'utf8'));
    return Number.isInteger(pid) && Number.isInteger(port) ? { pid, port } : undefined;
  } catch {
    return undefined;
  }
}

async function succeeds(action: Promise<unknown>, expectedFailure: string): Promise<boolean> {
  try {
    await action;
    return true;
  } catch (error) {
    if (codeOf(error) === expectedFailure) return false;
    throw error;
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

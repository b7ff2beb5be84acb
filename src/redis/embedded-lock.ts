import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { link, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';

/** What a lock file says: who made it, and a name for this very lock. */
interface Owner {
  readonly pid: number;
  readonly port: number;
  readonly id: string;
}

/**
 * Makes this process, which listens on `port`, the only store of the folder, until it calls what is returned or ends.
 * Throws when another one has it.
 */
export function lockFolder(folder: string, port: number): Promise<() => Promise<void>> {
  return lock(join(folder, 'store.lock'), { pid: process.pid, port, id: randomUUID() });
}

async function lock(path: string, me: Owner): Promise<() => Promise<void>> {
  const draft = `${path}.${me.id}`;
  await writeFile(draft, JSON.stringify(me));
  try {
    // A link is there with its whole content at once, unlike a file that is created and then written.
    while (!(await succeeds(link(draft, path), 'EEXIST'))) {
      const owner = await readOwner(path);
      if (owner && (await isAlive(owner))) throw new Error(inUse(owner));
      if (owner) await removeDead(path, owner, me);
    }
  } finally {
    await rm(draft, { force: true });
  }
  // A lock that stays is no harm, as its owner is dead.
  return () => rm(path, { force: true }).catch(() => {});
}

/** Under a lock of its own, since whoever is slower would otherwise remove the lock that the faster one has made. */
async function removeDead(path: string, dead: Owner, me: Owner): Promise<void> {
  const unlock = await lock(`${path}.${dead.id}`, me);
  if ((await readOwner(path))?.id === dead.id) await rm(path);
  await unlock();
}

function inUse({ pid, port }: Owner): string {
  return (
    `it belongs to the store of process ${pid}. Share that one with REDIS_URL=redis://127.0.0.1:${port}, ` +
    'stop that process, or choose another folder.'
  );
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

/** Who made the lock: undefined when it is gone, nobody that lives when it isn't one of ours. */
async function readOwner(path: string): Promise<Owner | undefined> {
  try {
    const { pid, port, id } = JSON.parse(await readFile(path, 'utf8'));
    return { pid: Number(pid), port: Number(port), id: String(id) };
  } catch (error) {
    return codeOf(error) === 'ENOENT' ? undefined : { pid: Number.NaN, port: 0, id: 'unreadable' };
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

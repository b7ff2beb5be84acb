/**
 * The process of the embedded store, forked by `startEmbedded`: Valkey on a port, and a snapshot of its keys between
 * two runs. It ends, with the keys saved, when its parent says so or is gone, and after a client's SHUTDOWN.
 */
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { lockFolder } from './embedded-lock.ts';
import { restoreSnapshot, writeSnapshot } from './embedded-snapshot.ts';
import { bootValkey } from './valkey-host.ts';

/** What the parent passes as JSON on the command line. */
export interface StoreSettings {
  readonly port: number;
  readonly directory?: string;
}

/** What the parent hears; 'stopped' or 'failed' come last. What it says, whatever it is, means 'stop'. */
export type StoreMessage =
  | { readonly type: 'ready'; readonly port: number; readonly pid: number }
  | { readonly type: 'warning' | 'failed'; readonly message: string }
  | { readonly type: 'stopping' | 'stopped' };

const stop = Promise.withResolvers<void>();
for (const event of ['message', 'disconnect']) process.on(event, () => stop.resolve());
// Ctrl-C in a terminal, or a supervisor's SIGTERM, goes to the whole process group; but until the workers gave their
// tasks back they need a store, so the parent decides when it ends.
for (const signal of ['SIGINT', 'SIGHUP', 'SIGTERM']) process.on(signal, () => {});
// Who reads stderr may be gone with the parent, while the keys are still to be saved.
process.stderr.on('error', () => {});

try {
  // Only `startEmbedded` writes this command line.
  await run(JSON.parse(process.argv[2] ?? '') as StoreSettings);
  tell({ type: 'stopped' }, () => process.exit(0));
} catch (error) {
  fail(error);
}

async function run(settings: StoreSettings): Promise<void> {
  const clients = new Set<Socket>();
  let admit: ((socket: Socket) => void) | undefined;
  // Before anything else, as a port may be in use, and the folder's lock names it.
  const port = await listen(settings.port, (socket) => {
    clients.add(socket);
    socket.on('close', () => clients.delete(socket)).on('error', () => {});
    admit?.(socket);
  });
  const folder = settings.directory === undefined ? undefined : await openFolder(settings.directory, port);

  const host = await bootValkey({ port, onWarning: (line) => warn(`The embedded store warns: ${line}`) });
  host.ended.then(stop.resolve, fail);
  // A door of our own: other clients wait until all keys are there, and are gone before the last one is saved.
  const ownPort = await listen(0, host.accept);
  const redis = new Redis({ port: ownPort, enableReadyCheck: false, maxRetriesPerRequest: null });
  // What Valkey sends without a copy doesn't count in its output limits, so a subscriber who never reads had none.
  await redis.config('SET', 'min-string-size-avoid-copy-reply', 0);
  // Of the 4 GB that WebAssembly has; no limit before, as restoring takes memory on top of what it restores.
  await redis.config('SET', 'maxmemory', 0);
  if (folder) await restore(redis, folder.snapshot);
  await redis.config('SET', 'maxmemory', '3gb', 'maxmemory-policy', 'noeviction');
  admit = host.accept;
  clients.forEach(admit);
  tell({ type: 'ready', port, pid: process.pid });

  await stop.promise;
  tell({ type: 'stopping' });
  // The port stays open: it shows others that the folder is still in use.
  admit = (socket) => socket.destroy();
  clients.forEach(admit);
  if (folder) await save(redis, folder);
}

async function listen(port: number, onConnection: (socket: Socket) => void): Promise<number> {
  const server = createServer({ allowHalfOpen: true, noDelay: true }, onConnection).listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch (error) {
    throw because(`The embedded store can't listen on port ${port} of 127.0.0.1`, error);
  }
  // What a server that listens for TCP gives.
  return (server.address() as AddressInfo).port;
}

interface Folder {
  readonly snapshot: string;
  readonly unlock: () => Promise<void>;
}

async function openFolder(directory: string, port: number): Promise<Folder> {
  try {
    await mkdir(directory, { recursive: true });
    return { snapshot: join(directory, 'store.snapshot'), unlock: await lockFolder(directory, port) };
  } catch (error) {
    throw because(`The embedded store can't use the folder ${directory}`, error);
  }
}

async function restore(redis: Redis, snapshot: string): Promise<void> {
  if (!existsSync(snapshot)) return;
  try {
    await restoreSnapshot(redis, snapshot);
  } catch (error) {
    const aside = `${snapshot}.broken-${Date.now()}`;
    await redis.flushall();
    // Not there, it would be overwritten when this store stops.
    await rename(snapshot, aside);
    warn(
      because(`The embedded store starts empty: its snapshot, now ${aside}, can't be read`, error).message,
    );
  }
}

async function save(redis: Redis, { snapshot, unlock }: Folder): Promise<void> {
  try {
    await writeSnapshot(redis, snapshot);
  } catch (error) {
    throw because(`The keys of the embedded store are lost, as ${snapshot} can't be written`, error);
  } finally {
    await unlock();
  }
}

function because(what: string, error: unknown): Error {
  return new Error(`${what}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
}

function fail(error: unknown): void {
  tell({ type: 'failed', message: error instanceof Error ? error.message : String(error) }, () =>
    process.exit(1),
  );
}

function warn(message: string): void {
  tell({ type: 'warning', message });
}

/** Tells the parent, or whoever reads stderr when it is gone. */
function tell(message: StoreMessage, told = (): void => {}): void {
  if (process.send && process.connected) return void process.send(message, undefined, undefined, told);
  if ('message' in message) process.stderr.write(`${message.message}\n`);
  told();
}

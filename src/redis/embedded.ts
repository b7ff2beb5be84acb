import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { extname, resolve } from 'node:path';
import type { StoreMessage, StoreSettings } from './embedded-process.ts';

/** A Valkey of our own in a process of its own, shared by API and workers, for where there is no Redis. */
export interface EmbeddedStore extends AsyncDisposable {
  /** As in `redis://127.0.0.1:34567`. */
  readonly url: string;
  readonly pid: number;
  /** Resolves when the process is gone, whatever the reason. */
  readonly exited: Promise<void>;
  /** Saves the keys and ends the process; throws an `EmbeddedStoreError` when they are lost. May be called twice. */
  close(): Promise<void>;
}

export interface EmbeddedStoreOptions {
  /** @default a free one */
  readonly port?: number;
  /** Keeps the keys while the store is stopped, as in `.taskwire`. Without it they end with the store. */
  readonly directory?: string;
  /** Hears what a person should know: a damaged snapshot, a store that died. @default a warning of Node */
  readonly onWarning?: (message: string) => void;
}

/** The embedded store can't start, or its keys are lost; the message says why. */
export class EmbeddedStoreError extends Error {
  readonly code = 'EMBEDDED_STORE';
  override readonly name = 'EmbeddedStoreError';
}

/**
 * Starts the embedded store and waits until its keys are restored. It ends by itself when this process is gone.
 * Throws an `EmbeddedStoreError` when the port is in use, the folder can't be written or another store has it.
 */
export async function startEmbedded(options: EmbeddedStoreOptions = {}): Promise<EmbeddedStore> {
  const { port: wantedPort = 0, directory, onWarning = warnOnStderr } = options;
  const child = forkStore({ port: wantedPort, ...(directory && { directory: resolve(directory) }) });
  const ready = Promise.withResolvers<{ port: number; pid: number }>();
  let lastMessage: StoreMessage | undefined;
  let running = false;
  let deaf: NodeJS.Timeout | undefined;
  // Only our own process writes to this channel.
  child.on('message', (message: StoreMessage) => {
    lastMessage = message;
    if (message.type === 'ready') ready.resolve(message);
    if (message.type === 'warning') onWarning(message.message);
    if (message.type === 'stopping') clearTimeout(deaf);
  });
  // The channel may close after the exit, with the last message.
  const gone = Promise.all([once(child, 'exit'), once(child, 'disconnect')]).then(([[code, signal]]) => {
    if (lastMessage?.type === 'stopped') return undefined;
    const died = `The embedded store died (${signal ?? code}) before it saved its keys.`;
    const error = new EmbeddedStoreError(lastMessage?.type === 'failed' ? lastMessage.message : died);
    ready.reject(error);
    if (running) onWarning(error.message);
    return error;
  });
  const { port, pid } = await Promise.race([ready.promise, gone.then(() => ready.promise)]);
  running = true;

  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => (closing ??= end());
  const end = async (): Promise<void> => {
    running = false;
    // The callback takes the error of a process that is gone already.
    child.send('stop', () => {});
    deaf = setTimeout(() => child.kill('SIGKILL'), deafAfterMs);
    const error = await gone;
    clearTimeout(deaf);
    if (error) throw error;
  };
  const exited = gone.then(() => {});
  return { url: `redis://127.0.0.1:${port}`, pid, exited, close, [Symbol.asyncDispose]: close };
}

function warnOnStderr(message: string): void {
  process.emitWarning(message);
}

/** A script that never returns keeps Valkey from hearing 'stop'. What heard it may take its time to save the keys. */
const deafAfterMs = 30_000;

function forkStore(settings: StoreSettings): ChildProcess {
  // A neighbour of this file: .ts here, .js once built.
  const entry = new URL(`embedded-process${extname(import.meta.url)}`, import.meta.url);
  return fork(entry, [JSON.stringify(settings)], {
    // Not this process' own flags; and WASI being experimental is nothing to tell a user.
    execArgv: ['--disable-warning=ExperimentalWarning'],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
}

import { fork } from 'node:child_process';
import { getCompileCacheDir } from 'node:module';
import { extname } from 'node:path';
import type { Settings } from '../config.ts';

/** The two processes that `dev` looks after, beside the store. */
export const roles = ['api', 'worker'] as const;
export type Role = (typeof roles)[number];

/** What `dev` tells its parts. */
export type Order =
  | { readonly type: 'go'; readonly redisUrl: string; readonly port: number }
  | { readonly type: 'stop'; readonly graceMs: number };

/** How the loading of definitions went; `files` are those that it depends on, beside Taskwire's own. */
export type Loading =
  | { readonly type: 'loaded'; readonly names: readonly string[]; readonly files: readonly string[] }
  | { readonly type: 'refused'; readonly problems: readonly string[]; readonly files: readonly string[] };

/** How the start after that went. */
export type Start =
  | { readonly type: 'ready'; readonly url?: string; readonly port?: number }
  | { readonly type: 'failed'; readonly reason: string; readonly url?: undefined };

/**
 * A part's settings, as it gets them on its command line, which others can see: all but the store's address, which may hold
 * a password, and the secret of JWTs, which it has from its environment.
 */
export type PartSettings = Omit<Settings<'dev'>, 'redisUrl' | 'jwtSecret'>;

/** One process: it loads its definitions at once, waits for `go`, and ends by `stop` or with its parent. */
export interface Part {
  readonly role: Role;
  /** Settles when the definitions are loaded or not; never rejects. */
  readonly loaded: Promise<Loading>;
  /** Resolves when the process is gone, with the reason in words. */
  readonly exited: Promise<string>;
  go(redisUrl: string, port: number): Promise<Start>;
  /** Ends the process: in its own time, at the latest when the grace and some more is over. */
  stop(graceMs: number): Promise<void>;
  kill(): void;
}

/** How long a part may take to end beyond its grace before it is killed, as when a task blocks its event loop. */
const patienceMs = 5_000;

/** Starts a part's process. Its logs go where ours go. */
export function startPart(role: Role, settings: PartSettings, jwtSecret: string | undefined): Part {
  const entry = new URL(`./dev-child${extname(import.meta.filename)}`, import.meta.url);
  const child = fork(entry, [role, JSON.stringify(settings)], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    // Where `bin.ts` keeps compiled code: a start after the first one is quicker by a third.
    env: { ...process.env, NODE_COMPILE_CACHE: getCompileCacheDir(), TASKWIRE_JWT_SECRET: jwtSecret },
  });
  const loaded = Promise.withResolvers<Loading>();
  const started = Promise.withResolvers<Start>();
  const exited = Promise.withResolvers<string>();
  let failure: string | undefined;
  child.on('message', (message: Loading | Start) => {
    if (message.type === 'loaded' || message.type === 'refused') return loaded.resolve(message);
    if (message.type === 'failed') failure = message.reason;
    started.resolve(message);
  });
  const ended = (reason: string): void => {
    loaded.resolve({
      type: 'refused',
      problems: [`The ${role} process ended while it loaded: ${reason}.`],
      files: [],
    });
    started.resolve({ type: 'failed', reason });
    exited.resolve(reason);
  };
  child.once('error', (error) => ended(error.message));
  child.once('exit', (code, signal) =>
    ended(failure ?? (signal === null ? `exit code ${code}` : `signal ${signal}`)),
  );
  // A part that is just ending can't be told anything; its exit says all.
  const tell = (order: Order): void => void (child.connected && child.send(order, () => {}));
  return {
    role,
    loaded: loaded.promise,
    exited: exited.promise,
    async go(redisUrl, port) {
      tell({ type: 'go', redisUrl, port });
      return await started.promise;
    },
    async stop(graceMs) {
      tell({ type: 'stop', graceMs });
      const timer = setTimeout(() => child.kill('SIGKILL'), graceMs + patienceMs);
      await exited.promise;
      clearTimeout(timer);
    },
    kill() {
      child.kill('SIGKILL');
    },
  };
}

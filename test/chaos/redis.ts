import { mkdtemp, readdir, rm, stat, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis as Client } from 'ioredis';
import { RedisServer } from '../support/redis-server.ts';
import type { Act } from './options.ts';
import { stablePort } from './port.ts';

/** How long before a power cut what was written had surely reached the disk, at `everysec`. */
const syncedAfterMs = 1_000;

/** How long it stays at least before the next fault, so that there is something to be cut off. */
const staysMs = 1_000;

/** How large the log was at a time. */
interface Size {
  readonly at: number;
  readonly path: string;
  readonly bytes: number;
}

/**
 * A redis-server that is killed and comes back. Whoever observes looks at it first, through a socket of its own:
 * only then its port opens, so that nothing happens unobserved.
 */
export class ChaosRedis implements AsyncDisposable {
  readonly #server: RedisServer;
  readonly #port: number;
  readonly #folder: string;
  readonly #onStart: (socket: string) => Promise<void>;
  #fsync: Act['fsync'] = 'always';
  #sizes: Size[] = [];
  #turn: Promise<void> = Promise.resolve();
  #sampling: NodeJS.Timeout | undefined;

  private constructor(
    server: RedisServer,
    port: number,
    folder: string,
    onStart: (socket: string) => Promise<void>,
  ) {
    this.#server = server;
    this.#port = port;
    this.#folder = folder;
    this.#onStart = onStart;
  }

  /** Starts it; `onStart` runs after every start, before anyone else is let in. */
  static async start(program: string, onStart: (socket: string) => Promise<void>): Promise<ChaosRedis> {
    const folder = await mkdtemp(join(tmpdir(), 'taskwire-chaos-'));
    const own = ['--port', '0', '--unixsocket', join(folder, 'socket'), '--appendonly', 'yes'];
    const server = await RedisServer.start(program, [...own, '--appendfsync', 'always']);
    const redis = new ChaosRedis(server, await stablePort(), folder, onStart);
    await redis.#open();
    return redis;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.#port}`;
  }

  /** From now on, and after every start. */
  async setFsync(fsync: Act['fsync']): Promise<void> {
    this.#fsync = fsync;
    await this.#configure();
  }

  signal(signal: NodeJS.Signals): void {
    this.#server.signal(signal);
  }

  /** SIGKILL; back after a while. */
  async kill(awayMs: number): Promise<void> {
    await this.inTurn(async () => {
      await this.#end();
      await this.#back(awayMs);
    });
  }

  /** SIGKILL, and the log loses what a second ago wasn't written: what a power cut may take at `everysec`. */
  async cutPower(awayMs: number): Promise<void> {
    await this.inTurn(async () => {
      const before = performance.now() - syncedAfterMs;
      await this.#end();
      const synced = this.#sizes.findLast(({ at }) => at <= before);
      if (synced !== undefined) await truncate(synced.path, synced.bytes);
      await this.#back(awayMs);
    });
  }

  /** Does something to a Redis that is there: what isn't back yet can't be killed again. */
  async inTurn(fault: () => Promise<void>): Promise<void> {
    const done = this.#turn.then(fault);
    this.#turn = done.then(() => delay(staysMs));
    await done;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#sampling);
    await this.#server[Symbol.asyncDispose]();
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #end(): Promise<void> {
    clearInterval(this.#sampling);
    await this.#server.end('SIGKILL');
  }

  async #back(awayMs: number): Promise<void> {
    await delay(awayMs);
    await this.#server.run();
    await this.#open();
  }

  async #open(): Promise<void> {
    await this.#onStart(this.#socket);
    await this.#configure();
    await this.#config('SET', 'port', String(this.#port));
  }

  async #sample(log: string): Promise<void> {
    const size = await sizeOf(log);
    const recent = this.#sizes.findLastIndex(({ at }) => at <= size.at - syncedAfterMs);
    this.#sizes = [...this.#sizes.slice(Math.max(0, recent)), size];
  }

  async #configure(): Promise<void> {
    clearInterval(this.#sampling);
    // A log that is rewritten has no past to be cut back to.
    const growth = this.#fsync === 'always' ? '100' : '0';
    await this.#config('SET', 'appendfsync', this.#fsync, 'auto-aof-rewrite-percentage', growth);
    const log = join(await this.#configured('dir'), 'appendonlydir');
    // Everything that it has read back counts as written.
    this.#sizes = [{ ...(await sizeOf(log)), at: 0 }];
    if (this.#fsync === 'everysec') this.#sampling = setInterval(() => void this.#sample(log), 50);
  }

  async #configured(name: string): Promise<string> {
    const reply = await this.#config('GET', name);
    return Array.isArray(reply) ? String(reply[1]) : '';
  }

  async #config(...args: readonly string[]): Promise<unknown> {
    const client = new Client({ path: this.#socket });
    try {
      return await client.call('CONFIG', ...args);
    } finally {
      client.disconnect();
    }
  }

  get #socket(): string {
    return join(this.#folder, 'socket');
  }
}

async function sizeOf(log: string): Promise<Size> {
  const at = performance.now();
  const files = (await readdir(log)).filter((name) => name.endsWith('.incr.aof'));
  const path = join(log, files.toSorted().at(-1) ?? '');
  return { at, path, bytes: (await stat(path)).size };
}

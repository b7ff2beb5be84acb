import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { expect, vi } from 'vitest';
import { freePort, RedisServer } from './redis-server.ts';

/** A master, its replica and a Sentinel that looks after them, each behind a password. */
export class SentinelSet implements AsyncDisposable {
  readonly master: RedisServer;
  readonly replica: RedisServer;
  readonly url: string;
  readonly #program: string;
  readonly #client: Redis;
  readonly #directory: string;
  #sentinel: ChildProcess | undefined;

  private constructor(
    program: string,
    servers: { master: RedisServer; replica: RedisServer },
    port: number,
    directory: string,
  ) {
    this.#program = program;
    this.master = servers.master;
    this.replica = servers.replica;
    this.#directory = directory;
    // Nothing listens at the first: a Sentinel that is away is no reason to wait.
    this.url = `redis+sentinel://:s%40fe@127.0.0.1:1,127.0.0.1:${port}/mymaster?sentinelPassword=watchful`;
    this.#client = new Redis({ port, password: 'watchful' });
    this.#client.on('error', () => undefined);
  }

  /** Starts them; resolves once the replica could take over. */
  static async start(program: string): Promise<SentinelSet> {
    const own = ['--requirepass', 's@fe', '--masterauth', 's@fe', '--repl-diskless-sync-delay', '0'];
    const master = await RedisServer.start(program, own);
    const replica = await RedisServer.start(program, [
      ...own,
      '--replicaof',
      '127.0.0.1',
      String(master.port),
    ]);
    const directory = await mkdtemp(join(tmpdir(), 'taskwire-sentinel-'));
    const port = await freePort();
    const settings = `port ${port}
bind 127.0.0.1
dir ${directory}
requirepass watchful
sentinel monitor mymaster 127.0.0.1 ${master.port} 1
sentinel auth-pass mymaster s@fe
sentinel down-after-milliseconds mymaster 500
sentinel failover-timeout mymaster 5000
`;
    await writeFile(join(directory, 'sentinel.conf'), settings);
    const set = new SentinelSet(program, { master, replica }, port, directory);
    set.startSentinel();
    await vi.waitFor(
      async () => {
        const replicas = String(await set.#client.call('SENTINEL', 'replicas', 'mymaster'));
        expect(replicas).toContain('master-link-status,ok');
      },
      { timeout: 15_000 },
    );
    // A replica that is known may still be sent nothing: it has it once it has said so.
    const writer = new Redis({ port: master.port, password: 's@fe' });
    await writer.set('written', 'here');
    expect(await writer.wait(1, 10_000)).toBe(1);
    writer.disconnect();
    return set;
  }

  startSentinel(): void {
    const settings = join(this.#directory, 'sentinel.conf');
    this.#sentinel = spawn(this.#program, [settings, '--sentinel'], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  }

  /** Ends the Sentinel; the others go on. */
  async endSentinel(): Promise<void> {
    if (this.#sentinel === undefined) return;
    const exit = once(this.#sentinel, 'exit');
    this.#sentinel.kill('SIGKILL');
    await exit;
    this.#sentinel = undefined;
  }

  /** Has the Sentinel promote the replica, while the master stays up. */
  async failover(): Promise<void> {
    await this.#client.call('SENTINEL', 'failover', 'mymaster');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#client.disconnect();
    await this.endSentinel();
    await this.replica[Symbol.asyncDispose]();
    await this.master[Symbol.asyncDispose]();
    await rm(this.#directory, { recursive: true, force: true });
  }
}

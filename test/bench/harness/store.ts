import { Redis } from 'ioredis';
import { startEmbedded } from '../../../src/redis/embedded.ts';
import { RedisServer } from '../../support/redis-server.ts';
import { systemPackage } from '../../support/system-packages.ts';
import { cpuMs } from './proc.ts';

/** The one store of a run, for Taskwire and for all peers; it keeps nothing on disk. */
export class Store implements AsyncDisposable {
  readonly name: string;
  readonly url: string;
  readonly #pid: number;
  readonly #redis: Redis;
  readonly #server: AsyncDisposable;
  #isOpen = true;

  private constructor(name: string, url: string, pid: number, server: AsyncDisposable) {
    this.name = name;
    this.url = url;
    this.#pid = pid;
    this.#server = server;
    this.#redis = new Redis(url);
    process.once('exit', () => this.#kill());
  }

  /** Debian's redis-server, or the embedded one where there is none. */
  static async start(): Promise<Store> {
    const found = await systemPackage('redis-server');
    if ('path' in found) {
      const server = await RedisServer.start(found.path);
      return new Store('redis-server', server.url, server.pid, server);
    }
    const server = await startEmbedded({});
    return new Store('the embedded store', server.url, server.pid, server);
  }

  cpuMs(): number {
    return cpuMs(this.#pid);
  }

  /** Bytes of all data. */
  async bytes(): Promise<number> {
    return Number(/^used_memory:(\d+)/m.exec(await this.#redis.info('memory'))?.[1]);
  }

  /** Counts the commands that clients send, and those that their scripts call, while `body` runs. */
  async commandsOf(body: () => Promise<void>): Promise<{ sent: number; inScripts: number }> {
    const monitor = await this.#redis.monitor();
    const counts = { sent: 0, inScripts: 0 };
    monitor.on('monitor', (_time: string, _args: string[], source: string) => {
      counts[source === 'lua' ? 'inScripts' : 'sent'] += 1;
    });
    try {
      await body();
    } finally {
      monitor.disconnect();
    }
    return counts;
  }

  /** Removes all data. */
  async clear(): Promise<void> {
    await this.#redis.flushall();
  }

  /** When this process is told to end. */
  #kill(): void {
    if (!this.#isOpen) return;
    process.kill(this.#pid, 'SIGKILL');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOpen = false;
    this.#redis.disconnect();
    await this.#server[Symbol.asyncDispose]();
  }
}

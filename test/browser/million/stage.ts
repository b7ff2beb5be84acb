import { type Browser, chromium } from 'playwright-core';
import type { Tasks } from '../../../src/index.ts';
import { createLogger } from '../../../src/logger.ts';
import { connectTasks } from '../../../src/tasks/tasks.ts';
import { Program } from '../../bench/harness/program.ts';
import { RedisServer } from '../../support/redis-server.ts';
import { owners } from './fill.ts';
import { type Shown, Tab } from './tab.ts';
import { definitions } from './tasks.ts';

/** Memory, in bytes. */
export interface Memory {
  /** What the scripts of a tab hold. */
  readonly tab: number;
  /** What those of the API hold, … */
  readonly api: number;
  /** … and what of its process is in memory. */
  readonly resident: number;
}

/** A store, an API and a worker, each a process of its own, and a browser. */
export class Stage implements AsyncDisposable {
  readonly tasks: Tasks;
  readonly redis: RedisServer;
  /** What pages wrote to their console as an error, or threw. */
  readonly problems: string[] = [];
  readonly #api: Program;
  readonly #browser: Browser;
  readonly #opened: AsyncDisposableStack;

  private constructor(
    parts: {
      readonly tasks: Tasks;
      readonly redis: RedisServer;
      readonly api: Program;
      readonly browser: Browser;
    },
    opened: AsyncDisposableStack,
  ) {
    this.tasks = parts.tasks;
    this.redis = parts.redis;
    this.#api = parts.api;
    this.#browser = parts.browser;
    this.#opened = opened;
  }

  /** Starts all of it; the two are programs. */
  static async open(redisServer: string, browserProgram: string): Promise<Stage> {
    await using opened = new AsyncDisposableStack();
    const redis = opened.use(await RedisServer.start(redisServer));
    // Also where this process ends before its time.
    process.once('exit', () => redis.signal('SIGKILL'));
    const { url } = redis;
    const logger = createLogger({ level: 'error' });
    const tasks = opened.use(await connectTasks({ redis: { url }, definitions, logger }));
    opened.use(await Program.fork(new URL('worker.ts', import.meta.url), url));
    const api = opened.use(await Program.fork(new URL('api.ts', import.meta.url), url));
    const browser = await chromium.launch({
      executablePath: browserProgram,
      args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-sync'],
    });
    opened.defer(async () => await browser.close());
    return new Stage({ tasks, redis, api, browser }, opened.move());
  }

  /** A token of somebody who sees all tasks, or of an owner who sees its own. */
  async token(who: 'admin' | 'owner'): Promise<string> {
    return who === 'admin'
      ? await this.#api.call<string>('token', 'ann', ['admin'])
      : await this.#api.call<string>('token', owners[7], ['tasks:read', 'tasks:write']);
  }

  /** Opens the page of tasks in a fresh tab. */
  async open(token: string): Promise<{ readonly tab: Tab; readonly shown: Shown }> {
    return await Tab.open(this.#browser, `http://127.0.0.1:${this.#api.port}/tasks`, token, this.problems);
  }

  /** What a tab and the API hold, without garbage. */
  async memory(tab: Tab): Promise<Memory> {
    return {
      tab: await tab.heapBytes(),
      api: await this.#api.call<number>('heldBytes'),
      resident: 1024 * (await this.#api.memoryKb()),
    };
  }

  /** What the store holds of all tasks. */
  async storeBytes(): Promise<number> {
    return (await this.tasks.health.store()).usedMemoryBytes ?? NaN;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#opened.disposeAsync();
  }
}

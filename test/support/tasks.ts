import { vi } from 'vitest';
import type { TaskDefinition } from '../../src/definition/definition.ts';
import type { RedisSettings } from '../../src/redis/connection.ts';
import type { Traces } from '../../src/traces.ts';
import type { Task } from '../../src/tasks/task.ts';
import { connectTasks, type Tasks } from '../../src/tasks/tasks.ts';
import { startWorker, type Worker } from '../../src/worker/worker.ts';
import { freshSettings, testLogger } from './stores.ts';

export interface TestTasksOptions {
  readonly redis?: RedisSettings;
  /** Workers in this process. @default 1 */
  readonly workers?: number;
  readonly concurrency?: number;
  readonly leaseMs?: number;
  readonly traces?: Traces | undefined;
}

/** Tasks and workers on a store of their own. */
export class TestTasks implements AsyncDisposable {
  readonly redis: RedisSettings;
  readonly tasks: Tasks;
  readonly workers: Worker[] = [];
  readonly #definitions: readonly TaskDefinition[];
  readonly #options: TestTasksOptions;

  private constructor(
    definitions: readonly TaskDefinition[],
    tasks: Tasks,
    options: TestTasksOptions,
    redis: RedisSettings,
  ) {
    this.#definitions = definitions;
    this.tasks = tasks;
    this.#options = options;
    this.redis = redis;
  }

  static async start(
    definitions: readonly TaskDefinition[],
    options: TestTasksOptions = {},
  ): Promise<TestTasks> {
    const redis = options.redis ?? freshSettings();
    const { leaseMs, traces } = options;
    const lease = leaseMs === undefined ? {} : { leaseMs };
    const tasks = await connectTasks({ redis, definitions, logger: testLogger, traces, ...lease });
    const all = new TestTasks(definitions, tasks, options, redis);
    for (let count = options.workers ?? 1; count > 0; count -= 1) await all.startWorker();
    return all;
  }

  /** One more worker, of these definitions or others. */
  async startWorker(definitions: readonly TaskDefinition[] = this.#definitions): Promise<Worker> {
    const { concurrency = 5, leaseMs, traces } = this.#options;
    const lease = leaseMs === undefined ? {} : { leaseMs };
    const worker = await startWorker({
      redis: this.redis,
      definitions,
      concurrency,
      logger: testLogger,
      traces,
      ...lease,
    });
    this.workers.push(worker);
    return worker;
  }

  /** Waits for a task's end. */
  async finished(id: string): Promise<Task> {
    return await this.reached(id, () => false);
  }

  /** Waits until a state passes the condition, or the task has ended. */
  async reached(id: string, condition: (task: Task) => boolean): Promise<Task> {
    let last: Task | undefined;
    for await (const task of this.tasks.watch(id)) {
      last = task;
      if (condition(task)) break;
    }
    if (last === undefined) throw new Error(`the watch of ${id} was closed`);
    return last;
  }

  /** Enqueues as soon as the store is reachable. */
  async enqueueWhenReady(definition: TaskDefinition, input: unknown): Promise<Task> {
    return await vi.waitFor(() => this.tasks.enqueue(definition, input), { timeout: 10_000 });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.stop(0)));
    await this.tasks.close();
  }
}

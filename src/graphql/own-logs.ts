import type { FollowOptions, LogBatch, LogLevel, Logs, ReadOptions, StreamBatch } from '../tasks/logs.ts';
import type { Task } from '../tasks/task.ts';
import type { VisibleLogs } from './visible-tasks.ts';

/** Logs and streams of the tasks that a viewer may see. */
export class OwnLogs implements VisibleLogs {
  readonly #logs: Logs;
  readonly #existing: (id: string) => Promise<Task>;

  /** `existing` finds a task, or throws TaskNotFoundError. */
  constructor(logs: Logs, existing: (id: string) => Promise<Task>) {
    this.#logs = logs;
    this.#existing = existing;
  }

  async read(
    id: string,
    options?: ReadOptions & { readonly level?: LogLevel },
  ): Promise<LogBatch & { readonly hasMore: boolean }> {
    const [batch] = await Promise.all([this.#logs.read(id, options), this.#existing(id)]);
    return batch;
  }

  async readStream(
    id: string,
    name: string,
    options?: ReadOptions,
  ): Promise<StreamBatch & { readonly hasMore: boolean }> {
    const [batch] = await Promise.all([this.#logs.readStream(id, name, options), this.#existing(id)]);
    return batch;
  }

  async *follow(
    id: string,
    options?: FollowOptions & { readonly level?: LogLevel },
  ): AsyncGenerator<LogBatch, void, undefined> {
    await this.#existing(id);
    yield* this.#logs.follow(id, options);
  }

  async *followStream(
    id: string,
    name: string,
    options?: FollowOptions,
  ): AsyncGenerator<StreamBatch, void, undefined> {
    await this.#existing(id);
    yield* this.#logs.followStream(id, name, options);
  }
}

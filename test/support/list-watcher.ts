import { expect, vi } from 'vitest';
import type { Task } from '../../src/tasks/task.ts';
import type { TaskListUpdate } from '../../src/tasks/list-snapshot.ts';
import { apply, payloadOf } from './list-client.ts';

/** A client of one watched list: takes each update at once, unless it is told to hold on, and keeps the window. */
export class ListWatcher implements AsyncDisposable {
  tasks: readonly Task[] = [];
  readonly updates: TaskListUpdate[] = [];
  readonly #watch: AsyncGenerator<TaskListUpdate, void, undefined>;
  readonly #abort: AbortController;
  readonly #first: number;
  #reading: Promise<void> | undefined;

  private constructor(first: number, abort: AbortController, watch: ListWatcher['watch']) {
    this.#first = first;
    this.#abort = abort;
    this.#watch = watch;
  }

  get watch(): AsyncGenerator<TaskListUpdate, void, undefined> {
    return this.#watch;
  }

  /** Resolves with its first window. */
  static async start(
    first: number,
    watch: (signal: AbortSignal) => ListWatcher['watch'],
    isEager = true,
  ): Promise<ListWatcher> {
    const abort = new AbortController();
    const watcher = new ListWatcher(first, abort, watch(abort.signal));
    await watcher.next();
    if (isEager) watcher.#reading = watcher.#readOn();
    return watcher;
  }

  get ids(): string[] {
    return this.tasks.map(({ id }) => id);
  }

  /** How many tasks the list has, as it was told last. */
  get total(): number | undefined {
    return this.updates.at(-1)?.total?.count;
  }

  get resets(): number {
    return this.updates.filter(({ reset }) => reset !== undefined).length;
  }

  /** Takes one update; undefined at the end. */
  async next(): Promise<TaskListUpdate | undefined> {
    const { value } = await this.#watch.next();
    if (value === undefined) return undefined;
    this.updates.push(value);
    this.tasks = apply(this.tasks, payloadOf(value));
    // Whatever the order of its changes, a client never holds a task twice, nor more than it asked for.
    expect(new Set(this.ids).size).toBe(this.tasks.length);
    expect(this.tasks.length).toBeLessThanOrEqual(this.#first);
    return value;
  }

  /** Resolves once it holds these tasks, in these states. */
  async holds(expected: () => Promise<readonly Task[]> | readonly Task[]): Promise<void> {
    await vi.waitFor(async () => expect(this.tasks).toEqual(await expected()), {
      timeout: 10_000,
      interval: 20,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort();
    await this.#reading;
    await this.#watch.return();
  }

  async #readOn(): Promise<void> {
    while ((await this.next()) !== undefined);
  }
}

import { TestStore } from '../support/store.ts';
import type { Delivery, Server } from '../../src/tasks/delivery.ts';
import type { TestApi } from './test-api.ts';

/** A task of `forever` that runs, in an API without workers: the test is its worker, and writes its states. */
export class RunningTask implements AsyncDisposable {
  readonly id: string;
  readonly #store: TestStore;
  readonly #server: Server;
  readonly #delivery: Delivery;
  #told = 0;

  private constructor(store: TestStore, server: Server, delivery: Delivery) {
    this.id = delivery.task.id;
    this.#store = store;
    this.#server = server;
    this.#delivery = delivery;
  }

  static async start(api: TestApi): Promise<RunningTask> {
    const store = new TestStore(api.tests.redis, 'default');
    const { data } = await api.http('mutation { forever { task { definitionVersion } } }');
    const server = { worker: 'w1', lines: [`forever:${data.forever.task.definitionVersion}`] };
    await store.present(1, server);
    return new RunningTask(store, server, await store.delivery(server));
  }

  /** How many states were told: the `current` of the last one. */
  get told(): number {
    return this.#told;
  }

  /** Tells one state more, with so much data. */
  async tell(bytes = 100_000): Promise<void> {
    this.#told += 1;
    const progress = { current: this.#told, data: 'x'.repeat(bytes) };
    await this.#store.deliveries(this.#server).progress(this.#delivery, progress);
  }

  async succeed(): Promise<void> {
    await this.#store.succeed(this.#delivery, undefined, 'null', this.#server);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#store[Symbol.asyncDispose]();
  }
}

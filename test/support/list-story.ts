import { defineTask } from '../../src/index.ts';
import type { Delivery, Outcome } from '../../src/tasks/delivery.ts';
import type { TaskListQuery } from '../../src/tasks/live-lists.ts';
import type { Task } from '../../src/tasks/task.ts';
import { Random } from '../chaos/random.ts';
import { double, forever } from './definitions.ts';
import { TestStore } from './store.ts';
import type { TestTasks } from './tasks.ts';

/** Of a queue of its own. */
export const elsewhere = defineTask({ name: 'elsewhere', queue: 'elsewhere', run: () => undefined });

/** Of two queues. */
export const storyDefinitions = [double, forever, elsewhere];

const outcomes: readonly Outcome[] = [
  { outcome: 'SUCCEEDED', output: '{"n":2}' },
  { outcome: 'FAILED', failure: { code: 'ERROR', message: 'no', retryable: false, attempt: 1 } },
  { outcome: 'FAILED', failure: { code: 'ERROR', message: 'no', retryable: true, attempt: 1 } },
];

/** What happens to tasks of two queues, at random but the same for the same seed. */
export class ListStory implements AsyncDisposable {
  readonly #tests: TestTasks;
  readonly #stores: readonly TestStore[];
  readonly #random: Random;
  readonly #tasks: Task[] = [];
  readonly #deliveries: { readonly store: TestStore; readonly delivery: Delivery }[] = [];
  readonly #parents: string[] = [];
  readonly #batches: string[] = [];
  readonly #schedules: string[] = [];
  #removed = 0;

  constructor(tests: TestTasks, seed: number) {
    this.#tests = tests;
    this.#random = new Random(seed);
    this.#stores = ['default', 'elsewhere'].map((queue) => new TestStore(tests.redis, queue));
  }

  /** Records that were removed so far. */
  get removed(): number {
    return this.#removed;
  }

  async begin(): Promise<void> {
    const { tasks } = this.#tests;
    for (let count = 0; count < 2; count += 1) {
      this.#parents.push((await tasks.enqueue(double, { n: count })).id);
      const schedule = await tasks.schedules.create(double, { every: '1d', input: { n: count } });
      this.#schedules.push(schedule.id);
    }
    for (let count = 0; count < 30; count += 1) await this.#enqueue();
  }

  /** Windows of lists, one of each kind of filter at least. */
  queries(middle: number, cursor: string): TaskListQuery[] {
    return [
      { first: 100 },
      { first: 3 },
      { first: 3, direction: 'ASC' },
      { first: 100, filter: { names: ['double', 'elsewhere'] } },
      { first: 4, filter: { statuses: ['RUNNING'] } },
      { first: 4, filter: { statuses: ['QUEUED', 'RETRYING', 'SCHEDULED'] }, direction: 'ASC' },
      { first: 100, filter: { statuses: ['SUCCEEDED', 'FAILED', 'CANCELED'] } },
      { first: 5, filter: { tags: ['a', 'b'] } },
      { first: 5, filter: { tags: ['a'], statuses: ['QUEUED'] }, direction: 'ASC' },
      { first: 3, filter: { queues: ['elsewhere'] } },
      { first: 5, filter: { owners: ['ada'] } },
      { first: 5, filter: { parents: this.#parents } },
      { first: 5, filter: { batches: this.#batches, names: ['double'] } },
      { first: 5, filter: { schedules: this.#schedules.slice(0, 1) } },
      { first: 5, filter: { createdAfter: middle }, direction: 'ASC' },
      { first: 5, filter: { createdBefore: middle } },
      { first: 5, after: cursor, counts: true },
      { first: 5, after: cursor, direction: 'ASC' },
      { first: 5, after: cursor, filter: { statuses: ['QUEUED'] }, counts: true },
      { first: 5, filter: { statuses: ['RUNNING', 'FAILED'] }, counts: true },
      { first: 1, filter: { owners: ['ada'], statuses: ['QUEUED', 'CANCELED'] }, counts: true },
      { first: 1, filter: { tags: ['a', 'b'] }, counts: true },
      { first: 3, filter: { ids: this.#tasks.map(({ id }) => id).slice(0, 20) }, counts: true },
      {
        first: 5,
        filter: { ids: this.#tasks.map(({ id }) => id), statuses: ['QUEUED'], queues: ['elsewhere'] },
      },
    ];
  }

  async step(): Promise<void> {
    const acts: (() => Promise<unknown>)[] = [
      () => this.#enqueue(),
      () => this.#some(15, () => this.#enqueue()),
      () => this.#some(4, () => this.#start()),
      () => this.#start(),
      () => this.#progress(),
      () => this.#end(),
      () => this.#some(4, () => this.#end()),
      () => this.#cancel(),
      () => this.#some(12, () => this.#cancel()),
      () => this.#tests.tasks.retry(this.#pick(this.#tasks).id),
      () => this.#some(3, () => this.#remove()),
      () => this.#some(12, () => this.#remove()),
    ];
    await this.#pick(acts)();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const store of this.#stores) await store[Symbol.asyncDispose]();
  }

  async #enqueue(): Promise<void> {
    const { tasks } = this.#tests;
    const kind = this.#random.between(0, 9);
    if (kind === 0) {
      const { batch } = await tasks.enqueueBatch(double, [{ n: 1 }, { n: 2 }], { tags: ['a'] });
      if (this.#batches.length === 0) this.#batches.push(batch.id);
      return;
    }
    if (kind === 1) {
      this.#tasks.push(await tasks.schedules.runNow(this.#pick(this.#schedules)));
      return;
    }
    const options = {
      tags: ['a', 'b', 'c'].filter(() => this.#random.chance(0.3)),
      ...(this.#random.chance(0.2) ? { owner: 'ada' } : {}),
      ...(this.#random.chance(0.3) ? { parent: this.#pick(this.#parents) } : {}),
      ...(this.#random.chance(0.2) ? { delayMs: 3_600_000 } : {}),
    };
    const definition = this.#pick(storyDefinitions);
    this.#tasks.push(await tasks.enqueue(definition.name, definition === double ? { n: 1 } : {}, options));
  }

  async #start(): Promise<void> {
    const store = this.#pick(this.#stores);
    const lines = [...this.#tests.tasks.definitions.values()].map(
      ({ definition, version }) => `${definition.name}:${version}`,
    );
    const { delivery } = await store.begin({ worker: 'w1', lines });
    if (delivery !== undefined) this.#deliveries.push({ store, delivery });
  }

  async #progress(): Promise<void> {
    if (this.#deliveries.length === 0) return;
    const { store, delivery } = this.#pick(this.#deliveries);
    await store.deliveries().progress(delivery, { fraction: this.#random.next() });
  }

  async #end(): Promise<void> {
    if (this.#deliveries.length === 0) return;
    const { store, delivery } = this.#pick(this.#deliveries);
    await store.finish(delivery, this.#pick(outcomes));
  }

  async #cancel(): Promise<void> {
    const { id } = this.#pick(this.#tasks);
    if ((await this.#tests.tasks.get(id)) !== undefined) await this.#tests.tasks.cancel(id);
  }

  /** Its retention is over. */
  async #remove(): Promise<void> {
    const at = this.#random.between(0, this.#tasks.length - 1);
    const [task] = this.#tasks.splice(at, 1);
    const store = this.#stores.find(({ queue }) => queue === task?.queue);
    if (task === undefined || store === undefined) return;
    this.#removed += await store.outlive(task.id);
  }

  async #some(most: number, act: () => Promise<void>): Promise<void> {
    for (let count = this.#random.between(1, most); count > 0; count -= 1) await act();
  }

  #pick<Item>(items: readonly Item[]): Item {
    // `between` is within the list.
    return items[this.#random.between(0, items.length - 1)] as Item;
  }
}

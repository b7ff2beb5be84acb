import type { TaskDefinition } from '../../src/definition/definition.ts';
import { defineTask } from '../../src/index.ts';
import type { Redis } from '../../src/redis/connection.ts';
import { Deliveries } from '../../src/tasks/deliveries.ts';
import type { Delivery } from '../../src/tasks/delivery.ts';
import { createId } from '../../src/tasks/id.ts';
import type { NewTask } from '../../src/tasks/new-task.ts';
import { policyOf } from '../../src/tasks/policy.ts';
import { limitRules, QueueRules } from '../../src/tasks/queue-rules.ts';
import { Store } from '../../src/tasks/store.ts';
import type { BacklogOptions } from './backlog-run.ts';

/** Keys that may start one in the form `blocked`. */
const freeKeys = 10;

const leaseMs = 3_600_000;
const slotsPerWorker = 100;
const input = JSON.stringify({ url: 'https://example.com/images/0123456789.jpeg', width: 640 });
export const inputBytes: number = input.length;
const versions = { definitionVersion: 'v1', line: 'resizeImage:v1' };

/** A queue that is measured: tasks that wait, and one slot that takes them. */
export class BenchQueue {
  readonly name: string;
  readonly redis: Redis;
  readonly store: Store;
  readonly rules: QueueRules;
  readonly definition: TaskDefinition;
  readonly #options: BacklogOptions;
  readonly #slot: Deliveries;
  /** Some of those that it was filled with, and the last that came. */
  readonly #filled: string[] = [];
  #fresh: string[] = [];
  #running: Delivery | undefined;
  #made = 0;
  #isOpen = false;
  #tokens = 0;

  constructor(redis: Redis, name: string, options: BacklogOptions) {
    this.name = name;
    this.redis = redis;
    this.store = new Store(redis, 'bench');
    this.rules = new QueueRules(this.store);
    this.definition = definitionOf(options);
    this.#options = options;
    this.#slot = this.#deliveries('slot');
  }

  /** Writes tasks that may begin at once. */
  async add(count: number): Promise<void> {
    const tasks = Array.from({ length: count }, () => this.#task());
    await this.store.createMany(this.name, tasks);
    // The last ones are the last to be taken.
    if (this.#filled.length === 0) this.#fresh = tasks.map(({ id }) => id);
  }

  /** Writes very many, thousands on their way. */
  async fill(): Promise<void> {
    const { form, tasks: count } = this.#options;
    const every = Math.max(1, Math.floor(count / 2_000));
    for (let from = 0; from < count; from += 5_000) {
      const tasks = Array.from({ length: Math.min(5_000, count - from) }, (_, index) => {
        const isLater = form === 'scheduled' && index % 2 === 1;
        return { ...this.#task(), ...(isLater ? { delayMs: 86_400_000 + from + index } : {}) };
      });
      await this.store.createMany(this.name, tasks);
      this.#filled.push(...tasks.filter((_, index) => (from + index) % every === 0).map(({ id }) => id));
    }
    // Those at the front are taken meanwhile.
    this.#filled.splice(0, this.#filled.length / 2);
  }

  /** Its worker runs one task; in the form `blocked` others run one of each key but ten. */
  async open(): Promise<void> {
    const { form, keys } = this.#options;
    await this.rules.register(this.name, 1, [this.definition]);
    const toRun = form === 'blocked' && this.name === 'full' ? Math.max(0, keys - freeKeys) : 0;
    for (let from = 0; from < toRun; from += slotsPerWorker) {
      const worker = this.#deliveries(`worker-${from}`);
      const count = Math.min(slotsPerWorker, toRun - from);
      await this.#renew(worker, count);
      const hint = { hint: 'none', id: 'none' };
      await Promise.all(
        Array.from({ length: count }, (_, slot) =>
          worker.begin(`${from}-${slot}`, hint, { wake: false, takeSuspect: true }),
        ),
      );
    }
    await this.#renew(this.#slot, 1);
    await this.begin();
    this.#isOpen = true;
  }

  #task(): NewTask {
    const number = this.#made;
    this.#made += 1;
    const { limits } = this.definition;
    return {
      id: createId(this.name),
      name: this.definition.name,
      definitionVersion: versions.definitionVersion,
      owner: number % 2 === 0 ? 'anna' : 'bert',
      tags: number % 100 === 0 || number < 40 ? ['archive'] : [],
      input,
      policy: policyOf(this.definition),
      ...(limits.length === 0
        ? {}
        : { limits: { since: 1, rules: limitRules(limits) }, limitKey: this.#keyOf(number) }),
    };
  }

  /** Tenants in turn; of those who come later half are some that may start one, so that there is always one to take. */
  #keyOf(number: number): string {
    const { form, keys } = this.#options;
    const isOfFree = form === 'blocked' && this.#isOpen && number % 2 === 0;
    return `tenant-${isOfFree ? keys - 1 - (number % freeKeys) : number % keys}`;
  }

  async enqueue(): Promise<void> {
    await this.store.create(this.name, this.#task());
  }

  /** A slot without a task takes one. */
  async begin(hint = { hint: 'none', id: 'none' }): Promise<void> {
    const { delivery } = await this.#slot.begin(this.#token(), hint, { wake: true, takeSuspect: true });
    this.#running = delivery;
  }

  /** The slot ends its task and takes the next, in one call. */
  async finishAndGoOn(): Promise<void> {
    await this.#finish(this.#token());
  }

  /** The slot ends its task; it takes another by a second call. */
  async finishAndBegin(): Promise<void> {
    const [hint] = await this.#finish(undefined);
    await this.begin(hint);
  }

  async #finish(token: string | undefined): Promise<{ hint: string; id: string }[]> {
    if (this.#running === undefined) throw new Error(`the slot of '${this.name}' found nothing to do`);
    const outcome = { outcome: 'SUCCEEDED', output: 'null' } as const;
    const next = { token, hint: 'none', takeSuspect: true };
    const { delivery, hints } = await this.#slot.finish(this.#running, outcome, next);
    this.#running = delivery;
    return hints;
  }

  /** Cancels one that waits: of a full queue from anywhere in it. */
  async cancel(): Promise<void> {
    const waiting = this.#filled.length > 0 ? this.#filled : this.#fresh;
    const [id = ''] = waiting.splice(Math.floor(Math.random() * waiting.length), 1);
    const changed = await this.store.cancel(id, { reason: 'measured' });
    if (changed?.task.status !== 'CANCELED') throw new Error(`expected a task that waits, got ${id}`);
  }

  #token(): string {
    this.#tokens += 1;
    return `token-${this.#tokens}`;
  }

  #deliveries(worker: string): Deliveries {
    return new Deliveries(this.store, this.name, { worker, lines: [versions.line] });
  }

  async #renew(worker: Deliveries, slots: number): Promise<void> {
    const about = {
      host: 'bench',
      pid: process.pid,
      version: '0',
      clockMs: Date.now(),
      beside: 0,
      ageMs: 0,
      load: undefined,
      memoryBytes: 0,
      drain: undefined,
    };
    await worker.renew({ leaseMs, slots, ...about }, []);
  }
}

function definitionOf({ form }: BacklogOptions): TaskDefinition {
  const isKeyed = form === 'keyed' || form === 'blocked';
  return defineTask({
    name: 'resizeImage',
    input: (t) => ({ url: t.field({ type: 'URL', required: true }), width: t.int({ required: true }) }),
    ...(isKeyed ? { limit: { key: () => 'tenant', concurrency: form === 'keyed' ? 5 : 1 } } : {}),
    run: () => undefined,
  });
}

import { expect } from 'vitest';
import type { Redis } from '../../src/redis/connection.ts';
import type { Delivery, Server } from '../../src/tasks/delivery.ts';
import { allowedMoves } from '../../src/tasks/moves.ts';
import { isFinal, type Task } from '../../src/tasks/task.ts';
import { expectAgreement, expectSame, readQueue, type Snapshot } from './invariants.ts';
import { Model, type ModelTask, type ModelWorker } from './model.ts';
import { TestStore } from './store.ts';
import type { SharedStore } from './stores.ts';

/** The definitions that tasks of the model have. */
export const modelNames = ['resize', 'shrink'];
const modelWorkers = [
  { worker: 'w1', names: ['resize'], slots: 2 },
  { worker: 'w2', names: ['resize', 'shrink'], slots: 3 },
  { worker: 'w3', names: ['shrink'], slots: 1 },
];

/** The real queue beside the model. */
export class ModelQueue implements AsyncDisposable {
  readonly tests: TestStore;
  /** Every delivery that was ever handed out, with who got it. */
  readonly deliveries: { readonly delivery: Delivery; readonly worker: ModelWorker }[] = [];
  readonly #subscriber: Redis;
  readonly #published: Task[] = [];
  readonly #onMessage: (channel: string, message: string) => void;
  readonly #heard = Promise.withResolvers<void>();
  readonly model: Model = new Model(modelWorkers);
  #hints = 0;

  private constructor(shared: SharedStore, subscriber: Redis) {
    this.tests = new TestStore(shared);
    this.#subscriber = subscriber;
    this.#onMessage = (channel, message) => {
      if (channel !== `${this.tests.root}:states`) return;
      if (message === 'end') this.#heard.resolve();
      else this.#published.push(JSON.parse(message) as Task);
    };
  }

  static async open(shared: SharedStore, subscriber: Redis): Promise<ModelQueue> {
    const queue = new ModelQueue(shared, subscriber);
    subscriber.on('message', queue.#onMessage);
    await subscriber.subscribe(`${queue.tests.root}:states`);
    for (const worker of queue.model.workers) await queue.tests.present(worker.slots, serverOf(worker));
    return queue;
  }

  /** Does a step, then holds everything against the model. */
  async step(act: () => Promise<void>): Promise<void> {
    const { model } = this;
    await act();
    const snapshot = await this.#read();
    expectSame(
      [...snapshot.records].map(([id, record]) => told(id, record)),
      model.tasks.map(expected),
    );
    expectAgreement(snapshot);
    const hints = snapshot.sets.get('hints')?.size ?? 0;
    const { least, most } = wanted(model);
    expect(hints).toBeGreaterThanOrEqual(least);
    // Nobody promises more than there are slots; those under way may outlive what they were promised for.
    if (hints > this.#hints) expect(hints).toBeLessThanOrEqual(most);
    this.#hints = hints;
  }

  /** What was published is one story for each task: newer and newer, by allowed moves, final once a round. */
  async expectStory(): Promise<void> {
    const { store, queue, redis, root } = this.tests;
    await redis.publish(`${root}:states`, 'end');
    await this.#heard.promise;
    for (const task of this.model.tasks) {
      const states = this.#published.filter(({ id }) => id === task.id);
      let ends = 0;
      for (const [index, state] of states.entries()) {
        const last = states[index - 1];
        if (last !== undefined) {
          expect(state.version).toBeGreaterThan(last.version);
          if (last.status !== state.status) expect(allowedMoves[last.status]).toContain(state.status);
        }
        if (isFinal(state.status)) ends += 1;
      }
      expect({ id: task.id, ends, status: states.at(-1)?.status }).toEqual({
        id: task.id,
        ends: task.ends,
        status: task.status,
      });
    }
    // Hints that lost workers held are for the clock to forget.
    await store.unheld(queue, await redis.hkeys(`${root}:held`));
    expect(await store.orphans(queue)).toEqual({});
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#subscriber.off('message', this.#onMessage);
    await this.#subscriber.unsubscribe(`${this.tests.root}:states`);
    const { sets, hashes, records } = await this.#read();
    const used = [...sets.keys(), ...hashes.keys(), ...[...records.keys()].map((id) => `task:${id}`)];
    await this.tests.redis.unlink(...used.map((name) => `${this.tests.root}:${name}`));
    await this.tests[Symbol.asyncDispose]();
  }

  async #read(): Promise<Snapshot> {
    const ids = this.model.tasks.map(({ id }) => id);
    return await readQueue(this.tests, {
      ids,
      names: modelNames,
      workers: modelWorkers.map(({ worker }) => worker),
    });
  }
}

/** How a worker of the model calls the store. */
export function serverOf({ worker, names }: ModelWorker): Server {
  return { worker, lines: names.map((name) => `${name}:v1`) };
}

function expected({ id, status, attempt, tried, lost, suspect, outcomes }: ModelTask): unknown {
  return { id, status, attempt, tried, lost, suspect, outcomes: outcomes.slice(-20) };
}

/** What a record says of the same. */
function told(id: string, record: Readonly<Record<string, string>>): unknown {
  const attempt = Number(record['attempt']);
  const numbers = Array.from({ length: attempt }, (_, index) => index + 1).slice(-20);
  return {
    id,
    status: record['status'],
    attempt,
    tried: Number(record['tried'] ?? 0),
    lost: Number(record['lost'] ?? 0),
    suspect: record['suspect'] === undefined ? undefined : Number(record['suspect']),
    outcomes: numbers.map((number) => /"outcome":"(\w+)"/.exec(record[`attempt:${number}`] ?? '')?.[1]),
  };
}

/** How many hints must be under way at least, as slots could take so many tasks, and how many there may be. */
function wanted(model: Model): { least: number; most: number } {
  const waiting = new Set(model.tasks.filter(({ status }) => status === 'QUEUED'));
  const free = (worker: ModelWorker): number =>
    worker.lease === 'good' ? Math.max(0, worker.slots - model.heldBy(worker).length) : 0;
  let [least, most] = [0, 0];
  // Those that serve one definition only come first, so that the other's slots are left for what they can't take.
  for (const worker of model.workers.toSorted((a, b) => a.names.length - b.names.length)) {
    most += free(worker);
    const takes = [...waiting].filter((task) => model.mayTake(worker, task));
    const suspects = takes.filter(({ suspect }) => suspect !== undefined).slice(0, 1);
    const others = takes.filter(({ suspect }) => suspect === undefined);
    const taken = [...suspects, ...others].slice(0, free(worker));
    for (const task of taken) waiting.delete(task);
    least += taken.length;
  }
  return { least, most };
}

import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect, type Redis } from '../../src/redis/connection.ts';
import type { Delivery, Outcome, Server } from '../../src/tasks/delivery.ts';
import { allowedMoves } from '../../src/tasks/moves.ts';
import { isFinal, type Task } from '../../src/tasks/task.ts';
import { expectAgreement, expectSame, readQueue, type Snapshot } from '../support/invariants.ts';
import { Model, type ModelPolicy, type ModelTask, type ModelWorker } from '../support/model.ts';
import { TestStore } from '../support/store.ts';
import { freshSettings, sharedStores, testLogger, type SharedStore } from '../support/stores.ts';

const hourMs = 3_600_000;
const names = ['resize', 'shrink'];
const workers = [
  { worker: 'w1', names: ['resize'], slots: 2 },
  { worker: 'w2', names: ['resize', 'shrink'], slots: 3 },
  { worker: 'w3', names: ['shrink'], slots: 1 },
];

describe.each(sharedStores)('in $name', (shared) => {
  let subscriber: Redis;
  beforeAll(() => {
    subscriber = connect(freshSettings(shared), 'worker', testLogger);
  });
  afterAll(() => subscriber.disconnect());

  test('whatever happens in whatever order, tasks move as the model says and all keys agree', async () => {
    const property = fc.asyncProperty(fc.commands(steps, { maxCommands: 60, size: '+2' }), async (commands) => {
      await using queue = await Queue.open(shared, subscriber);
      await fc.asyncModelRun(() => ({ model: new Model(workers), real: queue }), commands);
      await queue.expectStory();
    });
    await fc.assert(property, {
      seed: Number(process.env['MODEL_SEED'] ?? 20_261_122),
      numRuns: Number(process.env['MODEL_RUNS'] ?? 100),
    });
  }, 120_000);
});

/** The real queue beside the model. */
class Queue implements AsyncDisposable {
  readonly tests: TestStore;
  /** Every delivery that was ever handed out, with who got it. */
  readonly deliveries: { readonly delivery: Delivery; readonly worker: ModelWorker }[] = [];
  readonly #subscriber: Redis;
  readonly #published: Task[] = [];
  readonly #onMessage: (channel: string, message: string) => void;
  readonly #heard = Promise.withResolvers<void>();
  #model: Model = new Model(workers);
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

  static async open(shared: SharedStore, subscriber: Redis): Promise<Queue> {
    const queue = new Queue(shared, subscriber);
    subscriber.on('message', queue.#onMessage);
    await subscriber.subscribe(`${queue.tests.root}:states`);
    for (const worker of queue.#model.workers) await queue.tests.present(worker.slots, server(worker));
    return queue;
  }

  /** Does a step, then holds everything against the model. */
  async step(model: Model, act: () => Promise<void>): Promise<void> {
    this.#model = model;
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
    for (const task of this.#model.tasks) {
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
    const ids = this.#model.tasks.map(({ id }) => id);
    return await readQueue(this.tests, { ids, names, workers: workers.map(({ worker }) => worker) });
  }
}

type Step = fc.AsyncCommand<Model, Queue>;

/** A step with what it says in a counterexample. */
function step(name: string, act: (model: Model, queue: Queue) => Promise<void>, check = hasAny): Step {
  return {
    check,
    run: (model, queue) => queue.step(model, () => act(model, queue)),
    toString: () => name,
  };
}

function hasAny(): boolean {
  return true;
}

/** A step with one of the tasks that there are. */
function taskStep(
  name: string,
  act: (task: ModelTask, model: Model, queue: Queue) => Promise<void>,
): fc.Arbitrary<Step> {
  const hasTasks = ({ tasks }: Readonly<Model>): boolean => tasks.length > 0;
  return fc
    .nat(9)
    .map((at) =>
      step(`${name}(${at})`, (model, queue) => act(pick(model.tasks, at), model, queue), hasTasks),
    );
}

function workerStep(
  name: string,
  act: (worker: ModelWorker, model: Model, queue: Queue) => Promise<void>,
): fc.Arbitrary<Step> {
  return fc
    .nat(2)
    .map((at) => step(`${name}(w${at + 1})`, (model, queue) => act(pick(model.workers, at), model, queue)));
}

const policy: fc.Arbitrary<ModelPolicy> = fc.record(
  {
    attempts: fc.integer({ min: 1, max: 3 }),
    maxDeliveries: fc.nat(2),
    backoff: fc.nat(1),
    timeout: fc.constant(1),
    deadline: fc.constantFrom(2, 3),
    expiresIn: fc.constant(1),
  },
  { requiredKeys: ['attempts', 'maxDeliveries', 'backoff'] },
);

const failure = { code: 'ERROR', message: 'no', attempt: 1 };
const outcome: fc.Arbitrary<Outcome> = fc.constantFrom<Outcome[]>(
  { outcome: 'SUCCEEDED', output: '{}' },
  { outcome: 'FAILED', failure: { ...failure, retryable: true } },
  { outcome: 'FAILED', failure: { ...failure, retryable: true }, retryAfterMs: 0 },
  { outcome: 'FAILED', failure: { ...failure, retryable: true }, retryAfterMs: hourMs },
  { outcome: 'FAILED', failure: { ...failure, retryable: false } },
  { outcome: 'TIMED_OUT' },
  { outcome: 'SUPERSEDED' },
);

const creates = fc.tuple(fc.constantFrom(...names), policy).map(([name, rules]) =>
  step(`create(${name}, ${JSON.stringify(rules)})`, async (model, { tests }) => {
    const { attempts, maxDeliveries, backoff, timeout, deadline, expiresIn } = rules;
    const { task } = await tests.create({
      name,
      policy: {
        ...{ attempts, maxDeliveries, graceMs: hourMs / 2 },
        ...{ initialMs: backoff * hourMs, maxMs: hourMs, factor: 1, jitter: 0 },
        ...(timeout === undefined ? {} : { timeoutMs: timeout * hourMs }),
        ...(deadline === undefined ? {} : { deadlineMs: deadline * hourMs }),
        ...(expiresIn === undefined ? {} : { expiresInMs: expiresIn * hourMs }),
      },
    });
    model.create(task.id, name, rules);
  }),
);

const renewals = fc.tuple(fc.nat(2), fc.nat(6)).map(([at, slots]) =>
  step(`renew(w${at + 1}, ${slots})`, async (model, { tests }) => {
    const worker = pick(model.workers, at);
    const held = model.heldBy(worker);
    const reply = await tests.present(slots, server(worker), [...tokens(held), 'unknown']);
    Object.assign(worker, { lease: 'good', slots });
    const canceling = tokens(held.filter(({ status }) => status === 'CANCELING'));
    expect(reply).toMatchObject({ stale: ['unknown'], canceling });
  }),
);

const begins = workerStep('begin', async (worker, model, queue) => {
  const { tests } = queue;
  // Only a slot that is idle takes a hint.
  const isIdle = worker.lease === 'good' && model.heldBy(worker).length < worker.slots;
  const [id = 'none'] = isIdle ? await tests.redis.zrange(`${tests.root}:hints`, '0', '0') : [];
  const token = tests.token();
  const { delivery } = await tests.deliveries(server(worker)).begin(token, { hint: token, id }, true);
  expect(delivery?.task.id).toBe(model.begin(worker, token)?.id);
  if (delivery !== undefined) queue.deliveries.push({ delivery, worker });
});

const finishes = fc
  .tuple(fc.nat(9), outcome, fc.boolean(), fc.boolean())
  .map(([at, outcome, goesOn, isRepeated]) =>
    step(
      `finish(${at}, ${JSON.stringify(outcome)}, ${goesOn ? 'next' : 'stop'}${isRepeated ? ', twice' : ''})`,
      async (model, queue) => {
        const { tests, deliveries } = queue;
        if (deliveries.length === 0) return;
        // Mostly those that run, now and then one that is over.
        const running = deliveries.filter(({ delivery: { task, token } }) => model.task(task.id).token === token);
        const { delivery, worker } = pick(at === 0 || running.length === 0 ? deliveries : running, at);
        const next = goesOn ? tests.token() : undefined;
        const finish = async () =>
          await tests.deliveries(server(worker)).finish(delivery, outcome, next, delivery.token);
        const first = await finish();
        const { counted, delivery: taken } = first;
        expect(counted).toBe(model.finish(delivery.task.id, delivery.token, outcome));
        expect(taken?.task.id).toBe(next && model.begin(worker, next)?.id);
        if (taken !== undefined) queue.deliveries.push({ delivery: taken, worker });
        if (!isRepeated) return;
        const again = await finish();
        const answer = { counted, delivery: taken && { token: next, task: taken.task, input: taken.input } };
        expect(again).toMatchObject(answer);
      },
    ),
  );

const progresses = fc.nat(9).map((at) =>
  step(`progress(${at})`, async (model, { tests, deliveries }) => {
    if (deliveries.length === 0) return;
    const { delivery, worker } = pick(deliveries, at);
    const task = model.task(delivery.task.id);
    const status = await tests.deliveries(server(worker)).progress(delivery, { fraction: at / 10 });
    expect(status).toBe(task.token === delivery.token ? task.status : undefined);
  }),
);

const cancels = taskStep('cancel', async (task, model, { tests }) => {
  expect((await tests.store.cancel(task.id, {}))?.accepted).toBe(model.cancel(task));
});

const retries = taskStep('retry', async (task, model, { tests }) => {
  const status = model.retry(task) ? 'ACCEPTED' : 'NOT_RETRYABLE';
  expect((await tests.store.retry(task.id))?.status).toBe(status);
});

/** A second more than an hour, so that what was due by then is. */
const passes = taskStep('pass', async (task, _model, { tests }) => {
  await tests.pass(task.id, hourMs + 1_000);
  task.now += 1;
});

const losses = workerStep('lose', async (worker, _model, { tests }) => {
  if (worker.lease === 'none') return;
  await tests.expire(worker.worker);
  worker.lease = 'over';
});

const ticks = fc.constant(
  step('tick', async (model, { tests }) => {
    await tests.tick();
    model.tick();
  }),
);

const leaves = workerStep('leave', async (worker, model, { tests }) => {
  await tests.deliveries(server(worker)).leave();
  model.giveBack(worker);
  Object.assign(worker, { lease: 'none', slots: 0 });
});

/** A worker that knows of nothing it was handed gives all of it back after a lease, here of no time. */
const forgets = workerStep('forget', async (worker, model, { tests }) => {
  await tests.present(worker.slots, server(worker), [], -1);
  model.giveBack(worker);
  worker.lease = 'over';
});

// Some twice, so that queues get busy.
const steps = [
  ...[creates, creates, creates, renewals, renewals, begins, begins, begins, begins],
  ...[finishes, finishes, finishes, progresses, cancels, retries, passes, passes],
  ...[losses, ticks, ticks, leaves, forgets],
];

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

function server({ worker, names }: ModelWorker): Server {
  return { worker, lines: names.map((name) => `${name}:v1`) };
}

function tokens(tasks: readonly ModelTask[]): string[] {
  return tasks.flatMap(({ token }) => token ?? []);
}

function pick<Item>(items: readonly Item[], at: number): Item {
  const item = items[at % items.length];
  if (item === undefined) throw new Error('expected at least one');
  return item;
}

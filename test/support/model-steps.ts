import * as fc from 'fast-check';
import { expect } from 'vitest';
import type { Outcome } from '../../src/tasks/delivery.ts';
import { modelNames, serverOf, type ModelQueue } from './model-queue.ts';
import type { Model, ModelPolicy, ModelTask, ModelWorker } from './model.ts';

const hourMs = 3_600_000;

type Step = fc.AsyncCommand<Model, ModelQueue>;

/** A step with what it says in a counterexample. */
function step(
  name: string,
  act: (model: Model, queue: ModelQueue) => Promise<void>,
  check: (model: Readonly<Model>) => boolean = () => true,
): Step {
  return {
    check,
    run: (model, queue) => queue.step(() => act(model, queue)),
    toString: () => name,
  };
}

/** A step with one of the tasks that there are. */
function taskStep(
  name: string,
  act: (task: ModelTask, model: Model, queue: ModelQueue) => Promise<void>,
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
  act: (worker: ModelWorker, model: Model, queue: ModelQueue) => Promise<void>,
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

const creates = fc.tuple(fc.constantFrom(...modelNames), policy).map(([name, rules]) =>
  step(`create(${name}, ${JSON.stringify(rules)})`, async (model, { tests }) => {
    const { attempts, maxDeliveries, backoff, timeout, deadline, expiresIn } = rules;
    const { task } = await tests.create({
      name,
      // Of two who are counted, and one who isn't.
      owner: ['ada', 'bob', 'anonymous'][model.tasks.length % 3] ?? '',
      policy: {
        attempts,
        maxDeliveries,
        graceMs: hourMs / 2,
        initialMs: backoff * hourMs,
        maxMs: hourMs,
        factor: 1,
        jitter: 0,
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
    const reply = await tests.present(slots, serverOf(worker), [...tokens(held), 'unknown']);
    Object.assign(worker, { lease: 'good', slots, isExcused: false });
    const canceling = tokens(held.filter(({ status }) => status === 'CANCELING'));
    expect(reply).toMatchObject({ stale: ['unknown'], canceling });
  }),
);

const begins = fc.tuple(fc.nat(2), fc.integer({ min: 1, max: 3 })).map(([at, times]) =>
  step(`begin(w${at + 1}, ${times} times)`, async (model, queue) => {
    for (let count = times; count > 0; count -= 1) await begin(pick(model.workers, at), model, queue);
  }),
);

async function begin(worker: ModelWorker, model: Model, { tests, deliveries }: ModelQueue): Promise<void> {
  // Only a slot that is idle takes a hint.
  const isIdle = worker.lease === 'good' && model.heldBy(worker).length < worker.slots;
  const [id = 'none'] = isIdle ? await tests.redis.zrange(`${tests.root}:hints`, '0', '0') : [];
  const token = tests.token();
  const { delivery } = await tests
    .deliveries(serverOf(worker))
    .begin(token, { hint: token, id }, { wake: true, takeSuspect: true });
  expect(delivery?.task.id).toBe(model.begin(worker, token)?.id);
  if (delivery !== undefined) deliveries.push({ delivery, worker });
}

const finishes = fc
  .tuple(fc.nat(9), outcome, fc.boolean(), fc.boolean())
  .map(([at, outcome, goesOn, isRepeated]) =>
    step(
      `finish(${at}, ${JSON.stringify(outcome)}, ${goesOn ? 'next' : 'stop'}${isRepeated ? ', twice' : ''})`,
      async (model, queue) => {
        const { tests, deliveries } = queue;
        if (deliveries.length === 0) return;
        // Mostly those that run, now and then one that is over.
        const running = deliveries.filter(
          ({ delivery: { task, token } }) => model.task(task.id).token === token,
        );
        const { delivery, worker } = pick(at === 0 || running.length === 0 ? deliveries : running, at);
        const next = goesOn ? tests.token() : undefined;
        const finish = async () =>
          await tests
            .deliveries(serverOf(worker))
            .finish(delivery, outcome, { token: next, hint: delivery.token, takeSuspect: true });
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
    const status = await tests.deliveries(serverOf(worker)).progress(delivery, { fraction: at / 10 });
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

/** A worker dies with what it holds, is found out, and starts anew. */
const deaths = workerStep('die', async (worker, model, { tests }) => {
  if (worker.lease === 'none') return;
  await tests.expire(worker.worker);
  worker.lease = 'over';
  await tests.tick();
  model.tick();
  await tests.present(3, serverOf(worker));
  Object.assign(worker, { lease: 'good', slots: 3, isExcused: false });
});

const leaves = workerStep('leave', async (worker, model, { tests }) => {
  await tests.deliveries(serverOf(worker)).leave();
  model.giveBack(worker);
  Object.assign(worker, { lease: 'none', slots: 0, isExcused: false });
});

/** A worker that knows of nothing it was handed gives all of it back after a lease, here of no time. */
const forgets = workerStep('forget', async (worker, model, { tests }) => {
  await tests.present(worker.slots, serverOf(worker), [], -1);
  model.giveBack(worker);
  worker.lease = 'over';
});

/** All steps, some of them more than once, so that queues get busy. */
export const steps: fc.Arbitrary<Step>[] = [
  [creates, creates, creates, renewals, renewals, begins, begins, begins, begins],
  [finishes, finishes, finishes, progresses, cancels, retries, passes, passes],
  [losses, deaths, deaths, ticks, ticks, leaves, forgets],
].flat();

function tokens(tasks: readonly ModelTask[]): string[] {
  return tasks.flatMap(({ token }) => token ?? []);
}

function pick<Item>(items: readonly Item[], at: number): Item {
  const item = items[at % items.length];
  if (item === undefined) throw new Error('expected at least one');
  return item;
}

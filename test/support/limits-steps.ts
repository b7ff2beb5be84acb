import * as fc from 'fast-check';
import { expect } from 'vitest';
import type { Outcome } from '../../src/tasks/delivery.ts';
import { pass, rulesOf, setLimits, type TestRule } from './limits.ts';
import { keyedName, keys, names, versions, type LimitsQueue } from './limits-queue.ts';

const hourMs = 3_600_000;
/** No multiple of it is near a multiple of an hour. */
const passMs = 37 * 60_000;

/** The steps know nothing: what is right follows from what the queue holds. */

export type LimitsStep = fc.AsyncCommand<object, LimitsQueue>;

function step(name: string, act: (queue: LimitsQueue) => Promise<void>): LimitsStep {
  return {
    check: () => true,
    run: (_model, queue) => queue.step(() => act(queue)),
    toString: () => name,
  };
}

const rule: fc.Arbitrary<TestRule> = fc
  .record(
    {
      c: fc.integer({ min: 1, max: 3 }),
      n: fc.integer({ min: 1, max: 2 }),
      burst: fc.integer({ min: 1, max: 3 }),
    },
    { requiredKeys: [] },
  )
  .map(({ c, n, burst = 1 }) => ({
    ...(c === undefined && n !== undefined ? {} : { c: c ?? 2 }),
    // One an hour, however it is written.
    ...(n === undefined ? {} : { n, perMs: n * hourMs, burst }),
  }));

const creates = fc
  .record({
    name: fc.constantFrom(...names, keyedName, keyedName),
    version: fc.constantFrom(...versions),
    key: fc.constantFrom(...keys),
    priority: fc.constantFrom(0, 0, 600, -600),
    delayMs: fc.constantFrom(undefined, undefined, undefined, passMs),
    initialMs: fc.constantFrom(0, passMs),
    count: fc.integer({ min: 1, max: 3 }),
  })
  .map((given) =>
    step(`create(${JSON.stringify(given)})`, async ({ tests, ids }) => {
      const { name, version, key, priority, delayMs, initialMs, count } = given;
      for (let made = 0; made < count; made += 1) {
        const { task } = await tests.create({
          name,
          definitionVersion: version,
          priority,
          delayMs,
          limitKey: name === keyedName ? key : undefined,
          policy: { initialMs, jitter: 0, attempts: 2, maxDeliveries: 1 },
        });
        ids.push(task.id);
      }
    }),
  );

const limits = fc
  .tuple(fc.constantFrom('', ...names), fc.option(rule), fc.option(rule))
  .map(([name, all, key]) => {
    const rules = {
      ...(all === null ? {} : { all }),
      ...(key === null || name !== keyedName ? {} : { key }),
    };
    return step(`limit('${name}', ${JSON.stringify(rules)})`, async ({ tests, oracle }) => {
      oracle.rules.set(name, rules);
      oracle.reset(name);
      const rates = [name, ...keys.map((key) => `${name}@${key}`)].map(
        (limit) => `${tests.root}:rate:${limit}`,
      );
      await tests.redis.del(...rates);
      if (name !== '') await setLimits(tests, Object.keys(rules).length === 0 ? undefined : rules, name);
      else await rulesOf(tests).limit(tests.queue, { limit: queueLimit(all) });
      // The clocks are told to look at once.
      await tests.tick();
    });
  });

function queueLimit(rule: TestRule | null) {
  if (rule === null) return null;
  const { c, n, perMs = 1, burst = 1 } = rule;
  return {
    ...(c === undefined ? {} : { concurrency: c }),
    ...(n === undefined ? {} : { rate: { count: n, perMs, burst } }),
  };
}

const pauses = fc.tuple(fc.constantFrom('', ...names), fc.boolean()).map(([name, isPaused]) =>
  step(`${isPaused ? 'pause' : 'resume'}('${name}')`, async ({ tests, oracle }) => {
    const which = name === '' ? undefined : name;
    if (isPaused) {
      oracle.paused.add(name);
      await rulesOf(tests).pause(tests.queue, which, { reason: 'a test' });
    } else {
      oracle.paused.delete(name);
      await rulesOf(tests).resume(tests.queue, which);
    }
  }),
);

const begins = fc.tuple(fc.nat(2), fc.integer({ min: 1, max: 3 })).map(([at, times]) =>
  step(`begin(w${at + 1}, ${times} times)`, async (queue) => {
    const worker = queue.workers[at];
    if (worker === undefined) return;
    for (let count = times; count > 0; count -= 1) {
      const { tasks } = await queue.look();
      const busy = tasks.filter((task) => task.worker === worker.worker).length;
      if (busy < worker.slots) await queue.begin(worker);
    }
  }),
);

const failure = { code: 'ERROR', message: 'no', attempt: 1, retryable: true };
const outcome: fc.Arbitrary<Outcome> = fc.constantFrom<Outcome[]>(
  { outcome: 'SUCCEEDED', output: '{}' },
  { outcome: 'SUCCEEDED', output: '{}' },
  { outcome: 'FAILED', failure },
  { outcome: 'SUPERSEDED' },
);

const finishes = fc
  .tuple(fc.nat(9), outcome, fc.boolean(), fc.boolean())
  .map(([at, outcome, goesOn, isRepeated]) =>
    step(
      `finish(${at}, ${outcome.outcome}${goesOn ? ', next' : ''}${isRepeated ? ', twice' : ''})`,
      async (queue) => {
        const { tests, deliveries } = queue;
        const before = await queue.look();
        const running = deliveries.filter(({ delivery }) =>
          before.tasks.some(({ token }) => token === delivery.token),
        );
        const { delivery, worker } = running[at % running.length] ?? {};
        if (delivery === undefined || worker === undefined) return;
        const token = goesOn ? tests.token() : undefined;
        const finish = async () =>
          await tests.deliveries(worker).finish(delivery, outcome, { token, hint: 'h', takeSuspect: true });
        const { counted, delivery: next } = await finish();
        expect(counted).toBe(true);
        if (goesOn) await queue.tookNext(before, worker, next);
        if (isRepeated) expect((await finish()).delivery?.task.id).toBe(next?.task.id);
      },
    ),
  );

/** A step with one of the tasks that there are. */
function taskStep(
  name: string,
  act: (id: string, queue: LimitsQueue) => Promise<unknown>,
): fc.Arbitrary<LimitsStep> {
  return fc.nat(20).map((at) =>
    step(`${name}(${at})`, async (queue) => {
      const id = queue.ids[at % queue.ids.length];
      if (id !== undefined) await act(id, queue);
    }),
  );
}

const cancels = taskStep('cancel', (id, { tests }) => tests.store.cancel(id, {}));
const retries = taskStep('retry', (id, { tests }) => tests.store.retry(id));
const urgent = taskStep('prioritize', (id, { tests }) => tests.store.prioritize(id, 300));
const reschedules = taskStep('reschedule', (id, { tests }) => tests.store.reschedule(id, 0));

const passes = fc.constant(
  step('pass', async ({ tests, oracle }) => {
    oracle.passed += passMs;
    await pass(tests, passMs);
    await tests.tick();
  }),
);

const purges = fc.constantFrom(...names).map((name) =>
  step(`purge(${name})`, async ({ tests }) => {
    await rulesOf(tests).purge(tests.queue, name, {});
  }),
);

/** A worker dies with what it holds, is found out, and starts anew. */
const deaths = fc.nat(2).map((at) =>
  step(`die(w${at + 1})`, async ({ tests, workers }) => {
    const worker = workers[at];
    if (worker === undefined) return;
    await tests.expire(worker.worker);
    await tests.tick();
    await tests.present(worker.slots, worker);
  }),
);

export const limitsSteps: fc.Arbitrary<LimitsStep>[] = [
  [creates, creates, creates, creates, begins, begins, begins, begins, begins],
  [finishes, finishes, finishes, finishes, limits, limits, pauses, passes, passes],
  [cancels, retries, urgent, reschedules, deaths, purges],
].flat();

import { describe, expect, test } from 'vitest';
import { wakes } from '../../src/tasks/decisions.ts';
import type { Delivery, Server } from '../../src/tasks/delivery.ts';
import { pass, rulesOf, setLimits, slowRate } from '../support/limits.ts';
import { hinted, TestStore, w1, w2 } from '../support/store.ts';
import { sharedStores } from '../support/stores.ts';

const hourMs = 3_600_000;
const both: Server = { worker: 'w3', lines: ['resize:v1', 'other:v1'] };

/** Each row alone: no clock runs here, so that nothing else could wake. */
describe.each(sharedStores)('in $name', (shared) => {
  test.each(wakes.map((row) => [`when ${row.when}, ${row.result}`, row] as const))(
    '%s',
    async (_title, { when }) => {
      await using tests = new TestStore(shared);
      await expect(cases[when](tests)).resolves.toBeUndefined();
    },
  );
});

const cases: Record<(typeof wakes)[number]['when'], (tests: TestStore) => Promise<void>> = {
  async 'a task is created that may start'(tests) {
    await setLimits(tests, { all: { c: 2 }, key: { c: 1 } });
    await tests.present(5);
    for (const limitKey of ['a', 'b']) {
      const { task, hints } = await tests.create({ limitKey });
      expect(hinted(hints)).toEqual([task.id]);
      await tests.delivery();
    }
  },
  async 'a task is created that its limit holds up'(tests) {
    await setLimits(tests, { all: { c: 2 }, key: { c: 1 } });
    await tests.present(5);
    await tests.create({ limitKey: 'a' });
    await tests.delivery();
    expect((await tests.create({ limitKey: 'a' })).hints).toEqual([]);
    await tests.create({ limitKey: 'b' });
    await tests.delivery();
    expect((await tests.create({ limitKey: 'c' })).hints).toEqual([]);
  },
  async 'a run ends and frees a limit while its slot goes on with another task'(tests) {
    await setLimits(tests, { all: { c: 1 } });
    // Older than what waits for the limit, so that the slot goes on with it.
    const { task: running } = await tests.create();
    const delivery = await tests.delivery();
    const { task: next } = await tests.create({ name: 'other', priority: 60 });
    const { task: waits } = await tests.create();
    await tests.present(1, w2);
    expect(delivery.task.id).toBe(running.id);

    const ended = await tests.succeed(delivery, tests.token(), '{}', { ...both, worker: 'w1' });

    expect([ended.delivery?.task.id, ...hinted(ended.hints)]).toEqual([next.id, waits.id]);
  },
  async 'a run ends and frees its key, for which another worker has a slot'(tests) {
    await setLimits(tests, { key: { c: 1 } });
    const { delivery, waits } = await oneWaits(tests, { limitKey: 'acme' });
    await tests.present(1, w2);
    expect(hinted((await tests.succeed(delivery)).hints)).toEqual([waits]);
  },
  async 'a canceled run ends and frees a limit'(tests) {
    await setLimits(tests, { all: { c: 1 } });
    const { delivery, waits } = await oneWaits(tests);
    await tests.present(1, w2);
    expect((await tests.store.cancel(delivery.task.id, {}))?.hints).toEqual([]);
    expect(hinted((await tests.fail(delivery)).hints)).toEqual([waits]);
  },
  async 'a worker that leaves frees a limit'(tests) {
    await setLimits(tests, { key: { c: 1 } });
    const { delivery, waits } = await oneWaits(tests, { limitKey: 'acme' });
    await tests.present(2, w2);
    // What it gives back comes first, and takes the place.
    expect(hinted(await tests.deliveries().leave())).toEqual([delivery.task.id]);
    expect(waits).not.toBe(delivery.task.id);
  },
  async 'a lease is swept and frees a limit'(tests) {
    await setLimits(tests, { key: { c: 1 } });
    const { delivery, waits } = await oneWaits(tests, { limitKey: 'acme', policy: { maxDeliveries: 0 } });
    await tests.present(2, w2);
    await tests.expire('w1');
    expect(hinted((await tests.tick()).hints)).toEqual([waits]);
    expect(await tests.task(delivery.task.id)).toMatchObject({ status: 'FAILED' });
  },
  async 'the queue is resumed'(tests) {
    await rulesOf(tests).pause(tests.queue, undefined, {});
    await tests.present(1);
    const { task, hints } = await tests.create();
    expect([hints, (await tests.begin()).delivery]).toEqual([[], undefined]);
    expect(hinted(await rulesOf(tests).resume(tests.queue, undefined))).toEqual([task.id]);
  },
  async 'a definition is resumed'(tests) {
    await rulesOf(tests).pause(tests.queue, 'resize', {});
    await tests.present(1);
    const { task, hints } = await tests.create({ limitKey: 'acme' });
    expect([hints, (await tests.begin()).delivery]).toEqual([[], undefined]);
    expect(await rulesOf(tests).resume(tests.queue, undefined)).toEqual([]);
    expect(hinted(await rulesOf(tests).resume(tests.queue, 'resize'))).toEqual([task.id]);
  },
  async "the queue's limit is raised"(tests) {
    await rulesOf(tests).limit(tests.queue, { limit: { concurrency: 1 } });
    const { waits } = await oneWaits(tests);
    await tests.present(2, w2);
    expect(hinted(await rulesOf(tests).limit(tests.queue, { limit: { concurrency: 2 } }))).toEqual([waits]);
  },
  async "the queue's limit is taken away"(tests) {
    const rate = { count: 1, perMs: hourMs, burst: 1 };
    await rulesOf(tests).limit(tests.queue, { limit: { rate } });
    const { waits } = await oneWaits(tests);
    await tests.present(2, w2);
    expect(hinted(await rulesOf(tests).limit(tests.queue, { limit: null }))).toEqual([waits]);
  },
  async "a definition's limit is raised"(tests) {
    await setLimits(tests, { all: { c: 1 } });
    const { waits } = await oneWaits(tests);
    await tests.present(2, w2);
    expect(hinted(await setLimits(tests, { all: { c: 2 } }))).toEqual([waits]);
  },
  async "a definition's limit is taken away"(tests) {
    await setLimits(tests, { all: slowRate() });
    const { waits } = await oneWaits(tests);
    await tests.present(2, w2);
    expect(hinted(await setLimits(tests, undefined))).toEqual([waits]);
  },
  async "a limit's keys may run more"(tests) {
    await setLimits(tests, { key: { c: 1 } });
    const { waits } = await oneWaits(tests, { limitKey: 'acme' });
    await tests.present(2, w2);
    await expectAtOnce(tests, async () => void (await setLimits(tests, { key: { c: 2 } })), waits);
  },
  async "a limit's keys are taken away"(tests) {
    await setLimits(tests, { key: slowRate() });
    const { waits } = await oneWaits(tests, { limitKey: 'acme' });
    await tests.present(2, w2);
    await expectAtOnce(tests, async () => void (await setLimits(tests, undefined)), waits);
  },
  async "a definition's rate allows the next one"(tests) {
    await setLimits(tests, { all: slowRate() });
    await expectOnTime(tests);
  },
  async "the queue's rate allows the next one"(tests) {
    const rate = { count: 1, perMs: hourMs, burst: 1 };
    await rulesOf(tests).limit(tests.queue, { limit: { rate } });
    await expectOnTime(tests);
  },
  async "a key's rate allows the next one"(tests) {
    await setLimits(tests, { key: slowRate() });
    await expectOnTime(tests, 'acme');
  },
  async 'a delayed task is due'(tests) {
    await tests.present(1);
    const { task, hints } = await tests.create({ delayMs: hourMs });
    expect(hints).toEqual([]);
    expect((await tests.tick()).next).toBe(task.runAt);
    await pass(tests, hourMs);
    expect(hinted((await tests.tick()).hints)).toEqual([task.id]);
  },
  async 'a task is rescheduled to now'(tests) {
    await tests.present(1);
    const { task } = await tests.create({ delayMs: hourMs });
    expect(hinted((await tests.store.reschedule(task.id, 0))?.hints ?? [])).toEqual([task.id]);
  },
  async 'a task gets another priority'(tests) {
    await tests.present(1);
    const [first, second] = [await tests.create(), await tests.create()];
    expect((await tests.store.prioritize(second.task.id, 600))?.hints).toEqual([]);
    expect((await tests.delivery()).task.id).toBe(second.task.id);
    expect((await tests.delivery()).task.id).toBe(first.task.id);
  },
  async 'a worker starts while a key may run'(tests) {
    await setLimits(tests, { key: { c: 1 } });
    const { waits } = await oneWaits(tests, { limitKey: 'acme' });
    const { task } = await tests.create({ limitKey: 'b' });
    expect(hinted((await tests.present(5, w2)).hints)).toEqual([task.id]);
    expect(waits).not.toBe(task.id);
  },
  async 'a worker runs as many of a definition as it may, and one of them ends'(tests) {
    const one: Server = { worker: 'w1', lines: ['resize:v1=1', 'other:v1'] };
    await tests.present(2, one);
    await tests.create();
    const delivery = await tests.delivery(one);
    const { task, hints } = await tests.create();
    expect([hints, (await tests.begin(one)).delivery]).toEqual([[], undefined]);
    expect(hinted((await tests.succeed(delivery, undefined, '{}', one)).hints)).toEqual([task.id]);
    expect((await tests.delivery(one)).task.id).toBe(task.id);
  },
  async 'a worker runs as many of a definition as it may'(tests) {
    const two: Server = { worker: 'w1', lines: ['resize:v1=2', 'other:v1'] };
    await tests.present(5, two);
    for (let count = 3; count > 0; count -= 1) await tests.create();
    const held = [await tests.delivery(two), await tests.delivery(two)];
    expect((await tests.begin(two)).delivery).toBeUndefined();
    const { hints } = await tests.present(
      5,
      two,
      held.map(({ token }) => token),
    );
    expect(hints).toEqual([]);
    const { task } = await tests.create({ name: 'other' });
    expect((await tests.delivery(two)).task.id).toBe(task.id);
    // Another worker has its own count.
    expect((await tests.present(5, w2)).hints).toHaveLength(1);
  },
  async 'a single task that was delayed is due now'(tests) {
    await tests.present(1);
    const pending = { hash: 'single', mode: 'S' } as const;
    const { task, hints } = await tests.create({ pending, delayMs: hourMs });
    expect(hints).toEqual([]);
    expect(hinted((await tests.create({ pending })).hints)).toEqual([task.id]);
  },
  async 'keys that a lowered limit holds up stand before one that may run'(tests) {
    await setLimits(tests, { key: { c: 2 } });
    for (const limitKey of ['a', 'b', 'c']) await tests.create({ limitKey });
    for (const limitKey of ['a', 'b', 'c']) await tests.create({ limitKey });
    for (let count = 3; count > 0; count -= 1) await tests.delivery();
    await setLimits(tests, { key: { c: 1 } });
    await tests.present(1, w2);
    const { task, hints } = await tests.create({ limitKey: 'd' });
    expect(hinted(hints)).toEqual([task.id]);
    expect((await tests.delivery(w2)).task.id).toBe(task.id);
    expect((await tests.begin(w2)).delivery).toBeUndefined();
  },
};

/** One task runs on a worker that has no other slot, and another one waits for the same limit. */
async function oneWaits(
  tests: TestStore,
  task: Parameters<TestStore['create']>[0] = {},
): Promise<{ delivery: Delivery; waits: string }> {
  await tests.create(task);
  await tests.present(1);
  const delivery = await tests.delivery(w1);
  const { task: waiting } = await tests.create(task);
  expect((await tests.begin(w2)).delivery).toBeUndefined();
  return { delivery, waits: waiting.id };
}

/** The clocks are told that it is time, and their look wakes. */
async function expectAtOnce(tests: TestStore, act: () => Promise<void>, id: string): Promise<void> {
  const { now } = await tests.tick();
  const feed = tests.redis.duplicate();
  const told = Promise.withResolvers<number>();
  feed.on('message', (_, message) => told.resolve(Number(message)));
  await feed.subscribe(`${tests.root}:due`);
  await act();
  const at = await told.promise;
  feed.disconnect();
  expect(at).toBeGreaterThanOrEqual(now);
  expect(at).toBeLessThan(now + 10_000);
  expect(hinted((await tests.tick()).hints)).toEqual([id]);
}

/** One start is all that an hour allows. Its script already tells the clocks when the next one is. */
async function expectOnTime(tests: TestStore, limitKey?: string): Promise<void> {
  await tests.present(5);
  await tests.create({ limitKey });
  // The first one's hint is under way, so that nobody looks for the second one's time before the start does.
  const { task } = await tests.create({ limitKey });
  const delivery = await tests.delivery();
  const blocked = await tests.redis.zrange(`${tests.root}:blocked`, '0', '0', 'WITHSCORES');
  const { startedAt = 0 } = delivery.task;
  expect(Number(blocked[1]) - startedAt).toBeGreaterThanOrEqual(hourMs - 1);
  expect(Number(blocked[1]) - startedAt).toBeLessThan(hourMs + 10);
  const { next, hints } = await tests.tick();
  expect([next, hints]).toEqual([Number(blocked[1]), []]);
  await pass(tests, hourMs + 10);
  expect(hinted((await tests.tick()).hints)).toEqual([task.id]);
  expect(await tests.redis.exists(`${tests.root}:blocked`)).toBe(0);
}

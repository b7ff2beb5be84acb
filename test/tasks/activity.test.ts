import { array, assert, asyncProperty, constantFrom } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { defineTask } from '../../src/index.ts';
import { type Activity, type ActivityMinute, mergeActivity, readActivity } from '../../src/tasks/activity.ts';
import { countOf, pieceOf } from '../../src/tasks/histogram.ts';
import type { Delivery } from '../../src/tasks/delivery.ts';
import { TestStore } from '../support/store.ts';
import { freshSettings, sharedStores } from '../support/stores.ts';
import { TestTasks } from '../support/tasks.ts';

/** What happened in a queue within the last hour, by definition. */
async function hourOf({ redis, root, queue }: TestStore): Promise<Map<string, Activity>> {
  const prefix = root.slice(0, root.indexOf(':'));
  const minutes = await readActivity(redis, prefix, queue);
  expect(minutes).toHaveLength(60);
  const all = minutes.flatMap(({ definitions }) => [...definitions]);
  const byName = Map.groupBy(all, ([name]) => name);
  return new Map(
    [...byName].map(([name, parts]) => [name, mergeActivity(parts.map(([, activity]) => activity))]),
  );
}

/** The numbers of some activity, all together. */
function counted(minutes: readonly ActivityMinute[]) {
  const sum = (of: (minute: ActivityMinute) => number) =>
    minutes.reduce((total, minute) => total + of(minute), 0);
  return {
    enqueued: sum(({ enqueued }) => enqueued),
    started: sum(({ started }) => started),
    succeeded: sum(({ finished }) => finished.SUCCEEDED ?? 0),
    runs: sum(({ run }) => run.count),
  };
}

type Step = 'enqueue' | 'begin' | 'succeed' | 'fail' | 'failForGood' | 'giveBack' | 'cancel' | 'retry';
const steps: readonly Step[] = [
  'enqueue',
  'begin',
  'succeed',
  'fail',
  'failForGood',
  'giveBack',
  'cancel',
  'retry',
];

/** Does steps, as far as they can be done, and counts what it did. */
async function doSteps(tests: TestStore, todo: readonly Step[]) {
  const done = {
    enqueued: 0,
    started: 0,
    finished: { SUCCEEDED: 0, FAILED: 0, CANCELED: 0, EXPIRED: 0 },
    attemptsFailed: 0,
    runs: 0,
  };
  const waiting = new Set<string>();
  const running: Delivery[] = [];
  const failed: string[] = [];
  // So many attempts that none of these failures is the last one.
  const policy = { attempts: 1_000, maxDeliveries: 1_000, initialMs: 0 };
  for (const step of todo) {
    if (step === 'enqueue') {
      waiting.add((await tests.create({ policy })).task.id);
      done.enqueued += 1;
    } else if (step === 'begin') {
      const { delivery } = await tests.begin();
      if (delivery === undefined) continue;
      waiting.delete(delivery.task.id);
      running.push(delivery);
      done.started += 1;
    } else if (step === 'cancel') {
      const [id] = waiting;
      if (id === undefined) continue;
      waiting.delete(id);
      await tests.store.cancel(id, {});
      done.finished.CANCELED += 1;
    } else if (step === 'retry') {
      const id = failed.pop();
      if (id === undefined) continue;
      await tests.store.retry(id);
      waiting.add(id);
    } else {
      const delivery = running.shift();
      if (delivery === undefined) continue;
      const { id } = delivery.task;
      if (step === 'giveBack') {
        await tests.finish(delivery, { outcome: 'SUPERSEDED' });
        waiting.add(id);
        continue;
      }
      done.runs += 1;
      if (step === 'succeed') {
        await tests.succeed(delivery);
        done.finished.SUCCEEDED += 1;
        continue;
      }
      done.attemptsFailed += 1;
      await tests.fail(delivery, { retryable: step === 'fail' });
      if (step === 'fail') {
        waiting.add(id);
      } else {
        failed.push(id);
        done.finished.FAILED += 1;
      }
    }
  }
  return done;
}

describe.each(sharedStores)('activity in $name', (shared) => {
  test('counts are what was done, whatever that was', { timeout: 60_000 }, async () => {
    await assert(
      asyncProperty(array(constantFrom(...steps), { minLength: 5, maxLength: 60 }), async (todo) => {
        await using tests = new TestStore(shared);
        const { runs, ...done } = await doSteps(tests, ['enqueue', ...todo]);

        const hour = await hourOf(tests);

        expect([...hour.keys()]).toEqual(['resize']);
        const { wait, run, ...activity } = hour.get('resize') ?? mergeActivity([]);
        expect(activity).toStrictEqual(done);
        expect([countOf(wait), countOf(run)]).toEqual([done.started, runs]);
      }),
      { numRuns: 25 },
    );
  });

  test('what comes and goes in bundles is counted as well, each under its definition', async () => {
    const good = defineTask({ name: 'good', run: () => undefined });
    const bad = defineTask({
      name: 'bad',
      retry: { attempts: 2, backoff: { initial: '1ms' } },
      run() {
        throw new Error('no');
      },
    });
    const redis = freshSettings(shared);
    await using tests = await TestTasks.start([good, bad], { redis, concurrency: 20 });
    const enqueued = await Promise.all(
      Array.from({ length: 150 }, (_, index) => tests.tasks.enqueue(index % 3 === 0 ? bad : good, {})),
    );
    await Promise.all(enqueued.map(({ id }) => tests.finished(id)));

    await using look = new TestStore(redis, 'default');
    const hour = await hourOf(look);

    expect(hour.get('good')).toMatchObject({
      enqueued: 100,
      started: 100,
      finished: { SUCCEEDED: 100, FAILED: 0 },
      attemptsFailed: 0,
    });
    expect(hour.get('bad')).toMatchObject({
      enqueued: 50,
      started: 100,
      finished: { SUCCEEDED: 0, FAILED: 50 },
      attemptsFailed: 100,
    });
  });

  test('waits and runs are timed by the store, of each start anew', async () => {
    await using tests = new TestStore(shared);
    const { task } = await tests.create({ policy: { initialMs: 0 } });
    const { id } = task;
    await tests.redis.hincrby(`${tests.root}:task:${id}`, 'created', -4_000_000);

    const first = await tests.delivery();
    const key = `${tests.root}:task:${id}`;
    const open = (await tests.redis.hget(key, 'attempt:1')) ?? '';
    const earlier = open.replace(/(?<="startedAt":)\d+/, (at) => String(Number(at) - 60_000));
    await tests.redis.hset(key, 'attempt:1', earlier);
    await tests.fail(first);
    await tests.succeed(await tests.delivery());

    const { wait, run } = (await hourOf(tests)).get('resize') ?? mergeActivity([]);
    // It waited for four seconds, and then for the moment since it failed.
    expect([countOf(wait), countOf(run)]).toEqual([2, 2]);
    expect(Math.max(...wait.keys())).toBe(pieceOf(4_000));
    expect(Math.min(...wait.keys())).toBeLessThan(20);
    expect(Math.max(...run.keys())).toBe(pieceOf(60_000));
  });

  test('a lost attempt has failed where its task is to blame, and its time is not told', async () => {
    await using tests = new TestStore(shared);
    await tests.create();
    await tests.delivery();

    await tests.expire('w1');
    await tests.tick();

    expect((await hourOf(tests)).get('resize')).toMatchObject({
      started: 1,
      attemptsFailed: 1,
      run: new Map(),
    });
  });

  test('each minute is forgotten after an hour and a little', async () => {
    await using tests = new TestStore(shared);
    await tests.create();
    await tests.succeed(await tests.delivery());

    const keys = await tests.redis.keys(`${tests.root}:minute:*`);

    expect(keys).not.toEqual([]);
    for (const key of keys) {
      const left = await tests.redis.pttl(key);
      expect(left).toBeGreaterThan(61 * 60_000);
      expect(left).toBeLessThanOrEqual(65 * 60_000);
    }
  });

  test('what another version counts beside that is left alone', async () => {
    await using tests = new TestStore(shared);
    await tests.create();
    await tests.succeed(await tests.delivery());
    const known = await hourOf(tests);
    const [minute = ''] = await tests.redis.keys(`${tests.root}:minute:*`);

    await tests.redis.hset(minute, 'resize:wMax', '4000', 'resize:new', '7');

    expect(await hourOf(tests)).toEqual(known);
  });

  test('a watch tells all minutes, then those that change, of all queues together', async () => {
    const one = defineTask({ name: 'one', queue: 'first', run: () => undefined });
    const other = defineTask({ name: 'other', queue: 'second', run: () => undefined });
    await using tests = await TestTasks.start([one, other], { redis: freshSettings(shared) });
    const { activities } = tests.tasks.queues;
    const before = await Promise.all([tests.tasks.enqueue(one, {}), tests.tasks.enqueue(other, {})]);
    await Promise.all(before.map(({ id }) => tests.finished(id)));
    const stop = new AbortController();
    const watch = activities.watch({ minutes: 60 }, stop);
    const beside = activities.watch({ minutes: 60, definitions: ['other'] }, stop);

    const shown = new Map<number, ActivityMinute>();
    const take = async () => {
      const { value } = await watch.next();
      for (const minute of value ?? []) shown.set(minute.at, minute);
      return value ?? [];
    };
    expect(await take()).toHaveLength(60);
    expect(counted([...shown.values()])).toEqual({ enqueued: 2, started: 2, succeeded: 2, runs: 2 });
    expect(counted((await beside.next()).value ?? [])).toMatchObject({ enqueued: 1, started: 1 });

    await tests.finished((await tests.tasks.enqueue(one, {})).id);
    while (counted([...shown.values()]).succeeded < 3) expect((await take()).length).toBeLessThanOrEqual(2);
    expect(counted([...shown.values()])).toEqual({ enqueued: 3, started: 3, succeeded: 3, runs: 3 });
    const only = await activities.read({ minutes: 5, queues: ['second', 'nobody'] });
    expect(only).toHaveLength(5);
    expect(counted(only)).toEqual({ enqueued: 1, started: 1, succeeded: 1, runs: 1 });
    expect(await activities.read({ minutes: 3, queues: ['nobody'] })).toHaveLength(3);

    stop.abort();
    expect(await watch.next()).toMatchObject({ done: true });
    expect(await beside.next()).toMatchObject({ done: true });
    expect(tests.tasks.channels).toBe(0);
  });

  test('a watch that heard nothing for a while looks again, and tells of queues that are new', async () => {
    const one = defineTask({ name: 'one', queue: 'first', run: () => undefined });
    const redis = freshSettings(shared);
    await using tests = await TestTasks.start([one], { redis, workers: 0 });
    await using store = new TestStore(redis, 'first');
    const watch = tests.tasks.queues.activities.watch({ minutes: 10 });
    expect(counted((await watch.next()).value ?? [])).toMatchObject({ enqueued: 0 });

    await tests.tasks.enqueue(one, {});
    expect(counted((await watch.next()).value ?? [])).toMatchObject({ enqueued: 1 });
    // Counted without a word, as while the connection was away.
    const [seconds] = await store.redis.time();
    const minute = Math.floor(Number(seconds) / 60);
    await store.redis.hincrby(`${store.root}:minute:${minute - 5}`, 'one:e', 7);
    await store.cutLinks();
    expect(counted((await watch.next()).value ?? [])).toMatchObject({ enqueued: 7 });

    const later = defineTask({ name: 'later', queue: 'second', run: () => undefined });
    await using beside = await TestTasks.start([later], { redis, workers: 1 });
    await beside.finished((await beside.tasks.enqueue(later, {})).id);
    for (;;) {
      const { value } = await watch.next();
      if (counted(value ?? []).succeeded === 1) break;
    }
    await watch.return(undefined);
  });

  test.each([0, 61, 1.5])('%d minutes are refused, as an hour is kept', async (minutes) => {
    await using tests = await TestTasks.start([], { redis: freshSettings(shared), workers: 0 });
    const { activities } = tests.tasks.queues;

    const refusal = { code: 'BAD_USER_INPUT', message: expect.stringContaining('from 1 to 60') };
    await expect(activities.read({ minutes })).rejects.toMatchObject(refusal);
    await expect(activities.watch({ minutes }).next()).rejects.toMatchObject(refusal);
  });
});

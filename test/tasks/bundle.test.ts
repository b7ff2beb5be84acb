import { describe, expect, test } from 'vitest';
import { Bundle, itemError } from '../../src/tasks/bundle.ts';
import type { Delivery } from '../../src/tasks/delivery.ts';
import { createId } from '../../src/tasks/id.ts';
import { isBug } from '../../src/redis/answer.ts';
import { sharedStores } from '../support/stores.ts';
import { TestStore, w1 } from '../support/store.ts';

const succeeded = { outcome: 'SUCCEEDED' as const, output: '{"n":2}' };

/** Deliveries of as many slots, each of a task that was enqueued before those which wait. */
async function busy(tests: TestStore, slots: number, waiting: number): Promise<Delivery[]> {
  for (let number = 0; number < slots + waiting; number += 1) await tests.create();
  const deliveries: Delivery[] = [];
  while (deliveries.length < slots) deliveries.push(await tests.delivery());
  return deliveries;
}

/** Ends deliveries in one turn, as one worker does whose slots go on. */
function endAll(tests: TestStore, ended: readonly Delivery[], tokens: readonly string[]) {
  const deliveries = tests.deliveries();
  return ended.map((delivery, slot) =>
    deliveries.finish(delivery, succeeded, {
      token: tokens[slot],
      hint: `h${slot}`,
      takeSuspect: true,
    }),
  );
}

/** The ids of an index, and of the backlog. */
async function ids(tests: TestStore, key: string): Promise<string[]> {
  return (await tests.redis.zrange(`${tests.root}:${key}`, '0', '-1')).toSorted();
}

describe.each(sharedStores)('outcomes of one turn, in $name,', (shared) => {
  test('are written together, and each slot goes on with the next task in its order', async () => {
    await using tests = new TestStore(shared);
    const ended = await busy(tests, 3, 3);
    // In their order, which isn't that of their ids.
    const next = await tests.redis.zrange(`${tests.root}:backlog:resize:v1`, '0', '-1');

    const finished = await Promise.all(endAll(tests, ended, ['a', 'b', 'c']));

    expect(finished.map(({ counted, delivery }) => [counted, delivery?.token, delivery?.task.id])).toEqual(
      ['a', 'b', 'c'].map((token, slot) => [true, token, next[slot]]),
    );
    expect(finished.map(({ delivery }) => delivery?.input)).toEqual(Array(3).fill('{"n":1}'));
    const old = ended.map(({ task }) => task.id).toSorted();
    expect(await ids(tests, 'index:resize:SUCCEEDED')).toEqual(old);
    expect(await ids(tests, 'index:resize:RUNNING')).toEqual(next.toSorted());
    expect(await ids(tests, 'index:resize:QUEUED')).toEqual([]);
    expect(await ids(tests, 'removals')).toEqual(old);
    expect(await ids(tests, 'heads')).toEqual([]);
    expect(await tests.redis.hgetall(`${tests.root}:runs:w1`)).toEqual(
      Object.fromEntries(['a', 'b', 'c'].map((token, slot) => [token, next[slot]])),
    );
    const [flow = ''] = await tests.redis.keys(`${tests.root.replaceAll(/[{}]/g, '?')}:flow:*`);
    expect(await tests.redis.hgetall(flow)).toEqual({ SUCCEEDED: '3' });
    expect(await tests.redis.pttl(flow)).toBeGreaterThan(0);
  });

  test('are answered as before when they are repeated, also in other company', async () => {
    await using tests = new TestStore(shared);
    const ended = await busy(tests, 3, 3);
    const first = await Promise.all(endAll(tests, ended, ['a', 'b', 'c']));

    const again = await Promise.all(endAll(tests, ended, ['a', 'b', 'c']));
    const alone = await Promise.all(endAll(tests, ended.slice(0, 1), ['a']));

    for (const [slot, { counted, delivery }] of [...again, ...alone].entries()) {
      expect(counted).toBe(true);
      expect(delivery).toMatchObject({ token: 'abca'[slot], task: first[slot % 3]?.delivery?.task ?? {} });
    }
    expect(await ids(tests, 'index:resize:RUNNING')).toHaveLength(3);
  });

  test('do each other no harm where one fails, is stale, or its slot stops', async () => {
    await using tests = new TestStore(shared);
    const ended = await busy(tests, 4, 4);
    const [broken, stale, stops] = ended as [Delivery, Delivery, Delivery, Delivery];
    // By whatever hand: no script may take it from there to its end.
    await tests.redis.hset(`${tests.root}:task:${broken.task.id}`, 'status', 'QUEUED');
    await tests.redis.hset(`${tests.root}:task:${stale.task.id}`, 'token', 'another');

    const [first, ...others] = await Promise.allSettled(
      endAll(tests, ended, ['a', 'b', '', 'd'].map((token) => token || undefined) as string[]),
    );

    expect(first).toMatchObject({
      status: 'rejected',
      reason: { name: 'ReplyError', message: expect.stringMatching(/^ERR .*may not go from QUEUED/) },
    });
    const next = others.map((one) => (one.status === 'fulfilled' ? one.value : undefined));
    expect(next.map((one) => [one?.counted, one?.delivery?.token])).toEqual([
      [false, 'b'],
      [true, undefined],
      [true, 'd'],
    ]);
    expect(await tests.task(stops.task.id)).toMatchObject({ status: 'SUCCEEDED' });
  });

  test('wake for what none of their slots takes', async () => {
    await using tests = new TestStore(shared);
    const ended = await busy(tests, 2, 3);
    await tests.present(
      2,
      w1,
      ended.map(({ token }) => token),
    );

    const finished = await Promise.all(endAll(tests, ended, []));

    expect(finished.flatMap(({ hints }) => hints)).toHaveLength(2);
  });

  test('of one that is tried again at once are counted once', async () => {
    await using tests = new TestStore(shared);
    await tests.create({ policy: { initialMs: 0 } });
    await tests.create();
    const [one, other] = [await tests.delivery(), await tests.delivery()];
    const failure = { code: 'ERROR', message: 'no', retryable: true, attempt: 1 };
    const deliveries = tests.deliveries();
    const next = (token: string) => ({ token, hint: 'h', takeSuspect: true });

    const [again, none] = await Promise.all([
      deliveries.finish(one, { outcome: 'FAILED', failure }, next('a')),
      deliveries.finish(other, succeeded, next('b')),
    ]);

    expect(again.delivery).toMatchObject({ token: 'a', task: { id: one.task.id, attempt: 2 } });
    expect(none).toMatchObject({ counted: true, delivery: undefined });
    expect(await ids(tests, 'index:resize:RUNNING')).toEqual([one.task.id]);
    expect(await ids(tests, 'index:resize:QUEUED')).toEqual([]);
  });

  test('let no more start than a limit allows', async () => {
    await using tests = new TestStore(shared);
    const ended = await busy(tests, 3, 3);
    await tests.redis.hset(`${tests.root}:rules`, 'limit:resize', '{"all":{"c":2}}');

    const finished = await Promise.all(endAll(tests, ended, ['a', 'b', 'c']));

    expect(finished.map(({ delivery }) => delivery?.token)).toEqual([undefined, 'b', 'c']);
    expect(await ids(tests, 'index:resize:RUNNING')).toHaveLength(2);
  });

  test('follow the order of the lines, also of those that fill meanwhile', async () => {
    await using tests = new TestStore(shared);
    const both = { worker: 'w1', lines: ['resize:v1', 'crop:v1'] };
    for (const name of ['resize', 'resize', 'crop', 'resize', 'crop']) await tests.create({ name });
    const ended = [await tests.delivery(both), await tests.delivery(both)];
    const deliveries = tests.deliveries(both);

    const finished = await Promise.all(
      ended.map((delivery, slot) =>
        deliveries.finish(delivery, succeeded, { token: `t${slot}`, hint: 'h', takeSuspect: true }),
      ),
    );

    expect(finished.map(({ delivery }) => delivery?.task.name)).toEqual(['crop', 'resize']);
    expect(await ids(tests, 'heads')).toEqual(['crop:v1']);
  });
});

describe.each(sharedStores)('tasks that are enqueued in one turn, in $name,', (shared) => {
  test('are written together, in their order, and found in every index', async () => {
    await using tests = new TestStore(shared);
    await tests.present(2);

    const created = await Promise.all(
      ['a', 'b', 'c'].map((tag) => tests.create({ tags: [tag], delayMs: tag === 'c' ? 60_000 : undefined })),
    );

    const all = created.map(({ task }) => task.id);
    expect(created.map(({ status }) => status)).toEqual(['CREATED', 'CREATED', 'CREATED']);
    // As many as there are idle slots, for all of them, by one of the callers.
    expect(created.map(({ hints }) => hints.length)).toEqual([2, 0, 0]);
    expect(await ids(tests, 'index:resize')).toEqual(all.toSorted());
    expect(await ids(tests, 'index:resize:QUEUED')).toEqual(all.slice(0, 2).toSorted());
    expect(await ids(tests, 'index:resize:SCHEDULED')).toEqual(all.slice(2));
    expect(await ids(tests, 'tag:b')).toEqual(all.slice(1, 2));
    expect(await ids(tests, 'due')).toEqual(all.slice(2));
    expect(await ids(tests, 'heads')).toEqual(['resize:v1']);
    expect(new Set([(await tests.delivery()).task.id, (await tests.delivery()).task.id])).toEqual(
      new Set(all.slice(0, 2)),
    );
  });

  test('begin in the order in which they were enqueued', async () => {
    await using tests = new TestStore(shared);
    const created = await Promise.all(Array.from({ length: 20 }, () => tests.create()));

    const begun: string[] = [];
    while (begun.length < 20) begun.push((await tests.delivery()).task.id);

    const all = created.map(({ task }) => task.id);
    expect(begun).toEqual(all);
    expect(await tests.redis.zrange(`${tests.root}:index:resize`, '0', '-1')).toEqual(all);
  });

  test('with one idempotency key are one task', async () => {
    await using tests = new TestStore(shared);
    const idempotency = { key: 'key', input: 'hash', keepMs: 60_000 };

    const [first, same, other] = await Promise.all([
      tests.create({ idempotency }),
      tests.create({ idempotency }),
      tests.create({ idempotency: { ...idempotency, input: 'another' } }),
    ]);

    expect([same, other]).toMatchObject([{ status: 'WAS_THERE' }, { status: 'KEY_REUSED' }]);
    expect(await ids(tests, 'index:resize')).toEqual([first.task.id]);
  });

  test('are refused one by one, and the last one that fits is the last', async () => {
    await using tests = new TestStore(shared);
    await tests.redis.hset(`${tests.root}:rules`, 'maxWaiting', '2');

    const created = await Promise.allSettled([1, 2, 3].map(() => tests.create()));

    expect(created).toMatchObject([
      { value: { status: 'CREATED' } },
      { value: { status: 'CREATED' } },
      { reason: { code: 'QUEUE_FULL' } },
    ]);
  });

  test('take the places of the oldest that wait, also of each other', async () => {
    await using tests = new TestStore(shared);
    await tests.redis.hset(
      `${tests.root}:rules`,
      'limit:resize',
      '{"all":{"c":1,"whenFull":"CANCEL_OLDEST"}}',
    );

    const created = await Promise.all([1, 2, 3].map(() => tests.create()));

    const states = await Promise.all(created.map(({ task }) => tests.task(task.id)));
    expect(states.map(({ status }) => status)).toEqual(['CANCELED', 'CANCELED', 'QUEUED']);
  });

  test('do each other no harm where one fails', async () => {
    await using tests = new TestStore(shared);
    const broken = createId(tests.queue);
    // By whatever hand.
    await tests.redis.set(`${tests.root}:task:${broken}`, 'no record');

    const [one, failed, other] = await Promise.allSettled([
      tests.create(),
      tests.create({ id: broken }),
      tests.create(),
    ]);

    expect([one, other]).toMatchObject([{ value: { status: 'CREATED' } }, { value: { status: 'CREATED' } }]);
    expect(failed).toMatchObject({
      reason: { name: 'ReplyError', message: expect.stringMatching(/^WRONGTYPE/) },
    });
    expect(await ids(tests, 'index:resize:QUEUED')).toHaveLength(2);
  });
});

test('what a store refuses within a call is told as if it were the whole call', () => {
  expect(itemError('OOM command not allowed').message).toBe('OOM command not allowed');
  expect(itemError('@user_script: 4: -OOM command not allowed\r\n').message).toMatch(/^OOM command/);
  expect(isBug(itemError('user_function:7: a task may not go'))).toBe(true);
  expect(isBug(itemError('@user_script: 4: -OOM command not allowed'))).toBe(false);
});

describe('a bundle', () => {
  test('holds what comes in one turn, up to a hundred items and 256 KB', async () => {
    const calls: number[] = [];
    const bundle = new Bundle<string, string>(
      async (items) => {
        calls.push(items.length);
        return items.map((item) => ({ result: item }));
      },
      (item) => item.length,
    );

    const many = await Promise.all(Array.from({ length: 250 }, (_, number) => bundle.add(String(number))));
    expect(many).toHaveLength(250);
    expect(calls.splice(0)).toEqual([100, 100, 50]);

    const large = 'x'.repeat(100_000);
    await Promise.all([1, 2, 3, 4].map(() => bundle.add(large)));
    expect(calls.splice(0)).toEqual([3, 1]);

    await bundle.add('a');
    await bundle.add('b');
    expect(calls).toEqual([1, 1]);
  });

  test('tells each what became of it, and all of them what ended the call', async () => {
    const bundle = new Bundle<number, number>(
      async (items) => {
        if (items.includes(0)) throw new Error('the call failed');
        return items.map((item) => (item < 0 ? { error: new Error(`not ${item}`) } : { result: item }));
      },
      () => 1,
    );

    expect(await Promise.allSettled([1, -1, 2].map((item) => bundle.add(item)))).toMatchObject([
      { value: 1 },
      { reason: { message: 'not -1' } },
      { value: 2 },
    ]);
    expect(await Promise.allSettled([1, 0].map((item) => bundle.add(item)))).toMatchObject([
      { reason: { message: 'the call failed' } },
      { reason: { message: 'the call failed' } },
    ]);
  });
});

import { describe, expect, test } from 'vitest';
import { allowedMoves } from '../../src/tasks/moves.ts';
import { isFinal, taskStatuses } from '../../src/tasks/task.ts';
import { TestStore, w1, w2 } from '../support/store.ts';
import { sharedStores } from '../support/stores.ts';

describe.each(sharedStores)('a task in $name', (shared) => {
  test('creating the same id twice makes one task', async () => {
    await using tests = new TestStore(shared);
    const first = await tests.create();
    const second = await tests.create({ id: first.task.id, input: '{"n":99}' });

    expect(second).toMatchObject({ status: 'WAS_THERE', hints: [], task: { version: first.task.version } });
    expect(await tests.redis.zcard(`${tests.root}:backlog:resize:v1`)).toBe(1);
    expect(await tests.store.content(first.task.id, 'input')).toBe('{"n":1}');
  });

  test('the oldest task begins first, and a repeated begin answers with the same one', async () => {
    await using tests = new TestStore(shared);
    const { task: oldest } = await tests.create();
    await tests.create();

    const first = await tests.begin(w1, 'same');
    const repeated = await tests.begin(w1, 'same');

    expect(first.delivery?.task).toMatchObject({ id: oldest.id, status: 'RUNNING', attempt: 1 });
    expect(repeated.delivery).toEqual(first.delivery);
    expect(await tests.redis.zcard(`${tests.root}:backlog:resize:v1`)).toBe(1);
  });

  test('a task that does not wait is not begun, whatever a line says', async () => {
    await using tests = new TestStore(shared);
    const { task } = await tests.create();
    const { task: ended } = await tests.create();
    const running = await tests.delivery();
    await tests.succeed(await tests.delivery());
    await tests.redis.zadd(`${tests.root}:backlog:resize:v1`, 1, task.id, 2, ended.id);
    await tests.redis.zadd(`${tests.root}:heads`, 1, 'resize:v1');
    const { task: waits } = await tests.create();

    expect((await tests.delivery(w2)).task.id).toBe(waits.id);
    expect(await tests.succeed(running)).toMatchObject({ counted: true });
  });

  test('an outcome takes the next task, and a repeat answers with the same next task', async () => {
    await using tests = new TestStore(shared);
    const { task } = await tests.create();
    const { task: second } = await tests.create();
    await tests.create();
    const delivery = await tests.delivery();

    const first = await tests.succeed(delivery, 'next');
    const repeated = await tests.succeed(delivery, 'next');

    expect(first).toMatchObject({ counted: true, delivery: { task: { id: second.id }, token: 'next' } });
    expect(repeated).toEqual(first);
    expect(await tests.store.get(task.id)).toMatchObject({
      status: 'SUCCEEDED',
      output: { n: 2 },
      outputBytes: 7,
    });
  });

  test('the words of an attempt that lost its lease are refused', async () => {
    await using tests = new TestStore(shared);
    const { task } = await tests.create();
    await tests.present(1);
    const stale = await tests.delivery();
    await tests.expire('w1');
    await tests.tick();
    const fresh = await tests.delivery(w2);

    expect(await tests.deliveries().progress(stale, { fraction: 0.9 })).toBeUndefined();
    expect(await tests.succeed(stale, undefined, '{"n":"stale"}')).toMatchObject({ counted: false });
    expect(await tests.store.get(task.id)).toMatchObject({ status: 'RUNNING', attempt: 2 });
    await tests.succeed(fresh, undefined, '{"n":"fresh"}', w2);
    expect(await tests.store.get(task.id)).toMatchObject({
      status: 'SUCCEEDED',
      output: { n: 'fresh' },
      attempts: [{ outcome: 'LOST' }, { outcome: 'SUCCEEDED', worker: 'w2' }],
    });
  });

  test('JSON passes through unchanged: empty lists, large numbers, unicode', async () => {
    await using tests = new TestStore(shared);
    const json = '{"list":[],"object":{},"large":12345678901234567890,"text":"ä€\\u0000\\"}]","float":1.0}';
    const { task } = await tests.create({ input: json });
    const delivery = await tests.delivery();
    expect(delivery.input).toBe(json);

    await tests.succeed(delivery, undefined, json);

    expect(await tests.store.content(task.id, 'output')).toBe(json);
    expect(await tests.store.get(task.id)).toMatchObject({ output: JSON.parse(json) as object });
  });

  test('a large output stays out of the state', async () => {
    await using tests = new TestStore(shared);
    const { task } = await tests.create();
    const output = JSON.stringify('x'.repeat(10_000));
    await tests.succeed(await tests.delivery(), undefined, output);

    const state = await tests.store.get(task.id);

    expect(state).toMatchObject({ status: 'SUCCEEDED', outputBytes: output.length });
    expect(state).not.toHaveProperty('output');
    expect(await tests.store.content(task.id, 'output')).toBe(output);
  });

  test('a version grows with every change, also over a failover that lost writes', async () => {
    await using tests = new TestStore(shared);
    const { task } = await tests.create();
    const key = `${tests.root}:task:${task.id}`;
    const delivery = await tests.delivery();
    const copy = await tests.redis.dumpBuffer(key);
    const versions = [task.version, delivery.task.version];
    for (const fraction of [0.1, 0.2, 0.3]) {
      await tests.deliveries().progress(delivery, { fraction });
      versions.push((await tests.store.get(task.id))?.version ?? 0);
    }
    await tests.redis.del(key);
    await tests.redis.restore(key, 0, copy);
    await tests.deliveries().progress(delivery, { fraction: 0.4 });
    versions.push((await tests.store.get(task.id))?.version ?? 0);

    expect(versions).toEqual(versions.toSorted((a, b) => a - b));
    expect(new Set(versions).size).toBe(versions.length);
  });

  test('a canceled task that waits never starts', async () => {
    await using tests = new TestStore(shared);
    const { task } = await tests.create();

    const canceled = await tests.store.cancel(task.id, { reason: 'a "mistake"', actor: 'ada' });

    expect(canceled).toMatchObject({
      accepted: true,
      task: { status: 'CANCELED', cancellation: { reason: 'a "mistake"', actor: 'ada' } },
    });
    expect((await tests.begin()).delivery).toBeUndefined();
    expect(await tests.store.cancel(task.id, {})).toMatchObject({
      accepted: false,
      task: { status: 'CANCELED' },
    });
  });

  test('a canceled task that runs ends as canceled, unless it finishes first', async () => {
    await using tests = new TestStore(shared);
    const ids = [
      (await tests.create()).task.id,
      (await tests.create()).task.id,
      (await tests.create()).task.id,
    ];
    await tests.present(3);
    const [fails, succeeds] = [await tests.delivery(), await tests.delivery()];
    await tests.delivery(w2);
    await tests.present(1, w2);
    for (const id of ids)
      expect(await tests.store.cancel(id, {})).toMatchObject({ task: { status: 'CANCELING' } });

    await tests.fail(fails);
    await tests.succeed(succeeds);
    await tests.expire('w2');
    await tests.tick();

    const states = await tests.store.getMany(ids);
    expect(states.map((state) => state?.status)).toEqual(['CANCELED', 'SUCCEEDED', 'CANCELED']);
    expect(states[0]).not.toHaveProperty('failure');
  });

  test('a worker gets only the definitions and versions that it serves', async () => {
    await using tests = new TestStore(shared);
    await tests.create({ name: 'other' });
    await tests.create({ definitionVersion: 'v2' });
    const { task } = await tests.create();

    expect((await tests.delivery()).task.id).toBe(task.id);
    expect((await tests.begin()).delivery).toBeUndefined();
    expect((await tests.begin({ worker: 'w3', lines: ['resize:v2'] })).delivery?.task.definitionVersion).toBe(
      'v2',
    );
  });

  test('a delivery that never reached its worker is given back after a lease', async () => {
    await using tests = new TestStore(shared);
    const { task } = await tests.create();
    await tests.begin(w1, 'lost-reply');
    await tests.present(1, w1, [], 60_000);
    expect(await tests.store.get(task.id)).toMatchObject({ status: 'RUNNING' });

    await tests.present(1, w1, [], -1);

    expect(await tests.store.get(task.id)).toMatchObject({
      status: 'QUEUED',
      attempts: [{ outcome: 'SUPERSEDED' }],
    });
  });

  test('a renewal names the deliveries that are void and those to be canceled', async () => {
    await using tests = new TestStore(shared);
    const { task } = await tests.create();
    const delivery = await tests.delivery();
    await tests.store.cancel(task.id, {});

    expect(await tests.present(1, w1, [delivery.token, 'unknown'])).toMatchObject({
      stale: ['unknown'],
      canceling: [delivery.token],
    });
  });

  test('a task that loses its worker too often fails instead of looping', async () => {
    await using tests = new TestStore(shared);
    const { task } = await tests.create({ policy: { maxDeliveries: 2 } });
    for (const _ of [1, 2, 3]) {
      await tests.present(1);
      await tests.delivery();
      await tests.expire('w1');
      expect((await tests.tick()).lost).toEqual([task.id]);
    }

    expect(await tests.store.get(task.id)).toMatchObject({
      status: 'FAILED',
      failure: { code: 'WORKER_LOST' },
    });
  });

  test('a clock that was out of touch takes nobody for lost', async () => {
    await using tests = new TestStore(shared);
    const { task } = await tests.create();
    await tests.present(1);
    await tests.delivery();
    await tests.expire('w1');

    const justBack = await tests.tick({ since: Number.MAX_SAFE_INTEGER });
    const slept = await tests.tick({ last: Date.now() - 40_000 });
    expect([justBack.lost, slept.lost]).toEqual([[], []]);
    // A lease that ran out but wasn't swept may be renewed.
    await tests.present(1, w1, ['token1']);
    expect((await tests.tick()).lost).toEqual([]);
    expect(await tests.store.get(task.id)).toMatchObject({ status: 'RUNNING' });
  });

  test('a worker that was swept gets nothing until it has a lease again', async () => {
    await using tests = new TestStore(shared);
    await tests.create();
    await tests.present(1);
    const delivery = await tests.delivery();
    await tests.create();
    await tests.expire('w1');
    await tests.tick();

    expect(await tests.succeed(delivery, 'next')).toMatchObject({ counted: false, delivery: undefined });
    const { hints } = await tests.present(1, w1, [delivery.token]);
    expect(hints).toHaveLength(1);
    expect(await tests.succeed(delivery, 'next')).toMatchObject({ delivery: { token: 'next' } });
  });

  test('a worker that leaves gives back what it holds, without spending anything', async () => {
    await using tests = new TestStore(shared);
    const { task } = await tests.create();
    await tests.present(1);
    await tests.delivery();
    await tests.present(1, w2);

    const hints = await tests.deliveries().leave();

    expect(hints).toMatchObject([{ id: task.id, delivery: 2 }]);
    expect(await tests.store.get(task.id)).toMatchObject({
      status: 'QUEUED',
      attempts: [{ outcome: 'SUPERSEDED' }],
    });
  });

  test('the state shows the last twenty attempts, and no more are kept', async () => {
    await using tests = new TestStore(shared);
    const { task } = await tests.create();
    for (let delivery = 1; delivery <= 25; delivery += 1) {
      const begun = await tests.delivery();
      await tests.finish(begun, { outcome: 'SUPERSEDED' });
    }

    const numbers = (await tests.store.get(task.id))?.attempts.map(({ number }) => number);
    expect(numbers).toEqual(Array.from({ length: 20 }, (_, index) => index + 6));
    const fields = await tests.redis.hkeys(`${tests.root}:task:${task.id}`);
    expect(fields.filter((field) => field.startsWith('attempt:'))).toHaveLength(20);
  });

  test('what outlived its retention goes with all its traces', async () => {
    await using tests = new TestStore(shared);
    const before = await tests.redis.keys(`${tests.root}:*`);
    const { task } = await tests.create({ tags: ['a', 'b'], policy: { keepSuccessMs: 0 } });
    await tests.succeed(await tests.delivery());

    expect((await tests.tick()).removed).toBe(1);

    expect(await tests.store.get(task.id)).toBeUndefined();
    const left = await tests.redis.keys(`${tests.root}:*`);
    // What is counted of a queue stays, or goes by itself.
    const own = left.filter(
      (key) => !before.includes(key) && !/:(workers|held|pace|flow:\d+|minute:\d+)$/.test(key),
    );
    expect(own.toSorted()).toEqual(['names', 'policies'].map((name) => `${tests.root}:${name}`));
  });

  test('a move that the table of moves does not have is refused', async () => {
    await using tests = new TestStore(shared);
    const { task } = await tests.create();
    const delivery = await tests.delivery();
    const key = `${tests.root}:task:${task.id}`;
    await tests.redis.hset(key, 'status', 'EXPIRED');

    await expect(tests.succeed(delivery)).rejects.toThrow('may not go from EXPIRED to SUCCEEDED');
    // Out of a final status leads only a retry by hand.
    const ends = taskStatuses.filter((status) => allowedMoves[status].every((to) => to === 'QUEUED'));
    expect(taskStatuses.filter((status) => isFinal(status) && !ends.includes(status))).toEqual([]);
  });
});

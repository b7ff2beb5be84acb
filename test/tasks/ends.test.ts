import { describe, expect, test, vi } from 'vitest';
import { tasksFinished } from '../../src/metrics.ts';
import { Ends } from '../../src/tasks/ends.ts';
import { purge } from '../../src/tasks/scripts/cancel.ts';
import { hourlyWith, scheduleIdOf, TestSchedules } from '../support/schedules.ts';
import { TestStore } from '../support/store.ts';
import { RedisServer } from '../support/redis-server.ts';
import { redisServerPath, sharedStores } from '../support/stores.ts';

/** What has been counted as ended since `before`, by name and status. */
function counted(before: ReadonlyMap<string, number> = new Map()): Map<string, number> {
  const now = [...tasksFinished.samples()].map(
    ([many, ...labels]) => [labels.join(' '), many - (before.get(labels.join(' ')) ?? 0)] as const,
  );
  return new Map(now.filter(([, many]) => many !== 0));
}

describe.each(sharedStores)('in $name', (shared) => {
  test('what ends by itself, by a cancel or by a purge is counted by who asks first, and once', async () => {
    await using tests = new TestStore(shared);
    const { store, queue } = tests;
    const expires = await tests.create({ name: 'expires', policy: { expiresInMs: 1_000 } });
    const late = await tests.create({ name: 'late', policy: { deadlineMs: 1_000 } });
    const canceled = await tests.create({ name: 'canceled' });
    await tests.create({ name: 'purged' });
    await tests.create({ name: 'purged' });
    const poison = await tests.create({ policy: { maxDeliveries: 0 } });
    await tests.present(1);
    await tests.delivery();
    const before = counted();

    for (const { task } of [expires, late]) await tests.pass(task.id, 1_000);
    await tests.expire('w1');
    await tests.tick();
    await store.cancel(canceled.task.id, {});
    // Asked for again, of one that has ended: nothing ends by it.
    await store.cancel(canceled.task.id, {});
    await store.run(purge, queue, ['', 0, 'purged']);
    expect(await tests.task(poison.task.id)).toMatchObject({ failure: { code: 'WORKER_LOST' } });
    // Two processes, of which one is asked twice at the same time.
    const [one, other] = [new Ends(store, queue), new Ends(store, queue)];
    await Promise.all([one.count(), one.count(), other.count()]);

    expect(Object.fromEntries(counted(before))).toEqual({
      'expires EXPIRED': 1,
      'late FAILED': 1,
      'canceled CANCELED': 1,
      'purged CANCELED': 2,
      'resize FAILED': 1,
    });
  });

  test('what a worker has told is left to it, and what it was told to stop is not once it is lost', async () => {
    await using tests = new TestStore(shared);
    const { store, queue } = tests;
    await tests.create();
    await tests.create({ name: 'stops' });
    await tests.succeed(await tests.delivery());
    const { task } = await tests.delivery({ worker: 'w2', lines: ['stops:v1'] });
    await store.cancel(task.id, {});
    const before = counted();
    const ends = new Ends(store, queue);
    await ends.count();
    expect(Object.fromEntries(counted(before))).toEqual({});

    await tests.expire('w2');
    await tests.tick();
    await ends.count();

    expect(Object.fromEntries(counted(before))).toEqual({ 'stops CANCELED': 1 });
  });

  test('a task that the next one of its schedule replaces is counted as canceled', async () => {
    const replaced = hourlyWith({ every: '1h', overlap: 'CANCEL_PREVIOUS' });
    await using app = await TestSchedules.registered(shared, [replaced]);
    const { store, scheduler } = app;
    const id = scheduleIdOf(replaced);
    const slot = (await store.now()) - 5;
    await store.setNext(id, slot);
    await store.look(scheduler);
    const before = counted();

    await store.setNext(id, slot + 1);
    await store.look(scheduler);
    await new Ends(store.store, 'default').count();

    expect(Object.fromEntries(counted(before))).toEqual({ 'hourly CANCELED': 1 });
  });
});

test.runIf(redisServerPath)(
  'an end that the store gave while nobody waited any more for its answer is counted by who asks again, and once',
  async () => {
    await using redis = await RedisServer.start(redisServerPath ?? '');
    await using tests = new TestStore({ url: redis.url });
    const { store, queue } = tests;
    const ends = new Ends(store.withDeadline(200), queue);
    const cancel = async (): Promise<void> => {
      const { task } = await tests.create({ name: 'unheard' });
      await store.cancel(task.id, {});
    };
    await ends.count();
    await cancel();
    const before = counted();

    redis.signal('SIGSTOP');
    await expect(ends.count()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    redis.signal('SIGCONT');
    await cancel();
    expect(Object.fromEntries(counted(before))).toEqual({});
    await vi.waitFor(() => ends.count());
    // Who has counted them asks for others from now on.
    for (let times = 0; times < 2; times += 1) await vi.waitFor(() => ends.count());

    expect(Object.fromEntries(counted(before))).toEqual({ 'unheard CANCELED': 2 });
    const taken = await tests.redis.keys(`${tests.root}:ends:*`);
    expect(taken).toHaveLength(2);
    for (const key of taken)
      expect(await tests.redis.pttl(key)).toSatisfy((ms: number) => ms > 0 && ms <= 3_600_000);
  },
);

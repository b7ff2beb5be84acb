import { describe, expect, test } from 'vitest';
import type { Redis } from '../../src/redis/connection.ts';
import { countOfQueue } from '../../src/tasks/store-list.ts';
import { hinted, TestStore, w1, w2 } from '../support/store.ts';
import { sharedStores, type SharedStore } from '../support/stores.ts';

/** What a hand does to a queue that has one task of each kind, by kind of what is found. */
const damages: readonly {
  readonly kind: string;
  readonly title: string;
  readonly count?: number;
  readonly damage: (queue: TestQueue) => Promise<unknown>;
  /** What is right again, beside that nothing is found any more. */
  readonly mended?: (queue: TestQueue) => Promise<void>;
}[] = [
  {
    kind: 'entriesWithoutRecord',
    title: 'a record that was evicted',
    // Its tag, the list of its definition and of its status, and its removal.
    count: 4,
    damage: ({ tests, ids }) => tests.redis.del(`${tests.root}:task:${ids.ended}`),
    async mended({ tests, ids }) {
      expect(await countOfQueue(tests.store, tests.queue, { tags: ['ended'] })).toMatchObject({ count: 0 });
      expect(await countOfQueue(tests.store, tests.queue, { statuses: ['SUCCEEDED'] })).toMatchObject({
        count: 0,
      });
      expect(await tests.redis.zscore(`${tests.root}:removals`, ids.ended)).toBeNull();
    },
  },
  {
    kind: 'entriesWithoutRecord',
    title: 'the record of a task that waits',
    // Its place in the line, its time, its tag, and two lists.
    count: 5,
    damage: ({ tests, ids }) => tests.redis.del(`${tests.root}:task:${ids.waiting}`),
    async mended({ tests }) {
      expect((await tests.begin()).delivery).toBeUndefined();
    },
  },
  {
    kind: 'entriesOfAnotherStatus',
    title: 'a list of a status that has a task of another',
    damage: async ({ tests, ids }) => {
      await tests.redis.zrem(`${tests.root}:index:resize:SUCCEEDED`, ids.ended);
      await tests.redis.zadd(`${tests.root}:index:resize:RUNNING`, 1, ids.ended);
    },
    async mended({ tests }) {
      expect(await countOfQueue(tests.store, tests.queue, { statuses: ['SUCCEEDED'] })).toMatchObject({
        count: 1,
      });
      expect(await countOfQueue(tests.store, tests.queue, { statuses: ['RUNNING'] })).toMatchObject({
        count: 1,
      });
    },
  },
  {
    kind: 'waitingOutsideBacklog',
    title: 'a task that waits in no line',
    damage: ({ tests, ids }) => tests.redis.zrem(`${tests.root}:backlog:resize:v1`, ids.waiting),
    mended: async ({ tests, ids }) => expect((await tests.delivery()).task.id).toBe(ids.waiting),
  },
  {
    kind: 'waitingOutsideBacklog',
    title: 'a line that no slot looks at',
    damage: ({ tests }) => tests.redis.del(`${tests.root}:heads`),
    mended: async ({ tests, ids }) => expect((await tests.delivery()).task.id).toBe(ids.waiting),
  },
  {
    kind: 'timesWithoutClock',
    title: 'times that no clock knows of',
    count: 3,
    damage: ({ tests }) => tests.redis.del(`${tests.root}:due`),
    async mended({ tests, ids }) {
      expect(await tests.redis.zcard(`${tests.root}:due`)).toBe(3);
      await tests.pass(ids.retrying, 3_600_000);
      await tests.tick();
      expect(await tests.task(ids.retrying)).toMatchObject({ status: 'QUEUED' });
    },
  },
  {
    kind: 'runsWithoutWorker',
    title: 'a worker that nobody knows',
    damage: async ({ tests }) => {
      await tests.redis.zrem(`${tests.root}:workers`, 'w1');
      await tests.redis.del(`${tests.root}:held`);
    },
    async mended({ tests, ids }) {
      const { status, attempts } = await tests.task(ids.running);
      expect([status, attempts[0]?.outcome]).toEqual(['QUEUED', 'SUPERSEDED']);
      expect(await tests.redis.hget(`${tests.root}:task:${ids.running}`, 'lost')).toBeNull();
    },
  },
  {
    kind: 'runsWithoutWorker',
    title: 'a delivery that its worker does not hold',
    damage: ({ tests }) => tests.redis.del(`${tests.root}:runs:w1`),
    mended: async ({ tests, ids }) =>
      expect(await tests.task(ids.running)).toMatchObject({ status: 'QUEUED' }),
  },
  {
    kind: 'hintsOfLostWorkers',
    title: 'a hint that a worker took which is gone',
    damage: ({ tests }) => tests.redis.hset(`${tests.root}:held`, 'hint', 'gone'),
    mended: async ({ tests }) => expect(await tests.redis.hexists(`${tests.root}:held`, 'hint')).toBe(0),
  },
];

describe.each(sharedStores)('the search in $name', (shared) => {
  test.each(damages)('finds and mends $title', async ({ kind, count = 1, damage, mended }) => {
    await using queue = await TestQueue.open(shared);
    const { tests } = queue;
    await damage(queue);
    const before = await queue.everything();

    const found = await tests.store.orphans(tests.queue);

    expect(found).toEqual({ [kind]: count });
    expect(await queue.everything()).toEqual(before);
    const { mended: done } = await tests.store.mend(tests.queue);
    expect(done).toEqual(found);
    expect(await tests.store.orphans(tests.queue)).toEqual({});
    await mended?.(queue);
  });

  test('changes nothing where all is well, also while attempts run', async () => {
    await using queue = await TestQueue.open(shared);
    const { tests } = queue;
    const before = await queue.everything();

    expect(await tests.store.orphans(tests.queue)).toEqual({});
    for (const _ of [1, 2, 3]) expect(await queue.mendAgain()).toEqual({});

    const after = await queue.everything();
    for (const own of ['mending', 'mending:pause']) delete after[own];
    expect(after).toEqual(before);
  });

  test('leaves a worker alone whose lease is over but was not swept: it may come back', async () => {
    await using queue = await TestQueue.open(shared);
    const { tests, ids } = queue;
    await tests.expire('w1');

    expect(await queue.mendAgain()).toEqual({});
    expect(await tests.task(ids.running)).toMatchObject({ status: 'RUNNING' });
  });

  test('wakes a slot for what it put back', async () => {
    await using queue = await TestQueue.open(shared);
    const { tests, ids } = queue;
    await tests.redis.del(`${tests.root}:heads`);
    await tests.redis.del(`${tests.root}:hints`);
    await tests.present(1, w2);

    expect(hinted((await tests.store.mend(tests.queue)).hints)).toEqual([ids.waiting]);
  });

  test('is done by one process at a time, a piece a second', async () => {
    await using queue = await TestQueue.open(shared);
    const { tests } = queue;
    await tests.redis.hset(`${tests.root}:held`, 'hint', 'gone');

    const mends = await Promise.all([1, 2, 3].map(() => tests.store.mend(tests.queue)));

    expect(mends.map(({ mended }) => mended)).toEqual([{ hintsOfLostWorkers: 1 }, {}, {}]);
    const pause = await tests.redis.pttl(`${tests.root}:mending:pause`);
    expect(pause).toBeGreaterThan(0);
    expect(pause).toBeLessThanOrEqual(1_000);
  });

  test('comes by any of 30,000 entries within a minute, also where one process looks alone', async () => {
    await using queue = await TestQueue.open(shared);
    const { tests } = queue;
    const lists = ['index:resize', 'index:resize:FAILED', 'tag:large'].map((name) => `${tests.root}:${name}`);
    await tests.redis.sadd(`${tests.root}:tags`, 'large');
    for (const list of lists) {
      const entries = Array.from({ length: 10_000 }, (_, index) => [String(index + 1), `images_${index}`]);
      await tests.redis.zadd(list, ...entries.flat());
    }

    let [found, calls] = [0, 0];
    for (; found < 30_000 && calls < 80; calls += 1)
      found += (await queue.mendAgain())['entriesWithoutRecord'] ?? 0;

    expect(found).toBe(30_000);
    // It looks once a second.
    expect(calls).toBeLessThan(60);
    expect(await tests.redis.zcard(`${tests.root}:index:resize`)).toBe(4);
  });

  test('comes by what waits soon, however many tasks have ended', async () => {
    await using queue = await TestQueue.open(shared);
    const { tests, ids } = queue;
    const ended = Array.from({ length: 20_000 }, (_, index) => [String(index + 1), `images_${index}`]);
    await tests.redis.zadd(`${tests.root}:index:resize:SUCCEEDED`, ...ended.flat());
    await queue.mendAgain();
    await tests.redis.zrem(`${tests.root}:backlog:resize:v1`, ids.waiting);

    expect(await queue.mendAgain()).toMatchObject({ waitingOutsideBacklog: 1 });
  });

  test('counts anew how many tasks of each owner wait, where one of them is gone', async () => {
    await using queue = await TestQueue.open(shared);
    const { tests } = queue;
    const [gone] = await Promise.all(['ann', 'ann', 'ben'].map((owner) => tests.create({ owner })));
    await tests.vanish(gone?.task.id ?? '');

    const found = await queue.mendAgain();

    expect(found['entriesWithoutRecord']).toBeGreaterThan(0);
    expect(await tests.redis.hgetall(`${tests.root}:waiting`)).toEqual({ '"ann"': '1', '"ben"': '1' });
  });

  test('gives each piece a bounded time, and comes to an end when it only looks', async () => {
    await using queue = await TestQueue.open(shared);
    const { tests } = queue;
    await Promise.all(Array.from({ length: 1_500 }, () => tests.create()));
    await tests.redis.del(`${tests.root}:heads`);

    expect(await tests.store.orphans(tests.queue)).toEqual({ waitingOutsideBacklog: 1_501 });
    const { waitingOutsideBacklog = 0 } = await queue.mendAgain();
    expect(waitingOutsideBacklog).toBeLessThan(1_300);
  });
});

/** A queue with a task that waits, one that runs, one to be tried again and one that has ended. */
class TestQueue implements AsyncDisposable {
  readonly tests: TestStore;
  readonly ids = { waiting: '', running: '', retrying: '', ended: '' };

  private constructor(shared: SharedStore) {
    this.tests = new TestStore(shared);
  }

  static async open(shared: SharedStore): Promise<TestQueue> {
    const queue = new TestQueue(shared);
    const { tests, ids } = queue;
    await tests.present(5);
    ids.ended = (await tests.create({ tags: ['ended'] })).task.id;
    await tests.succeed(await tests.delivery());
    const policy = { jitter: 0, initialMs: 3_600_000, maxMs: 3_600_000 };
    ids.retrying = (await tests.create({ policy })).task.id;
    await tests.fail(await tests.delivery());
    ids.running = (await tests.create({ policy: { timeoutMs: 3_600_000 } })).task.id;
    await tests.delivery(w1);
    const waits = { tags: ['waits'], policy: { expiresInMs: 3_600_000 } };
    ids.waiting = (await tests.create(waits)).task.id;
    return queue;
  }

  /** A piece of the search, without waiting for its second. */
  async mendAgain(): Promise<Readonly<Record<string, number>>> {
    await this.tests.redis.del(`${this.tests.root}:mending:pause`);
    return (await this.tests.store.mend(this.tests.queue)).mended;
  }

  /** All keys with what they hold. */
  async everything(): Promise<Record<string, unknown>> {
    const { redis, root } = this.tests;
    const keys = (await redis.keys(`${root}:*`)).toSorted();
    const held = await Promise.all(
      keys.map(async (key) => [key.slice(root.length + 1), await contentOf(redis, key)]),
    );
    return Object.fromEntries(held) as Record<string, unknown>;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.tests[Symbol.asyncDispose]();
  }
}

async function contentOf(redis: Redis, key: string): Promise<unknown> {
  const type = await redis.type(key);
  if (type === 'hash') return await redis.hgetall(key);
  if (type === 'zset') return await redis.zrange(key, '0', '-1', 'WITHSCORES');
  return type === 'set' ? (await redis.smembers(key)).toSorted() : await redis.get(key);
}

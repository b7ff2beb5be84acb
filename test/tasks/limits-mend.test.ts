import { describe, expect, test } from 'vitest';
import { members, setLimits } from '../support/limits.ts';
import { TestStore } from '../support/store.ts';
import { sharedStores } from '../support/stores.ts';

/** One task of the key `a` runs and two wait; what a hand or a crash does, and what is found. */
const damages: readonly {
  readonly title: string;
  readonly found: Readonly<Record<string, number>>;
  readonly damage: (tests: TestStore) => Promise<unknown>;
  /** How many of the two that wait may begin at once afterwards; after the run has ended it is one. */
  readonly begins: 0 | 1;
}[] = [
  {
    title: 'a key that waits for its limit and is not in the list of its lines',
    found: { waitingOutsideBacklog: 2 },
    damage: ({ redis, root }) => redis.del(`${root}:waiters:resize@a`),
    begins: 0,
  },
  {
    title: 'a key that neither has its turn nor waits for its limit',
    found: { waitingOutsideBacklog: 2 },
    damage: ({ redis, root }) => redis.del(`${root}:blocked`, `${root}:waiters:resize@a`),
    begins: 0,
  },
  {
    title: 'the tasks of a key that no backlog has',
    found: { waitingOutsideBacklog: 2 },
    damage: ({ redis, root }) => redis.del(`${root}:backlog:resize:v1@a`),
    begins: 0,
  },
  {
    title: 'a slot of a limit that is held by a task which does not run',
    found: { slotsWithoutRun: 1 },
    damage: async ({ redis, root }) => {
      await redis.srem(`${root}:slots:resize@a`, ...(await redis.smembers(`${root}:slots:resize@a`)));
      await redis.sadd(`${root}:slots:resize@a`, 'images_gone');
    },
    begins: 1,
  },
  {
    title: 'a key that waits for a limit which has room',
    found: { blockedWithRoom: 1 },
    damage: ({ redis, root }) => redis.del(`${root}:slots:resize@a`),
    begins: 1,
  },
];

describe.each(sharedStores)('the search in $name', (shared) => {
  test.each(damages.map((row) => [row.title, row] as const))('finds and mends %s', async (_title, row) => {
    const { found, damage, begins } = row;
    await using tests = new TestStore(shared);
    await setLimits(tests, { key: { c: 1 } });
    for (let count = 3; count > 0; count -= 1) await tests.create({ limitKey: 'a' });
    await tests.present(5);
    const running = await tests.delivery();
    expect(await tests.store.orphans(tests.queue)).toEqual({});
    await damage(tests);

    expect(await tests.store.orphans(tests.queue)).toEqual(found);
    const { mended, hints } = await tests.store.mend(tests.queue);
    expect([mended, hints.length]).toEqual([found, begins]);
    expect(await tests.store.orphans(tests.queue)).toEqual({});
    // One of the two that wait may begin: now, or when the run ends.
    expect((await tests.begin()).delivery !== undefined).toBe(begins === 1);
    expect((await tests.begin()).delivery).toBeUndefined();
    expect((await tests.succeed(running, tests.token())).delivery !== undefined).toBe(begins === 0);
    expect((await tests.begin()).delivery).toBeUndefined();
  });

  test('finds a key that neither has its turn nor waits, beside one that does', async () => {
    await using tests = new TestStore(shared);
    await setLimits(tests, { key: { c: 1 } });
    const { task } = await tests.create({ limitKey: 'a' });
    await tests.create({ limitKey: 'b' });
    await tests.redis.zrem(`${tests.root}:ring:resize:v1@`, 'a');

    expect((await tests.store.mend(tests.queue)).mended).toEqual({ waitingOutsideBacklog: 1 });
    expect((await tests.delivery()).task.limitKey).toBe('b');
    expect((await tests.delivery()).task.id).toBe(task.id);
  });

  test('need not find a key in its round that has no tasks: it leaves when its turn comes', async () => {
    await using tests = new TestStore(shared);
    await setLimits(tests, { key: { c: 1 } });
    await tests.redis.zadd(`${tests.root}:ring:resize:v1@`, 1, 'nobody', 2, 'none');
    await tests.redis.zadd(`${tests.root}:heads`, 1, 'resize:v1@');
    const { task } = await tests.create({ limitKey: 'a' });

    expect((await tests.delivery()).task.id).toBe(task.id);

    expect(await members(tests, 'ring:resize:v1@')).toEqual([]);
    expect(await members(tests, 'heads')).toEqual([]);
  });

  test('need not find a line whose keys all wait: nothing of them starts above the limit', async () => {
    await using tests = new TestStore(shared);
    await setLimits(tests, { key: { c: 1 } });
    for (let count = 2; count > 0; count -= 1) await tests.create({ limitKey: '' });
    await tests.delivery();
    await tests.redis.zadd(`${tests.root}:heads`, 1, 'resize:v1@');

    expect((await tests.begin()).delivery).toBeUndefined();
  });
});

import { describe, expect, test } from 'vitest';
import { createId } from '../../src/tasks/id.ts';
import type { Server } from '../../src/tasks/delivery.ts';
import { members, pass, rulesOf, setLimits, slowRate } from '../support/limits.ts';
import { RedisServer } from '../support/redis-server.ts';
import { hinted, TestStore } from '../support/store.ts';
import { redisServerPath, sharedStores } from '../support/stores.ts';

const hourMs = 3_600_000;
const minuteMs = 60_000;

describe.each(sharedStores)('a limit in $name', (shared) => {
  test('of starts lets a burst go at once, then one each interval, and saves up no more than the burst', async () => {
    await using tests = new TestStore(shared);
    await setLimits(tests, { all: { n: 2, perMs: 2 * hourMs, burst: 3 } });
    for (let count = 12; count > 0; count -= 1) await tests.create();

    expect(await starts(tests)).toBe(3);
    await pass(tests, hourMs - minuteMs);
    expect(await starts(tests)).toBe(0);
    await pass(tests, minuteMs);
    expect(await starts(tests)).toBe(1);
    await pass(tests, 1.5 * hourMs);
    expect(await starts(tests)).toBe(1);
    await pass(tests, hourMs / 2);
    expect(await starts(tests)).toBe(1);
    await pass(tests, 50 * hourMs);
    expect(await starts(tests)).toBe(3);
  });

  test('of starts is refilled to the millisecond that it says', async () => {
    await using tests = new TestStore(shared);
    await setLimits(tests, { key: { n: 3, perMs: hourMs, burst: 1 } });
    await tests.create({ limitKey: 'a' });
    await tests.create({ limitKey: 'a' });
    const { task } = await tests.delivery();
    const [, at] = await tests.redis.zrange(`${tests.root}:blocked`, '0', '0', 'WITHSCORES');
    const full = Number(await tests.redis.get(`${tests.root}:rate:resize@a`));

    expect(Number(at)).toBe(Math.ceil(full / 1_000));
    // The start is at most a millisecond older than the state tells.
    expect(full / 1_000 - (task.startedAt ?? 0)).toBeGreaterThanOrEqual(hourMs / 3);
    expect(full / 1_000 - (task.startedAt ?? 0)).toBeLessThan(hourMs / 3 + 1);
  });

  test.each(['all', 'key'])(
    'of starts waits no longer than for an empty bucket after the rate was raised (%s)',
    async (whose) => {
      await using tests = new TestStore(shared);
      await setLimits(tests, { [whose]: slowRate() });
      await tests.create({ limitKey: 'a' });
      await tests.delivery();
      await tests.create({ limitKey: 'a' });
      await setLimits(tests, { [whose]: { n: 60, perMs: hourMs, burst: 2 } });
      await tests.tick();
      // Asking again and again doesn't put it off.
      for (let times = 3; times > 0; times -= 1) expect(await starts(tests)).toBe(0);

      await pass(tests, minuteMs);
      await tests.tick();

      expect(await starts(tests)).toBe(1);
    },
  );

  test.each(['all', 'key'])(
    'of starts waits no longer than for an empty bucket after the clock went back (%s)',
    async (whose) => {
      await using tests = new TestStore(shared);
      await setLimits(tests, { [whose]: slowRate() });
      await tests.create({ limitKey: 'a' });
      await tests.delivery();
      await tests.create({ limitKey: 'a' });
      const limit = whose === 'all' ? 'resize' : 'resize@a';
      await tests.redis.incrby(`${tests.root}:rate:${limit}`, 100 * hourMs * 1_000);
      await tests.redis.persist(`${tests.root}:rate:${limit}`);
      await tests.redis.zincrby(`${tests.root}:blocked`, 100 * hourMs, limit);
      expect(await starts(tests)).toBe(0);
      await mend(tests);

      await pass(tests, hourMs);
      await mend(tests);

      expect(await starts(tests)).toBe(1);
    },
  );

  test('of starts says when to try again, behind those that wait for it', async () => {
    await using tests = new TestStore(shared);
    await setLimits(tests, { all: { ...slowRate(2), c: 9, whenFull: 'REJECT' } });
    await tests.create();
    await tests.delivery();
    await tests.create();
    const full = Number(await tests.redis.get(`${tests.root}:rate:resize`)) / 1_000;

    // One start is left, and one waits for it: the next is there when the bucket holds two.
    const refused = await tests.create().catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'LIMIT_REACHED', retryAt: Math.ceil(full) });

    await setLimits(tests, { all: { ...slowRate(2), c: 1, whenFull: 'REJECT' } });
    const busy = await tests.create().catch((error: unknown) => error);
    expect(busy).toMatchObject({ code: 'LIMIT_REACHED', retryAt: undefined });
  });

  test('of a key holds across versions of the definition and for suspects', async () => {
    await using tests = new TestStore(shared);
    await setLimits(tests, { key: { c: 1 } });
    const both: Server = { worker: 'w3', lines: ['resize:v1', 'resize:v2'] };
    for (const definitionVersion of ['v1', 'v2']) await tests.create({ limitKey: 'a', definitionVersion });
    await tests.present(3, both);
    expect((await tests.delivery(both)).task.definitionVersion).toBe('v1');
    expect((await tests.begin(both)).delivery).toBeUndefined();
    await tests.expire('w3');
    await tests.tick();
    await tests.present(3, { ...both, worker: 'w4' });

    const next = await tests.delivery({ ...both, worker: 'w4' });

    expect((await tests.begin({ ...both, worker: 'w4' })).delivery).toBeUndefined();
    const { delivery } = await tests.succeed(next, tests.token(), '{}', { ...both, worker: 'w4' });
    const versions = [next, delivery].map((begun) => begun?.task.definitionVersion);
    expect(new Set(versions)).toEqual(new Set(['v1', 'v2']));
  });

  test('of a key that was lowered holds for the next one, at once', async () => {
    await using tests = new TestStore(shared);
    await setLimits(tests, { key: { c: 3 } });
    for (let count = 3; count > 0; count -= 1) await tests.create({ limitKey: 'a' });
    await tests.delivery();
    await setLimits(tests, { key: { c: 1 } });

    expect((await tests.begin()).delivery).toBeUndefined();
  });

  test('that holds up hundreds of keys at once keeps nobody from one that may start', async () => {
    await using tests = new TestStore(shared);
    await setLimits(tests, { key: { c: 1 } });
    const keys = Array.from({ length: 250 }, (_, number) => `tenant${number}`);
    await tests.store.createMany(
      tests.queue,
      keys.map((limitKey) => ({ ...plain(), limitKey })),
    );
    const pipeline = tests.redis.pipeline();
    // As if they ran something while their limit was lowered.
    for (const key of keys) pipeline.sadd(`${tests.root}:slots:resize@${key}`, 'running');
    await pipeline.exec();
    const { task } = await tests.create({ limitKey: 'free' });
    expect((await tests.present(1)).hints).toEqual([]);

    // Each call looks at a hundred of them, and so does a slot that asks; the hint that it answers with is for what comes behind them.
    const { delivery, hints } = await tests.begin();

    expect([delivery, hinted(hints)]).toEqual([undefined, [task.id]]);
    expect((await tests.delivery()).task.id).toBe(task.id);
    expect((await members(tests, 'blocked')).length).toBe(250);
  });

  test('of the queue wakes who may take what waits, whoever else is idle', async () => {
    await using tests = new TestStore(shared);
    await rulesOf(tests).limit(tests.queue, { limit: { concurrency: 2 } });
    for (let count = 5; count > 0; count -= 1)
      await tests.present(50, { worker: `other${count}`, lines: ['other:v1'] });
    await tests.present(1);

    const { task, hints } = await tests.create();

    expect(hinted(hints)).toEqual([task.id]);
  });

  test.each(['', '@', 'a@b', ' ', 'a\nb', 'é☃𝒳', '\u0000', ':v1!1@', 'k'.repeat(256), '%d[^]*'])(
    'has a key of any text: %j',
    async (limitKey) => {
      await using tests = new TestStore(shared);
      await setLimits(tests, { key: { ...slowRate(2), c: 1 } });
      await tests.present(3);
      const ids: string[] = [];
      for (let count = 3; count > 0; count -= 1) ids.push((await tests.create({ limitKey })).task.id);
      const first = await tests.delivery();
      expect([first.task.id, first.task.limitKey]).toEqual([ids[0], limitKey]);
      expect((await tests.begin()).delivery).toBeUndefined();

      const { delivery: second } = await tests.succeed(first, tests.token());

      expect(second?.task.id).toBe(ids[1]);
      if (second !== undefined) await tests.succeed(second);
      expect(await starts(tests)).toBe(0);
      await pass(tests, 2 * hourMs);
      expect(hinted((await tests.tick()).hints)).toEqual([ids[2]]);
      expect((await tests.delivery()).task.id).toBe(ids[2]);
      expect(await tests.redis.smembers(`${tests.root}:slots:resize@${limitKey}`)).toEqual([ids[2]]);
    },
  );

  test('is that of the process that started last, whoever speaks', async () => {
    await using tests = new TestStore(shared);
    const limit = async () => await tests.redis.hget(`${tests.root}:rules`, 'limit:resize');
    const [older, younger] = [{ all: { c: 1 } }, { all: { c: 2 } }];
    await setLimits(tests, older, 'resize', 1_000);
    await setLimits(tests, younger, 'resize', 2_000);
    await setLimits(tests, older, 'resize', 1_000);
    await setLimits(tests, undefined, 'resize', 1_000);
    expect(await limit()).toBe(JSON.stringify(younger));
    await tests.create({ limits: { since: 1_500, rules: JSON.stringify(older) } });
    expect(await limit()).toBe(JSON.stringify(younger));
    await tests.create({ limits: { since: 2_500, rules: JSON.stringify(older) } });
    expect(await limit()).toBe(JSON.stringify(older));

    // One without limits takes them away; one that never had any leaves nothing.
    await setLimits(tests, undefined, 'resize', 3_000);
    await setLimits(tests, undefined, 'other', 3_000);

    expect(await tests.redis.exists(`${tests.root}:rules`)).toBe(0);
    expect(await tests.redis.hkeys(`${tests.root}:rules:since`)).toEqual(['resize']);
  });

  test('may lose its key while versions change, and get it back', async () => {
    await using tests = new TestStore(shared);
    await setLimits(tests, { key: { c: 1 } });
    for (let count = 3; count > 0; count -= 1) await tests.create({ limitKey: 'a' });
    const held = await tests.delivery();
    // The new version limits all of it by one number.
    await setLimits(tests, { all: { c: 2 } });
    await tests.tick();
    const { task: unkeyed } = await tests.create({ priority: -60 });
    const second = await tests.delivery();
    expect(second.task.limitKey).toBe('a');
    expect((await tests.begin()).delivery).toBeUndefined();
    await tests.succeed(held);
    await setLimits(tests, { key: { c: 1 } });

    // What has no key isn't limited by keys; the key's second task waits for the first one.
    expect((await tests.delivery()).task.id).toBe(unkeyed.id);
    expect((await tests.begin()).delivery).toBeUndefined();
    expect((await tests.succeed(second, tests.token())).delivery?.task.limitKey).toBe('a');
  });
});

describe.each(sharedStores)('keys in $name', (shared) => {
  test('take turns: who has thousands of tasks delays nobody else by more than one', async () => {
    await using tests = new TestStore(shared);
    await setLimits(tests, { key: { c: 1_000 } });
    const { results } = await tests.store.createMany(
      tests.queue,
      Array.from({ length: 2_000 }, () => ({ ...plain(), limitKey: 'big', priority: 600 })),
    );
    expect(results).toHaveLength(2_000);
    const small = [await tests.create({ limitKey: 'small' }), await tests.create({ limitKey: 'small' })];

    const begun: string[] = [];
    for (let count = 5; count > 0; count -= 1) begun.push((await tests.delivery()).task.limitKey ?? '');

    expect(begun).toEqual(['big', 'small', 'big', 'small', 'big']);
    expect(await tests.task(small[1]?.task.id ?? '')).toMatchObject({ status: 'RUNNING' });
  });

  test('keep their turn where their first task has expired or is gone', async () => {
    await using tests = new TestStore(shared);
    await setLimits(tests, { key: { c: 9 } });
    await tests.create({ limitKey: 'a', policy: { expiresInMs: 0 } });
    const { task: gone } = await tests.create({ limitKey: 'a' });
    const { task: first } = await tests.create({ limitKey: 'a' });
    await tests.create({ limitKey: 'b' });
    await tests.vanish(gone.id);

    expect((await tests.delivery()).task.id).toBe(first.id);
  });

  test('stand behind all that came before, also after the clock went back', async () => {
    await using tests = new TestStore(shared);
    await setLimits(tests, { key: { c: 9 } });
    await tests.create({ limitKey: 'a' });
    await tests.redis.zincrby(`${tests.root}:ring:resize:v1@`, hourMs * 1_000, 'a');
    await tests.create({ limitKey: 'b' });
    await tests.create({ limitKey: 'b' });

    expect([(await tests.delivery()).task.limitKey, (await tests.delivery()).task.limitKey]).toEqual([
      'a',
      'b',
    ]);
  });

  test('leave their round with their last task', async () => {
    await using tests = new TestStore(shared);
    await setLimits(tests, { key: { c: 9 } });
    for (const limitKey of ['a', 'b', 'c']) await tests.create({ limitKey });
    const { task } = await tests.create({ limitKey: 'd' });
    await tests.store.cancel(task.id, {});
    expect(await members(tests, 'ring:resize:v1@')).toEqual(['a', 'b', 'c']);
    await rulesOf(tests).purge(tests.queue, 'resize', {});

    expect(await tests.redis.keys(`${tests.root}:ring:*`)).toEqual([]);
    expect(await members(tests, 'heads')).toEqual([]);
  });
});

test.skipIf(redisServerPath === undefined)(
  'ten thousand keys that wait for their limit cost nothing: a task takes as many commands as ever',
  async () => {
    await using server = await RedisServer.start(redisServerPath ?? '');
    await using tests = new TestStore({ url: server.url, prefix: 'tw' });
    await setLimits(tests, { key: { c: 1 } });
    await tests.present(5);
    await tests.create({ limitKey: 'free' });
    await tests.succeed(await tests.delivery());
    await oneTask(tests);
    const few = await commandsOf(tests, () => oneTask(tests));
    const pipeline = tests.redis.pipeline();
    for (let number = 9_999; number > 0; number -= 1) {
      const [key, id] = [`tenant${number}`, `images_${number}`];
      pipeline.zadd(`${tests.root}:backlog:resize:v1@${key}`, number, id);
      pipeline.sadd(`${tests.root}:slots:resize@${key}`, `${id}running`);
      pipeline.sadd(`${tests.root}:waiters:resize@${key}`, 'resize:v1@');
      pipeline.zadd(`${tests.root}:blocked`, '+inf', `resize@${key}`);
    }
    await pipeline.exec();

    const many = await commandsOf(tests, () => oneTask(tests));

    expect(few).toBeGreaterThan(50);
    // One or two more where a new piece of the flow is begun.
    expect(many).toBeLessThanOrEqual(few + 2);
  },
);

test.skipIf(redisServerPath === undefined)(
  'a limit that changes for thousands of keys that wait is looked at piece by piece, and leaves none of them out',
  async () => {
    await using server = await RedisServer.start(redisServerPath ?? '');
    await using tests = new TestStore({ url: server.url, prefix: 'tw' });
    await setLimits(tests, { key: { c: 1 } });
    const pipeline = tests.redis.pipeline();
    for (let number = 5_000; number > 0; number -= 1) {
      const key = `tenant${number}`;
      pipeline.zadd(`${tests.root}:backlog:resize:v1@${key}`, number, `images_${number}`);
      pipeline.sadd(`${tests.root}:slots:resize@${key}`, `images_${number}running`);
      pipeline.sadd(`${tests.root}:waiters:resize@${key}`, 'resize:v1@');
      pipeline.zadd(`${tests.root}:blocked`, '+inf', `resize@${key}`);
    }
    await pipeline.exec();

    const change = await commandsOf(tests, async () => void (await setLimits(tests, { key: { c: 2 } })));
    // Nothing was left behind: its turn to be looked at comes.
    expect(await tests.store.orphans(tests.queue)).not.toHaveProperty('blockedWithRoom');
    const looks: { commands: number; more: boolean }[] = [];
    do {
      let more = false;
      const commands = await commandsOf(tests, async () => {
        const { now, next } = await tests.tick();
        more = next === now;
      });
      looks.push({ commands, more });
    } while (looks.at(-1)?.more === true);

    expect(change).toBeLessThan(50);
    expect(Math.max(...looks.map(({ commands }) => commands))).toBeLessThan(3_000);
    expect(looks.length).toBeGreaterThan(20);
    expect(await members(tests, 'blocked')).toEqual([]);
    expect((await members(tests, 'ring:resize:v1@')).length).toBe(5_000);
    expect(await tests.redis.exists(`${tests.root}:relook`)).toBe(0);
  },
);

/** Created, begun, ended with nothing next, and looked after by the clock. */
async function oneTask(tests: TestStore): Promise<void> {
  await tests.create({ limitKey: 'free' });
  await tests.succeed(await tests.delivery(), tests.token());
  await tests.tick();
}

/** How many commands a server of its own was sent meanwhile, those of scripts included. */
async function commandsOf(tests: TestStore, act: () => Promise<void>): Promise<number> {
  const count = async () => {
    const stats = await tests.redis.info('commandstats');
    const calls = [...stats.matchAll(/cmdstat_(?!info|ping|client)\S+?:calls=(\d+)/g)];
    return calls.reduce((sum, [, number]) => sum + Number(number), 0);
  };
  const before = await count();
  await act();
  return (await count()) - before;
}

/** How many slots find something to start, one after the other. */
async function starts(tests: TestStore): Promise<number> {
  for (let count = 0; ; count += 1) if ((await tests.begin()).delivery === undefined) return count;
}

/** A piece of the search for what was left behind, whoever did one just now. */
async function mend(tests: TestStore): Promise<Readonly<Record<string, number>>> {
  await tests.redis.del(`${tests.root}:mending:pause`);
  return (await tests.store.mend(tests.queue)).mended;
}

function plain() {
  const id = createId('images');
  const policy = {
    maxDeliveries: 3,
    keepSuccessMs: minuteMs,
    keepFailureMs: minuteMs,
    keepLogsMs: minuteMs,
    graceMs: 1,
    attempts: 1,
    initialMs: 0,
    factor: 1,
    maxMs: 1,
    jitter: 0,
  };
  return { id, name: 'resize', definitionVersion: 'v1', owner: 'anonymous', tags: [], input: '{}', policy };
}

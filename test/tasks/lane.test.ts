import { describe, expect, test, vi } from 'vitest';
import { connect, defaultPrefix, whenReady, type RedisSettings } from '../../src/redis/connection.ts';
import { Lane, type Slot } from '../../src/tasks/lane.ts';
import { Gate } from '../support/definitions.ts';
import { RedisServer } from '../support/redis-server.ts';
import { freshSettings, redisServerPath, sharedStores, testLogger } from '../support/stores.ts';

/** A lane with a connection of its own. */
class TestLane implements AsyncDisposable {
  readonly redis;
  readonly lane: Lane;
  readonly key: (name: string) => string;

  constructor(settings: RedisSettings, queue = 'images') {
    const prefix = settings.prefix ?? defaultPrefix;
    this.redis = connect(settings, 'worker', testLogger);
    this.lane = new Lane({ queue, prefix, redis: this.redis, logger: testLogger });
    this.key = (name) => `${prefix}:bee:{${queue}}:${name}`;
  }

  /** Serves one slot; gives the hints that it gets, one by one. */
  async serve(slot: Slot = async () => undefined): Promise<() => Promise<string>> {
    const hints: string[] = [];
    let arrived = Promise.withResolvers<void>();
    await this.lane.serve(1, async (hint) => {
      hints.push(hint.id);
      arrived.resolve();
      await slot(hint);
    });
    return async () => {
      if (hints.length === 0) await arrived.promise;
      arrived = Promise.withResolvers();
      return hints.shift() ?? '';
    };
  }

  push(id: string, hint = `${id}.1`): void {
    this.lane.push([{ hint, id, delivery: 1 }]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.lane.close();
    this.redis.disconnect();
  }
}

describe.each(sharedStores)('a lane in $name', (shared) => {
  test('wakes a slot of another process', async () => {
    const settings = freshSettings(shared);
    await using server = new TestLane(settings);
    await using client = new TestLane(settings);
    const next = await server.serve();

    client.push('a');

    expect(await next()).toBe('a');
  });

  test('really talks to the configured server, by its blocking connection too', async () => {
    const settings = freshSettings(shared);
    await using server = new TestLane({ ...settings, url: `${settings.url}/3` });
    const next = await server.serve();
    server.push('a');
    expect(await next()).toBe('a');

    await vi.waitFor(async () => {
      const clients = String(await server.redis.client('LIST'));
      expect(clients).toMatch(/ db=3 .* cmd=brpoplpush /);
    });
    expect(await server.redis.exists(server.key('id'), server.key('waiting'))).toBe(0);
  });

  test('heals from a script cache that was emptied', async () => {
    await using lane = new TestLane(freshSettings(shared));
    const next = await lane.serve();
    lane.push('before');
    expect(await next()).toBe('before');

    await lane.redis.script('FLUSH');
    lane.push('after');

    expect(await next()).toBe('after');
  });

  test('stores nothing of a hint once its slot is free, and no events or results', async () => {
    await using lane = new TestLane(freshSettings(shared));
    const next = await lane.serve();
    lane.push('a');
    await next();

    await vi.waitFor(async () => {
      expect(await lane.redis.hlen(lane.key('jobs'))).toBe(0);
      expect(await lane.redis.llen(lane.key('active'))).toBe(0);
    });
    expect(await lane.redis.exists(lane.key('succeeded'), lane.key('failed'), lane.key('delayed'))).toBe(0);
  });

  test('keeps a hint active until its slot is free, and close waits for it', async () => {
    await using lane = new TestLane(freshSettings(shared));
    const gate = new Gate();
    const next = await lane.serve(() => gate.opened);
    lane.push('a');
    await next();
    expect(await lane.lane.active()).toEqual(['a.1']);

    let closed = false;
    const closing = lane.lane.close().then(() => {
      closed = true;
    });
    await lane.redis.ping();
    expect(closed).toBe(false);
    gate.open();
    await closing;
  });

  test('forgets a hint that a crash left active, but not one that still waits', async () => {
    await using lane = new TestLane(freshSettings(shared));
    lane.push('waits');
    lane.push('crashed');
    await vi.waitFor(async () => expect(await lane.redis.llen(lane.key('waiting'))).toBe(2));
    await lane.redis.lrem(lane.key('waiting'), 0, 'crashed.1');
    await lane.redis.lpush(lane.key('active'), 'crashed.1');

    await lane.lane.forget(['crashed.1', 'waits.1']);

    expect(await lane.lane.active()).toEqual([]);
    expect(await lane.redis.hkeys(lane.key('jobs'))).toEqual(['waits.1']);
  });
});

describe.skipIf(redisServerPath === undefined)('when Redis goes and returns', () => {
  test('a lane opened while it was away serves as soon as it is back', async () => {
    await using redis = await RedisServer.start(redisServerPath ?? '');
    await redis.end();
    await using lane = new TestLane({ url: redis.url });
    const serving = lane.serve();

    await redis.run();
    const next = await serving;
    lane.push('a');

    expect(await next()).toBe('a');
  });

  test('a lane goes on, also with its blocking wait, and its retry delay does not grow', async () => {
    await using redis = await RedisServer.start(redisServerPath ?? '');
    await using lane = new TestLane({ url: redis.url });
    const next = await lane.serve();
    for (const id of ['a', 'b', 'c']) {
      await redis.end('SIGKILL');
      await vi.waitFor(() => expect(lane.redis.status).not.toBe('ready'));
      await redis.run();
      await whenReady(lane.redis, AbortSignal.timeout(10_000));
      lane.push(id);
      expect(await next()).toBe(id);
    }
  });

  test('a lane opened while Redis is full serves as soon as there is room', async () => {
    await using redis = await RedisServer.start(redisServerPath ?? '', ['--maxmemory', '1']);
    await using lane = new TestLane({ url: redis.url });
    const next = await lane.serve();

    await lane.redis.config('SET', 'maxmemory', '0');
    lane.push('a');

    expect(await next()).toBe('a');
  });
});

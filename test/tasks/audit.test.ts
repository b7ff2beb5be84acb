import { expect, test } from 'vitest';
import { connect, defaultPrefix, type Redis } from '../../src/redis/connection.ts';
import { AuditLog, type AuditOptions, type NewAuditEvent } from '../../src/tasks/audit.ts';
import { freshSettings, sharedStores, testLogger } from '../support/stores.ts';

const paused: NewAuditEvent = { actor: 'ann', action: 'pauseQueue', outcome: 'OK' };

test.each(sharedStores)('no more is kept than is to be, in $name', async (shared) => {
  await using opened = Opened.in(freshSettings(shared), { entries: 200 });
  const { audit, redis, key } = opened;

  for (let n = 0; n < 10; n += 1) await Promise.all(Array.from({ length: 100 }, () => audit.record(paused)));

  const kept = await redis.xlen(key);
  expect(kept).toBeGreaterThanOrEqual(200);
  // Redis takes them away by nodes of a hundred.
  expect(kept).toBeLessThanOrEqual(300);
});

test.each(sharedStores)('nothing is kept longer than it is to be, in $name', async (shared) => {
  const settings = freshSettings(shared);
  await using old = Opened.in(settings);
  const { redis, key } = old;
  const longAgo = Date.now() - 3_600_000;
  for (let n = 0; n < 300; n += 1) await redis.xadd(key, `${longAgo}-${n}`, 'event', JSON.stringify(paused));
  await using opened = Opened.in(settings, { retentionMs: 60_000 });

  // It isn't shown any more, and is gone when the next one is written.
  expect((await old.audit.page({}, 100, undefined)).events).toHaveLength(100);
  expect((await opened.audit.page({}, 100, undefined)).events).toEqual([]);
  await opened.audit.record(paused);

  expect((await opened.audit.page({}, 100, undefined)).events).toHaveLength(1);
  expect(await redis.xlen(key)).toBeLessThanOrEqual(101);
});

test('a look for what is rare is bounded, and goes on where it ended', async () => {
  await using opened = Opened.in(freshSettings());
  const { audit, redis, key } = opened;
  const now = Date.now() - 60_000;
  const pipeline = redis.pipeline();
  for (let n = 0; n < 11_000; n += 1) {
    const event = n === 0 ? { ...paused, actor: 'rare' } : paused;
    pipeline.xadd(key, `${now}-${n}`, 'event', JSON.stringify({ ...event, count: 1 }));
  }
  await pipeline.exec();

  const first = await audit.page({ actors: ['rare'] }, 10, undefined);
  const second = await audit.page({ actors: ['rare'] }, 10, first.endCursor);

  expect(first).toMatchObject({ events: [], hasMore: true, endCursor: expect.any(String) });
  expect(second).toMatchObject({ events: [{ actor: 'rare' }], hasMore: false });
});

test('what is very long is cut', async () => {
  await using opened = Opened.in(freshSettings());
  const { audit } = opened;
  await audit.record({ ...paused, target: { kind: 'QUEUE', id: 'x'.repeat(1_000_000) } });

  const { events } = await audit.page({}, 1, undefined);

  expect(events[0]?.target?.id).toHaveLength(501);
});

test('failures of one do not hide those of another, and all of a second are told when the log is closed', async () => {
  await using opened = Opened.in(freshSettings());
  const { audit } = opened;
  const failed = { ...paused, outcome: 'FORBIDDEN' };
  await Promise.all(Array.from({ length: 100 }, () => audit.record(failed)));
  await audit.record({ ...failed, actor: 'ben' });
  await audit.close();

  const { events } = await audit.page({}, 100, undefined);

  const counts = (actor: string) => events.filter((event) => event.actor === actor).map(({ count }) => count);
  expect(counts('ann').toSorted((a, b) => a - b)).toEqual([...Array.from({ length: 10 }, () => 1), 90]);
  expect(counts('ben')).toEqual([1]);
});

/** An audit and the connection that it has. */
class Opened implements AsyncDisposable {
  readonly audit: AuditLog;
  readonly redis: Redis;
  readonly key: string;

  private constructor(audit: AuditLog, redis: Redis, key: string) {
    this.audit = audit;
    this.redis = redis;
    this.key = key;
  }

  static in(settings: ReturnType<typeof freshSettings>, options: AuditOptions = {}): Opened {
    const { prefix = defaultPrefix } = settings;
    const redis = connect(settings, 'worker', testLogger);
    return new Opened(new AuditLog(redis, prefix, testLogger, options), redis, `${prefix}:audit`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.audit.close();
    this.redis.disconnect();
  }
}

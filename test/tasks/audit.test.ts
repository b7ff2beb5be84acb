import { describe, expect, test } from 'vitest';
import { connect, defaultPrefix, type Redis } from '../../src/redis/connection.ts';
import { type AuditEvent, AuditLog, type AuditOptions, type NewAuditEvent } from '../../src/tasks/audit.ts';
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

describe.each(sharedStores)('events in $name', (shared) => {
  test('are told to all who watch as they come, whichever process wrote them, oldest first', async () => {
    const settings = freshSettings(shared);
    await using opened = Opened.in(settings);
    await using other = Opened.in(settings);
    const { audit } = opened;
    await other.audit.record({ ...paused, actor: 'before' });
    const cursor = await audit.cursor(undefined);
    await using all = audit.watch({}, cursor);
    await using bens = audit.watch({ actors: ['ben'] }, cursor);
    const first = [all.next(), bens.next()];

    await other.audit.record(paused);
    await audit.record({ ...paused, actor: 'ben' });

    const events = await taken(first[0], all, 2);
    expect(events.map(({ actor }) => actor)).toEqual(['ann', 'ben']);
    expect(await taken(first[1], bens, 1)).toMatchObject([{ actor: 'ben' }]);
  });

  test('are told from a cursor on, however many there are, in payloads that have a bound', async () => {
    await using opened = Opened.in(freshSettings(shared));
    const { audit, redis, key } = opened;
    const pipeline = redis.pipeline();
    const now = Date.now();
    for (let n = 1; n <= 1_200; n += 1) {
      pipeline.xadd(key, `${now}-${n}`, 'event', JSON.stringify({ ...paused, actor: `a${n}`, count: 1 }));
    }
    await pipeline.exec();
    await using watch = audit.watch({}, `${now}-100`);

    const sizes: number[] = [];
    const actors: unknown[] = [];
    while (actors.length < 1_100) {
      const events = (await watch.next()).value ?? [];
      sizes.push(events.length);
      actors.push(...events.map(({ actor }) => actor));
    }

    expect(sizes).toEqual([500, 500, 100]);
    expect(actors).toEqual(Array.from({ length: 1_100 }, (_, n) => `a${n + 101}`));
  });

  test('are each told once, also those that came while the connection was away', async () => {
    await using opened = Opened.in(freshSettings(shared));
    const { audit, redis, key } = opened;
    await using watch = audit.watch({}, await audit.cursor(undefined));
    const first = watch.next();
    await audit.record({ ...paused, actor: 'a0' });
    expect((await taken(first, watch, 1)).map(({ actor }) => actor)).toEqual(['a0']);

    const names = ['a1', 'a2', 'a3'];
    const rest = watch.next();
    let killed = 0;
    for (const actor of names) {
      // The one that waits is the last one to have asked for the stream.
      const clients = String(await redis.client('LIST')).split('\n');
      const waiting = clients.filter(
        (line) => line.includes(' cmd=xread ') && line.includes(`-${process.pid} `),
      );
      for (const line of waiting) await redis.client('KILL', 'ID', /^id=(\d+)/.exec(line)?.[1] ?? '');
      killed += waiting.length;
      await redis.xadd(key, '*', 'event', JSON.stringify({ ...paused, actor, count: 1 }));
    }
    expect(killed).toBeGreaterThan(0);

    expect((await taken(rest, watch, 3)).map(({ actor }) => actor)).toEqual(names);
  });
});

/** So many events, of a first payload and those that follow. */
async function taken(
  first: Promise<IteratorResult<readonly AuditEvent[], void>> | undefined,
  watch: AsyncGenerator<readonly AuditEvent[], void>,
  count: number,
): Promise<AuditEvent[]> {
  const events = [...((await first)?.value ?? [])];
  while (events.length < count) events.push(...((await watch.next()).value ?? []));
  return events;
}

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

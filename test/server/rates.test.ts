import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { defineTask } from '../../src/index.ts';
import type { RateOptions } from '../../src/server/rates.ts';
import { double } from '../support/definitions.ts';
import { freshSettings, redisServerPath } from '../support/stores.ts';
import { RedisServer } from '../support/redis-server.ts';
import { TestTokens } from '../support/tokens.ts';
import { TestApi } from './test-api.ts';
import { TestClient } from './test-client.ts';

const enqueue = 'mutation { double(input: { n: 1 }) { task { id } } }';
const run =
  'subscription($key: String!) { runDouble(input: { n: 1 }, idempotencyKey: $key) { id status attempt } }';
const batch =
  'mutation($n: [DoubleInput!]!) { doubleBatch(inputs: $n) { items { task { id } error { code } } } }';
const inputs = (count: number) => ({ n: Array.from({ length: count }, (_, n) => ({ n })) });

/** A queue of its own, beside the one of `double`. */
const print = defineTask({ name: 'print', queue: 'printer', run: () => undefined });

/** So slow that none is refilled within a test. */
const three = { perSecond: 0.001, burst: 3 };

/** Two API processes, as far as the store can tell, and one list of tokens. */
class Apis implements AsyncDisposable {
  readonly one: TestApi;
  readonly other: TestApi;
  readonly tokens: TestTokens;

  private constructor(one: TestApi, other: TestApi, tokens: TestTokens) {
    this.one = one;
    this.other = other;
    this.tokens = tokens;
  }

  static async start(rates: RateOptions): Promise<Apis> {
    const tokens = new TestTokens();
    const options = { redis: freshSettings(), workers: 0, authenticator: tokens, rates };
    const one = await TestApi.start([double, print], options);
    return new Apis(one, await TestApi.start([double, print], options), tokens);
  }

  /** A client of each, who is the same owner. */
  clients(owner: string): [TestClient, TestClient] {
    const token = this.tokens.make(owner);
    return [new TestClient(this.one.origin, token), new TestClient(this.other.origin, token)];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.one[Symbol.asyncDispose]();
    await this.other[Symbol.asyncDispose]();
  }
}

const rateLimited = [{ extensions: { code: 'RATE_LIMITED' } }];
const tooMany = [{ extensions: { code: 'TOO_MANY_WAITING' } }];

describe('an owner who enqueues too often', () => {
  let apis: Apis;
  let owners = 0;
  beforeAll(async () => {
    apis = await Apis.start({ enqueues: three });
  });
  afterAll(() => apis[Symbol.asyncDispose]());
  const clients = () => apis.clients(`owner${(owners += 1)}`);

  test('is refused by every API, and told when to try again', async () => {
    const [one, other] = clients();
    for (const client of [one, other, one]) expect((await client.http(enqueue)).errors).toBeUndefined();

    const response = await other.post({ query: enqueue });

    expect(response.status).toBe(429);
    const { errors } = (await response.json()) as { errors: { extensions: Record<string, unknown> }[] };
    const { code, retryAfter, ...others } = errors[0]?.extensions ?? {};
    expect({ code, others }).toEqual({ code: 'RATE_LIMITED', others: {} });
    expect(retryAfter).toBeGreaterThan(900);
    expect(retryAfter).toBeLessThanOrEqual(1_000);
    expect(response.headers.get('retry-after')).toBe(String(retryAfter));
  });

  test('holds up nobody else', async () => {
    const [one] = clients();
    const [another] = clients();
    await Promise.all([1, 2, 3, 4].map(() => one.http(enqueue)));

    expect((await one.http(enqueue)).errors).toMatchObject(rateLimited);
    expect((await another.http(enqueue)).errors).toBeUndefined();
  });

  test('gets exactly as many as there is room for, of those that come at once', async () => {
    const [one, other] = clients();

    const results = await Promise.all(
      Array.from({ length: 20 }, (_, n) => (n % 2 === 0 ? one : other).http(enqueue)),
    );

    expect(results.filter(({ errors }) => errors === undefined)).toHaveLength(3);
  });

  test('is told the same over WebSocket and by events, of runs as well', async () => {
    const [one, other] = clients();
    for (const client of [one, other, one]) await client.http(enqueue);

    const answers = [
      await one.overSocket(enqueue),
      await one.overSocket(run, { key: 'a' }),
      ...(await Array.fromAsync(other.sse(run, { key: 'b' }))),
    ];

    for (const { errors } of answers) {
      expect(errors).toMatchObject([
        { extensions: { code: 'RATE_LIMITED', retryAfter: expect.any(Number) } },
      ]);
      expect(errors?.[0]?.extensions).not.toHaveProperty('http');
    }
    expect(answers).toHaveLength(3);
  });

  test('pays one for a batch, and a hundredth for each of its items', async () => {
    const [one] = clients();

    expect((await one.http(batch, inputs(90))).errors).toBeUndefined();
    // 1.9 of 3 are spent, and 1.1 left.
    expect((await one.http(batch, inputs(20))).errors).toMatchObject(rateLimited);
    expect((await one.http(batch, inputs(5))).errors).toBeUndefined();
    expect((await one.http(enqueue)).errors).toMatchObject(rateLimited);
  });

  test('pays for replays, one by one and by a filter, and for runs of a schedule', async () => {
    const [one] = clients();
    const { data } = await one.http(enqueue);
    const { id } = data.double.task;
    await one.http('mutation($id: ID!) { cancelTask(id: $id) { accepted } }', { id });
    const replay = 'mutation($id: ID!) { replayTask(id: $id) { task { id } } }';
    const replays = `mutation {
      replayTasks(filter: { names: "double" }) { results { task { id } error { code } } }
    }`;
    const made = await one.http(`mutation {
      createSchedule(definition: "double", schedule: { every: "1h" }, input: { n: 1 }) { schedule { id } }
    }`);
    const now = 'mutation($id: ID!) { runScheduleNow(id: $id) { task { id } } }';

    expect((await one.http(replay, { id })).errors).toBeUndefined();
    expect((await one.http(replay, { id })).errors).toBeUndefined();
    expect((await one.http(replay, { id })).errors).toMatchObject(rateLimited);
    expect((await one.http(replays)).data.replayTasks.results).toMatchObject([
      { task: null, error: { code: 'RATE_LIMITED' } },
    ]);
    expect((await one.http(now, made.data.createSchedule.schedule)).errors).toMatchObject(rateLimited);
  });
});

test('an owner who has waited for it may enqueue again', async () => {
  await using apis = await Apis.start({ enqueues: { perSecond: 20, burst: 2 } });
  const [one] = apis.clients('ann');
  const all = await Promise.all(Array.from({ length: 10 }, () => one.http(enqueue)));
  const refused = all.filter(({ errors }) => errors !== undefined);
  expect(refused.length).toBeGreaterThan(0);

  await expect.poll(async () => (await one.http(enqueue)).errors, { interval: 60 }).toBeUndefined();
});

test('where nobody signs in, nobody is held up', async () => {
  await using api = await TestApi.start([double], {
    workers: 0,
    rates: { enqueues: { perSecond: 0.001, burst: 1 }, maxWaitingPerOwner: 1, unauthenticated: 1 },
  });

  for (const _ of [1, 2, 3]) expect((await api.http(enqueue)).errors).toBeUndefined();
});

test('bounds can be switched off, each by itself', async () => {
  await using apis = await Apis.start({ enqueues: false, maxWaitingPerOwner: 2 });
  const [one] = apis.clients('ann');

  expect((await one.http(batch, inputs(100))).data.doubleBatch.items).toHaveLength(100);
  expect((await one.http(enqueue)).errors).toMatchObject(tooMany);
});

describe('an owner of whose tasks as many wait as may', () => {
  let apis: Apis;
  let owners = 0;
  beforeAll(async () => {
    apis = await Apis.start({ maxWaitingPerOwner: 4 });
  });
  afterAll(() => apis[Symbol.asyncDispose]());
  const clients = () => apis.clients(`owner${(owners += 1)}`);
  const printOne = 'mutation { print { task { id } } }';

  test('is refused by every API, whichever queues they wait in, and may go on when one has begun', async () => {
    const [one, other] = clients();
    const { data } = await one.http(enqueue);
    await other.http(enqueue);
    await one.http('mutation { double(input: { n: 1 }, options: { delay: "1h" }) { task { id } } }');
    await other.http(printOne);

    for (const client of [one, other]) {
      expect((await client.http(enqueue)).errors).toMatchObject(tooMany);
      expect((await client.http(printOne)).errors).toMatchObject(tooMany);
    }
    await one.http('mutation($id: ID!) { cancelTask(id: $id) { accepted } }', data.double.task);

    expect((await other.http(printOne)).errors).toBeUndefined();
    expect((await one.http(printOne)).errors).toMatchObject(tooMany);
  });

  test('gets exactly as many as there is room for, of those that come at once', async () => {
    const [one, other] = clients();

    const results = await Promise.all(
      Array.from({ length: 20 }, (_, n) => (n % 2 === 0 ? one : other).http(enqueue)),
    );

    expect(results.filter(({ errors }) => errors === undefined)).toHaveLength(4);
  });

  test('is told of each item of a batch which one has no room', async () => {
    const [one] = clients();

    const { data } = await one.http(batch, inputs(6));

    const codes = data.doubleBatch.items.map(
      ({ error }: { error: { code: string } | null }) => error?.code ?? 'OK',
    );
    expect(codes).toEqual(['OK', 'OK', 'OK', 'OK', 'TOO_MANY_WAITING', 'TOO_MANY_WAITING']);
  });

  test('still follows what it has enqueued, by the same key', async () => {
    const [one, other] = clients();
    const first = await anEvent(one, 'mine');
    await one.http(batch, inputs(3));
    expect((await one.http(enqueue)).errors).toMatchObject(tooMany);

    expect(await anEvent(other, 'mine')).toEqual(first);
    expect(await anEvent(other, 'another')).toMatchObject({ errors: tooMany });
  });
});

/** The first event of a run. */
async function anEvent(client: TestClient, key: string) {
  for await (const result of client.ws(run, { key })) return result;
  return undefined;
}

describe('an address that shows no valid credentials', () => {
  const ask = { query: '{ __typename }' };

  test('is told 401 as often as it may, then 429 by every API, and whoever signs in is not held up', async () => {
    await using apis = await Apis.start({ unauthenticated: 3 });
    const [known] = apis.clients('ann');
    const one = new TestClient(apis.one.origin);
    const other = new TestClient(apis.other.origin, 'nonsense');

    const statuses = [];
    for (const client of [one, other, one, other, one]) statuses.push((await client.post(ask)).status);
    const refused = await other.post(ask);

    expect(statuses).toEqual([401, 401, 401, 429, 429]);
    const retryAfter = Number(refused.headers.get('retry-after'));
    expect(retryAfter).toBeGreaterThan(15);
    expect(retryAfter).toBeLessThanOrEqual(20);
    expect(await refused.json()).toMatchObject({
      errors: [{ extensions: { code: 'RATE_LIMITED', retryAfter } }],
    });
    expect((await known.post(ask)).status).toBe(200);
  });

  test('is told so by a socket that is closed with 4429', async () => {
    await using apis = await Apis.start({ unauthenticated: 2 });
    const init = async () => {
      const socket = new WebSocket(apis.one.socketUrl, 'graphql-transport-ws');
      await once(socket, 'open');
      socket.send(JSON.stringify({ type: 'connection_init' }));
      return (await once(socket, 'close')) as [number, Buffer];
    };

    const codes = [];
    for (const _ of [1, 2]) codes.push((await init())[0]);
    const [code, reason] = await init();

    expect(codes).toEqual([4403, 4403]);
    expect(code).toBe(4429);
    expect(String(reason)).toMatch(/^too many requests: try again in \d+ s$/);
  });

  test.skipIf(redisServerPath === undefined)('is counted by each API alone while Redis is away', async () => {
    await using redis = await RedisServer.start(redisServerPath ?? '');
    await using api = await TestApi.start([double], {
      redis: { url: redis.url },
      workers: 0,
      authenticator: new TestTokens(),
      rates: { unauthenticated: 2 },
    });
    await redis.end('SIGKILL');

    const statuses = [];
    for (const _ of [1, 2, 3]) statuses.push((await new TestClient(api.origin).post(ask)).status);

    expect(statuses).toEqual([401, 401, 429]);
  });
});

import { afterAll, beforeAll, expect, test } from 'vitest';
import { double } from '../support/definitions.ts';
import { RedisServer } from '../support/redis-server.ts';
import { redisServerPath } from '../support/stores.ts';
import { TestApi } from './test-api.ts';
import type { Result } from './test-client.ts';

let api: TestApi;

beforeAll(async () => {
  api = await TestApi.start([double], { workers: 0 });
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
});

const members = '{ check level queue definition found todo }';

/** The first event that has, or hasn't, a finding of a check. */
async function until(results: AsyncGenerator<Result>, check: string, isThere = true): Promise<Result> {
  for (;;) {
    const { value } = await results.next();
    const { data }: Result = value ?? {};
    if (data === undefined) throw new Error(`the subscription ended with ${JSON.stringify(value)}`);
    const checks = data.findingsUpdated.map((finding: { check: string }) => finding.check);
    if (checks.includes(check) === isThere) return data.findingsUpdated;
  }
}

test('what needs attention is asked for, and followed by several at once', async () => {
  const subscription = `subscription { findingsUpdated ${members} }`;
  const [one, two] = [api.ws(subscription), api.sse(subscription)];
  await Promise.all([until(one, 'pause', false), until(two, 'pause', false)]);

  await api.enqueueDouble(1);
  await api.http('mutation { pauseQueue(name: "default", reason: "for now") { queue { name } } }');
  const [told] = await Promise.all([until(one, 'pause'), until(two, 'pause')]);

  const pause = {
    check: 'pause',
    level: 'WARNING',
    queue: 'default',
    definition: null,
    found: expect.stringMatching(/^paused by anonymous .* ago: for now \(1 task waiting\)$/),
    todo: "Go on by 'taskwire resume default'.",
  };
  expect(told).toContainEqual(pause);
  const { data } = await api.http(`{ findings ${members} }`);
  expect(data.findings).toContainEqual(pause);
  await Promise.all([one.return(undefined), two.return(undefined)]);
});

test('the store is told with its round trip as a duration', async () => {
  const { data, errors } = await api.http(
    `{ store { name version isEmbedded role roundTrip usedMemoryBytes maxMemoryBytes evictionPolicy isPersistent
      persistence connectedClients uptime keys } }`,
  );

  expect(errors).toBeUndefined();
  expect(data.store).toMatchObject({
    name: expect.stringMatching(/^(Redis|Valkey)$/),
    role: 'master',
    roundTrip: expect.stringMatching(/^PT[\d.]+S$/),
    isPersistent: expect.any(Boolean),
    uptime: expect.stringMatching(/^PT\d+S$/),
  });
});

test.skipIf(redisServerPath === undefined)(
  'while the store is away a question is UNAVAILABLE, and a subscription says so as a failure and goes on',
  async () => {
    await using server = await RedisServer.start(redisServerPath ?? '');
    await using api = await TestApi.start([double], { redis: { url: server.url }, workers: 0 });
    const events = api.ws(`subscription { findingsUpdated ${members} }`);
    await until(events, 'reachable', false);

    await server.end('SIGKILL');

    expect(await until(events, 'reachable')).toMatchObject([
      { level: 'FAILURE', queue: null, found: "the store doesn't answer" },
    ]);
    for (const field of [`findings ${members}`, 'store { name }']) {
      const { errors } = await api.http(`{ ${field} }`);
      expect(errors?.[0]?.extensions).toMatchObject({ code: 'UNAVAILABLE' });
    }
    await server.run();
    await until(events, 'reachable', false);
    await events.return(undefined);
  },
);

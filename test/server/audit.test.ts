import pino from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildSchema } from '../../src/graphql/schema.ts';
import { connect, defaultPrefix } from '../../src/redis/connection.ts';
import { double } from '../support/definitions.ts';
import { operationOf, rootFields } from '../support/generated-operations.ts';
import { freshSettings, testLogger } from '../support/stores.ts';
import { TestTokens } from '../support/tokens.ts';
import { TestApi } from './test-api.ts';
import { TestClient } from './test-client.ts';

const eventsOf = `query($filter: AuditEventFilter, $first: Int, $after: String) {
  auditEvents(filter: $filter, first: $first, after: $after) {
    nodes { id at actor credential action target { kind id } outcome reason address count }
    edges { cursor node { id } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}`;

const tokens = new TestTokens();
const redis = freshSettings();
const options = { redis, workers: 0, authenticator: tokens };
let one: TestApi;
let other: TestApi;
let admin: TestClient;
beforeAll(async () => {
  one = await TestApi.start([double], options);
  other = await TestApi.start([double], options);
  admin = new TestClient(other.origin, tokens.make('root'));
});
afterAll(async () => {
  await one[Symbol.asyncDispose]();
  await other[Symbol.asyncDispose]();
});

/** The events of an owner, as an admin sees them by the other API, newest first. */
async function eventsBy(actor: string, filter: object = {}, client = admin) {
  const { data, errors } = await client.http(eventsOf, {
    filter: { actors: [actor], ...filter },
    first: 100,
  });
  expect(errors).toBeUndefined();
  return data.auditEvents.nodes as Record<string, unknown>[];
}

const enqueue = 'mutation($n: Int!) { double(input: { n: $n }) { task { id } } }';
const cancel =
  'mutation($id: ID!, $reason: String) { cancelTask(id: $id, reason: $reason) { accepted task { id } } }';

test('who did what to which, when, why and from where is told by every API', async () => {
  const ann = new TestClient(one.origin, tokens.make('ann'));
  const { data } = await ann.http(enqueue, { n: 1 });
  const { id } = data.double.task;
  const before = Date.now();
  await ann.http(cancel, { id, reason: 'a mistake' });
  await ann.http(cancel, { id });

  const [second, first, ...others] = await eventsBy('ann');

  expect(others).toEqual([]);
  expect(first).toEqual({
    id: expect.stringMatching(/^\d+-\d+$/),
    at: expect.any(String),
    actor: 'ann',
    credential: expect.stringMatching(/^token:\d+$/),
    action: 'cancelTask',
    target: { kind: 'TASK', id },
    outcome: 'OK',
    reason: 'a mistake',
    address: '127.0.0.1',
    count: 1,
  });
  // Redis' clock, on this machine.
  expect(Math.abs(Date.parse(String(first?.['at'])) - before)).toBeLessThan(5_000);
  expect(second).toMatchObject({ outcome: 'NOT_ACCEPTED', reason: null });
});

test('it is told over which address, whatever the transport', async () => {
  const ivy = new TestClient(one.origin, tokens.make('ivy'));
  await ivy.overSocket(cancel, { id: 'none' });
  await ivy.post(
    { query: cancel, variables: { id: 'none' } },
    { 'content-type': 'application/graphql+json' },
  );
  await ivy.post({ query: cancel, variables: { id: 'none' }, more: 1 });

  const events = await eventsBy('ivy');

  expect(events.map(({ address, outcome }) => [address, outcome])).toEqual([
    ['127.0.0.1', 'TASK_NOT_FOUND'],
    ['127.0.0.1', 'TASK_NOT_FOUND'],
  ]);
});

test('every mutation there is is written down, but those that enqueue', async () => {
  const eve = new TestClient(one.origin, tokens.make('eve'));
  const mutations = rootFields(buildSchema([double])).filter(({ kind }) => kind === 'mutation');
  for (const root of mutations) {
    const { query, variables } = operationOf(root);
    // As little as possible, whatever a document may ask for.
    const least = query.replace(/ \{ __typename .*$/s, ' { __typename } }');
    const { errors = [] } = await eve.http(least, variables);
    expect(errors.map(({ extensions }) => extensions?.['code'])).not.toContain('BAD_REQUEST');
  }

  const events = await eventsBy('eve');

  const enqueues = mutations.filter(({ field }) => field.extensions['enqueuesTasks'] === true);
  expect(enqueues.map(({ field }) => field.name)).toContain('double');
  const wanted = mutations.filter((root) => !enqueues.includes(root)).map(({ field }) => field.name);
  expect(events.map(({ action }) => String(action)).toSorted()).toEqual(wanted.toSorted());
});

test('what was made is the target, and many of a filter are by that', async () => {
  const cid = new TestClient(one.origin, tokens.make('cid'));
  const made = await cid.http(`mutation {
    createSchedule(definition: "double", schedule: { every: "1h" }, input: { n: 1 }) { schedule { id } }
  }`);
  const { id } = made.data.createSchedule.schedule;
  await cid.http('mutation($id: ID!) { pauseSchedule(id: $id, reason: "rest") { accepted } }', { id });
  await cid.http('mutation { pauseQueue(name: "default") { queue { name } } }');
  await cid.http('mutation { resumeQueue(name: "default") { queue { name } } }');
  await cid.http('mutation { cancelTasks(filter: { tags: "old" }, dryRun: true) { totalCount { count } } }');

  const events = await eventsBy('cid');

  expect(events.map(({ action, target, outcome, reason }) => [action, target, outcome, reason])).toEqual([
    ['cancelTasks', { kind: 'TASK', id: '{"tags":["old"]}' }, 'DRY_RUN', null],
    ['resumeQueue', { kind: 'QUEUE', id: 'default' }, 'OK', null],
    ['pauseQueue', { kind: 'QUEUE', id: 'default' }, 'OK', null],
    ['pauseSchedule', { kind: 'SCHEDULE', id }, 'OK', 'rest'],
    ['createSchedule', { kind: 'SCHEDULE', id: 'double' }, 'OK', null],
  ]);
});

test('what is refused is written down, queries and subscriptions as well', async () => {
  const bob = new TestClient(one.origin, tokens.make('bob', undefined, ['tasks:read']));
  await bob.http(enqueue, { n: 1 });
  await bob.http(cancel, { id: 'none' });
  await bob.http('{ auditEvents { nodes { id } } }');
  await Array.fromAsync(bob.sse('subscription { runDouble(input: { n: 1 }, idempotencyKey: "a") { id } }'));

  const events = await eventsBy('bob', { outcomes: ['FORBIDDEN'] });

  expect(events.map(({ action }) => action)).toEqual(['runDouble', 'auditEvents', 'cancelTask', 'double']);
});

test('it is read by who is admin alone', async () => {
  const others = new TestClient(
    one.origin,
    tokens.make('dan', undefined, ['tasks:read', 'tasks:write', 'queues:manage']),
  );

  expect((await others.http('{ auditEvents { nodes { id } } }')).errors).toMatchObject([
    { extensions: { code: 'FORBIDDEN' } },
  ]);
});

test('it is read page by page, and by what is looked for', async () => {
  const fay = new TestClient(one.origin, tokens.make('fay'));
  for (const n of [1, 2, 3, 4, 5]) await fay.http(cancel, { id: `none${n}` });
  const page = async (given: object) =>
    (await admin.http(eventsOf, { filter: { actors: ['fay'] }, ...given })).data.auditEvents;

  const first = await page({ first: 2 });
  const second = await page({ first: 2, after: first.pageInfo.endCursor });
  const third = await page({ first: 2, after: second.edges[1].cursor });

  const targets = [first, second, third].map(({ nodes }) =>
    nodes.map(({ target }: { target: { id: string } }) => target.id),
  );
  expect(targets).toEqual([['none5', 'none4'], ['none3', 'none2'], ['none1']]);
  expect(first.pageInfo).toMatchObject({ hasNextPage: true, hasPreviousPage: false });
  expect(third.pageInfo).toMatchObject({ hasNextPage: false, hasPreviousPage: true });
  const middle = first.nodes[1].at as string;
  expect((await eventsBy('fay', { to: middle })).length).toBeLessThan(5);
  expect(await eventsBy('fay', { from: new Date(Date.now() + 60_000).toISOString() })).toEqual([]);
  expect(await eventsBy('fay', { targets: ['none3'] })).toHaveLength(1);
  expect(await eventsBy('fay', { actions: ['retryTask'] })).toEqual([]);
});

test.each([
  [{ first: 0 }, ['first']],
  [{ first: 101 }, ['first']],
  [{ after: 'nonsense' }, ['after']],
  [{ filter: { actors: Array.from({ length: 101 }, () => 'a') } }, ['filter', 'actors']],
])('%j is BAD_USER_INPUT', async (variables, path) => {
  const { errors } = await admin.http(eventsOf, variables);

  expect(errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT', issues: [{ path }] } }]);
});

test('behind a proxy that is trusted, the address is the one that it tells', async () => {
  await using api = await TestApi.start([double], { ...options, redis: freshSettings(), trustProxy: 1 });
  const jon = new TestClient(api.origin, tokens.make('jon'));
  const from = { 'x-forwarded-for': '10.9.9.9, 192.0.2.7' };
  await jon.http(cancel, { id: 'none' }, from);
  await new TestClient(api.origin).http('{ __typename }', {}, from);

  const { data } = await jon.http(eventsOf);

  expect(data.auditEvents.nodes).toMatchObject([{ address: '192.0.2.7' }, { address: '192.0.2.7' }]);
});

describe('those who can not sign in', () => {
  test('are written down with their address, and what they showed is not', async () => {
    const settings = freshSettings();
    await using api = await TestApi.start([double], { ...options, redis: settings });
    await new TestClient(api.origin, 'needle').http('{ __typename }');

    const { data } = await new TestClient(api.origin, tokens.make('root')).http(eventsOf);

    expect(data.auditEvents.nodes).toMatchObject([
      {
        actor: null,
        credential: null,
        action: 'AUTHENTICATION_FAILED',
        target: null,
        outcome: 'UNAUTHENTICATED',
        address: '127.0.0.1',
      },
    ]);
    expect(JSON.stringify(data)).not.toContain('needle');
  });

  test('are counted where they come too fast, so that they push nothing else out', async () => {
    const settings = freshSettings();
    await using api = await TestApi.start([double], {
      ...options,
      redis: settings,
      rates: { unauthenticated: 30 },
    });
    const nobody = new TestClient(api.origin, 'nonsense');
    const reader = new TestClient(api.origin, tokens.make('root'));
    for (let n = 0; n < 6; n += 1) {
      await Promise.all(Array.from({ length: 50 }, () => nobody.http('{ __typename }')));
    }

    await expect
      .poll(
        async () => {
          const { data } = await reader.http(eventsOf, { first: 100 });
          const counts = data.auditEvents.nodes.map(({ count }: { count: number }) => count) as number[];
          return { sum: counts.reduce((sum, count) => sum + count, 0), isShort: counts.length < 80 };
        },
        { timeout: 5_000 },
      )
      .toEqual({ sum: 300, isShort: true });
  });
});

test('enqueues are written down where that is asked for, without their inputs and tokens', async () => {
  const settings = freshSettings();
  await using api = await TestApi.start([double], {
    ...options,
    redis: settings,
    audit: { enqueues: true },
  });
  const gil = new TestClient(api.origin, tokens.make('gil'));
  await gil.http('mutation { double(input: { n: 4711 }, options: { tags: "needle" }) { task { id } } }');
  await gil.http('mutation { double(input: { n: 4711 }, options: { idempotencyKey: "" }) { task { id } } }');
  for await (const _ of gil.ws('subscription { runDouble(input: { n: 4711 }, idempotencyKey: "k") { id } }'))
    break;

  const { data } = await gil.http(eventsOf);

  const events = data.auditEvents.nodes as { action: string; outcome: string }[];
  expect(events.map(({ action, outcome }) => [action, outcome])).toEqual([
    ['runDouble', 'OK'],
    ['double', 'BAD_USER_INPUT'],
    ['double', 'OK'],
  ]);
  const reader = connect(settings, 'worker', testLogger);
  const kept = JSON.stringify(await reader.xrange(`${settings.prefix ?? defaultPrefix}:audit`, '-', '+'));
  reader.disconnect();
  expect(kept).not.toContain('4711');
  expect(kept).not.toContain('needle');
});

test('an action stands where it can not be written down, and goes to the log as a whole', async () => {
  const settings = freshSettings();
  const lines: string[] = [];
  const logger = pino({ level: 'warn' }, { write: (line: string) => void lines.push(line) });
  await using api = await TestApi.start([double], { ...options, redis: settings, logger });
  const hal = new TestClient(api.origin, tokens.make('hal'));
  const { data } = await hal.http(enqueue, { n: 1 });
  const { id } = data.double.task;
  const operator = connect(settings, 'worker', testLogger);
  await operator.set(`${settings.prefix ?? defaultPrefix}:audit`, 'no stream');
  operator.disconnect();

  const answer = await hal.http(cancel, { id, reason: 'a mistake' });

  expect(answer.data.cancelTask.accepted).toBe(true);
  const told = lines.map((line) => JSON.parse(line) as { msg: string; audit?: object });
  expect(told.find(({ msg }) => msg.startsWith('an audit event could not be kept'))?.audit).toMatchObject({
    actor: 'hal',
    action: 'cancelTask',
    target: { kind: 'TASK', id },
    outcome: 'OK',
    reason: 'a mistake',
  });
});

test('where nobody signs in, it is written down as well', async () => {
  await using api = await TestApi.start([double], { workers: 0 });
  const id = await api.enqueueDouble(1);
  await api.http(cancel, { id });

  const { data } = await api.http(eventsOf);

  expect(data.auditEvents.nodes).toMatchObject([
    { actor: 'anonymous', credential: 'open', action: 'cancelTask', target: { id } },
  ]);
});

test('events are followed as they come, by admins, from the last one that they know on', async () => {
  const zoe = new TestClient(one.origin, tokens.make('zoe'));
  const query = `subscription ($filter: AuditEventFilter, $after: String) {
    auditEventsAppended(filter: $filter, after: $after) { id actor action outcome target { id } }
  }`;
  await zoe.http(cancel, { id: 'none' });
  const [last] = await eventsBy('zoe');
  const following = admin.ws(query, { filter: { actors: ['zoe'], outcomes: ['OK'] }, after: last?.['id'] });
  const first = following.next();
  const { data } = await zoe.http(enqueue, { n: 1 });
  const { id } = data.double.task;
  await zoe.http(cancel, { id });

  expect((await first).value).toEqual({
    data: {
      auditEventsAppended: [
        { id: expect.any(String), actor: 'zoe', action: 'cancelTask', outcome: 'OK', target: { id } },
      ],
    },
  });
  await following.return(undefined);
  const { errors } = await admin.overSocket('subscription { auditEventsAppended(after: "x") { id } }');
  expect(errors?.[0]?.extensions).toMatchObject({ code: 'BAD_USER_INPUT', issues: [{ path: ['after'] }] });
});

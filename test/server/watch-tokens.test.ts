import { afterAll, beforeAll, expect, test } from 'vitest';
import { defineTask } from '../../src/index.ts';
import { double } from '../support/definitions.ts';
import { TestTokens } from '../support/tokens.ts';
import { TestApi } from './test-api.ts';
import { type Result, TestClient } from './test-client.ts';

/** Takes every other number. */
const even = defineTask({
  name: 'even',
  input: (t) => ({ n: t.int({ required: true }) }),
  validate: ({ n }) => (n % 2 === 0 ? undefined : 'Expected an even number.'),
  run: () => undefined,
});

/** Lets nobody cancel, and not everybody read. */
const kept = defineTask({
  name: 'kept',
  authorize: ({ action, viewer }) => action === 'ENQUEUE' || (action === 'READ' && viewer.owner === 'reads'),
  run: () => undefined,
});

const tokens = new TestTokens();
let api: TestApi;
let backend: TestClient;

beforeAll(async () => {
  api = await TestApi.start([double, even, kept], { authenticator: tokens });
  backend = clientOf(tokens.make('acme'));
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
});

/** Somebody who shows a token. */
function clientOf(token: string): TestClient {
  return new TestClient(api.origin, token);
}

function codes({ errors }: Result): unknown[] {
  return (errors ?? []).map(({ extensions }) => extensions?.['code']);
}

const enqueueDouble = `mutation ($n: Int!, $rights: [WatchRight!], $expiresIn: Duration) {
  double(input: { n: $n }) {
    task { id }
    watchToken(rights: $rights, expiresIn: $expiresIn) { token expiresAt rights }
  }
}`;

/** Enqueues a task at the backend, and gives its id and who watches it in a browser. */
async function handOut(rights?: readonly string[]) {
  const { data } = await backend.http(enqueueDouble, { n: 21, rights });
  const { task, watchToken } = data.double;
  return { id: task.id as string, browser: clientOf(watchToken.token as string) };
}

const status = 'query ($id: ID!) { task(id: $id) { id status } }';

test('the mutation that enqueues a task hands out a token, by which its status and output are read', async () => {
  const before = Date.now();
  const { data, errors } = await backend.http(
    'mutation { double(input: { n: 21 }, options: { wait: "1m" }) { task { id } watchToken { token expiresAt rights } } }',
  );
  expect(errors).toBeUndefined();
  const { task, watchToken } = data.double;

  expect(watchToken.token).toMatch(/^tww_/);
  expect(watchToken.rights).toEqual(['STATUS', 'OUTPUT']);
  const lasts = Date.parse(watchToken.expiresAt) - before;
  expect(lasts).toBeGreaterThan(3_500_000);
  expect(lasts).toBeLessThan(3_700_000);
  const seen = await clientOf(watchToken.token).http(
    'query ($id: ID!) { task(id: $id) { status ... on DoubleTask { output { n } } } }',
    task,
  );
  expect(seen).toEqual({ data: { task: { status: 'SUCCEEDED', output: { n: 42 } } } });
});

test('every payload of what enqueues has one: items of batches, replays, and runs of schedules by hand', async () => {
  const batch = await backend.http(`mutation {
    doubleBatch(inputs: [{ n: 1 }, { n: 2 }]) { items { task { id } watchToken { token } } }
  }`);
  const [first, second] = batch.data.doubleBatch.items;
  const replay = await backend.http(
    'mutation ($id: ID!) { replayTask(id: $id) { task { id } watchToken { token } } }',
    first.task,
  );
  const made = await backend.http(
    'mutation { createSchedule(definition: "double", schedule: { every: "1d" }, input: { n: 3 }) { schedule { id } } }',
  );
  const run = await backend.http(
    'mutation ($id: ID!) { runScheduleNow(id: $id) { task { id } watchToken { token } } }',
    made.data.createSchedule.schedule,
  );
  await backend.http(
    'mutation ($id: ID!) { deleteSchedule(id: $id) { schedule { id } } }',
    made.data.createSchedule.schedule,
  );

  for (const { task, watchToken } of [first, second, replay.data.replayTask, run.data.runScheduleNow]) {
    const { data } = await clientOf(watchToken.token).http(status, task);
    expect(data.task.id).toBe(task.id);
  }
});

test('an item of a batch that was refused has none', async () => {
  const { data, errors } = await backend.http(`mutation {
    evenBatch(inputs: [{ n: 1 }, { n: 2 }]) { items { watchToken { token } error { code } } }
  }`);

  expect(errors).toBeUndefined();
  expect(data.evenBatch.items).toEqual([
    { watchToken: null, error: { code: 'BAD_USER_INPUT' } },
    { watchToken: { token: expect.stringMatching(/^tww_/) as string }, error: null },
  ]);
});

test('each of the thousand items of a batch may have one', async () => {
  const { data, errors } = await backend.http(
    `mutation ($inputs: [DoubleInput!]!) {
      doubleBatch(inputs: $inputs, options: { delay: "1h" }) {
        items { task { id } watchToken { token expiresAt } error { code } }
      }
    }`,
    { inputs: Array.from({ length: 1_000 }, (_, n) => ({ n })) },
  );

  expect(errors).toBeUndefined();
  const { items } = data.doubleBatch;
  const given = new Set(items.map((item: { watchToken: { token: string } }) => item.watchToken.token));
  expect(given.size).toBe(1_000);
});

const create = `mutation ($id: ID!, $rights: [WatchRight!]) {
  createWatchToken(taskId: $id, rights: $rights, expiresIn: "1m") { watchToken { token rights } }
}`;

test('a token is made later for a task that is there', async () => {
  const { id } = await handOut();

  const { data } = await backend.http(create, { id, rights: ['STATUS'] });
  const { token, rights } = data.createWatchToken.watchToken;

  expect(rights).toEqual(['STATUS']);
  expect((await clientOf(token).http(status, { id })).data.task.id).toBe(id);
  const missing = await backend.http(create, { id: id.replace(/.{20}$/, 'z'.repeat(20)) });
  expect(codes(missing)).toEqual(['TASK_NOT_FOUND']);
});

test('nobody hands out what it may not do itself', async () => {
  const { id } = await handOut();
  const reader = clientOf(tokens.make('acme', undefined, ['tasks:read']));
  const writer = clientOf(tokens.make('acme', undefined, ['tasks:write']));

  expect(codes(await reader.http(create, { id, rights: ['STATUS', 'OUTPUT', 'LOGS'] }))).toEqual([]);
  expect(codes(await reader.http(create, { id, rights: ['CANCEL'] }))).toEqual(['FORBIDDEN']);
  expect(codes(await writer.http(create, { id, rights: ['CANCEL'] }))).toEqual(['FORBIDDEN']);
  // What a mutation answers is shown to whoever may call it, and so may be handed on.
  expect(codes(await writer.http(enqueueDouble, { n: 1, rights: ['STATUS', 'CANCEL'] }))).toEqual([]);
});

test.each([
  ['reads', ['STATUS'], []],
  ['reads', ['STATUS', 'CANCEL'], ['FORBIDDEN']],
  ['enqueues', ['STATUS'], ['FORBIDDEN']],
] as const)('nor what a definition keeps it from: who %s asks for %j', async (owner, rights, expected) => {
  const result = await clientOf(tokens.make(owner, undefined, ['tasks:read', 'tasks:write'])).http(
    'mutation ($rights: [WatchRight!]) { kept { task { id } watchToken(rights: $rights) { token } } }',
    { rights },
  );

  expect(codes(result)).toEqual(expected);
  expect(result.data.kept.task.id).toBeTypeOf('string');
});

test.each([
  [{ expiresIn: '59s' }, 'expiresIn'],
  [{ expiresIn: '24.1h' }, 'expiresIn'],
  [{ expiresIn: 'P1M' }, 'expiresIn'],
  [{ rights: [] }, 'rights'],
])('what is wrong with a token leaves its task enqueued, and is told: %j', async (asked, path) => {
  const { data, errors } = await backend.http(enqueueDouble, { n: 1, ...asked });

  expect(data.double.task.id).toBeTypeOf('string');
  expect(data.double.watchToken).toBeNull();
  expect(errors).toMatchObject([
    { path: ['double', 'watchToken'], extensions: { code: 'BAD_USER_INPUT', issues: [{ path: [path] }] } },
  ]);
});

test('null is the same as nothing', async () => {
  const { data } = await backend.http(enqueueDouble, { n: 1, rights: null, expiresIn: null });

  expect(data.double.watchToken.rights).toEqual(['STATUS', 'OUTPUT']);
});

const renew =
  'mutation ($for: Duration) { renewWatchToken(expiresIn: $for) { watchToken { token expiresAt rights } } }';

test('a token is renewed by itself alone, over every transport', async () => {
  const { id, browser } = await handOut(['STATUS', 'LOGS']);

  for (const answer of [
    await browser.http(renew, { for: '2h' }),
    await browser.overSocket(renew, { for: '2h' }),
  ]) {
    const { token, expiresAt, rights } = answer.data.renewWatchToken.watchToken;
    expect(rights).toEqual(['STATUS', 'LOGS']);
    expect(Date.parse(expiresAt) - Date.now()).toBeGreaterThan(7_100_000);
    expect((await clientOf(token).http(status, { id })).data.task.id).toBe(id);
  }
  expect(codes(await backend.http(renew))).toEqual(['FORBIDDEN']);
  expect(codes(await browser.http(renew, { for: '25h' }))).toEqual(['BAD_USER_INPUT']);
});

test('who revokes all watch tokens is an admin, and then none is valid', async () => {
  await using all = await TestApi.start([double], { workers: 0, authenticator: tokens });
  const clientOf = (token: string) => new TestClient(all.origin, token);
  const { data } = await clientOf(tokens.make('acme')).http(enqueueDouble, { n: 1 });
  const browser = clientOf(data.double.watchToken.token);
  const revoke = 'mutation { revokeWatchTokens { revokedAt } }';

  const scoped = tokens.make('acme', undefined, [
    'tasks:read',
    'tasks:write',
    'queues:manage',
    'schema:read',
  ]);
  expect(codes(await clientOf(scoped).http(revoke))).toEqual(['FORBIDDEN']);
  expect(codes(await browser.http(status, data.double.task))).toEqual([]);
  const revoked = await clientOf(tokens.make('root')).http(revoke);

  expect(Date.parse(revoked.data.revokeWatchTokens.revokedAt)).toBeLessThanOrEqual(Date.now());
  expect(codes(await browser.http(status, data.double.task))).toEqual(['UNAUTHENTICATED']);
});

test('where everybody may do everything, who shows a watch token may do no more than that says', async () => {
  await using open = await TestApi.start([double], { workers: 0 });
  const { data } = await open.http(enqueueDouble, { n: 1 });
  const browser = new TestClient(open.origin, data.double.watchToken.token);

  expect((await browser.http(status, data.double.task)).data.task.id).toBe(data.double.task.id);
  expect(codes(await browser.http('{ tasks { edges { cursor } } }'))).toEqual(['FORBIDDEN']);
  expect(codes(await browser.http(enqueueDouble, { n: 1 }))).toEqual(['FORBIDDEN']);
  expect(codes(await new TestClient(open.origin, `${browser.token}x`).http(status, { id: 'x' }))).toEqual([
    'UNAUTHENTICATED',
  ]);
});

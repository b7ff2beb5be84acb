import { afterAll, beforeAll, expect, test } from 'vitest';
import { defineTask } from '../../src/index.ts';
import { double, Gate } from '../support/definitions.ts';
import { TestTokens } from '../support/tokens.ts';
import { TestApi } from './test-api.ts';
import { TestClient } from './test-client.ts';

const gate = new Gate();
const held = defineTask({ name: 'held', queue: 'gates', run: () => gate.opened });
const tokens = new TestTokens();
const clients: TestClient[] = [];
let api: TestApi;

beforeAll(async () => {
  api = await TestApi.start([double, held], { authenticator: tokens, concurrency: 1 });
});
afterAll(async () => {
  gate.open();
  for (const client of clients) await client[Symbol.asyncDispose]();
  await api[Symbol.asyncDispose]();
});

function signedIn(...args: Parameters<TestTokens['make']>): TestClient {
  const client = new TestClient(api.origin, tokens.make(...args));
  clients.push(client);
  return client;
}

const query = 'query ($id: ID!) { task(id: $id) { waitsFor { reason message until } } }';
const list = `{ tasks(filter: { queues: ["gates"], statuses: [QUEUED] }, orderBy: { field: CREATED_AT, direction: ASC }) {
  nodes { waitsFor { reason message } } } }`;

test('a client sees why each task of a list waits; what is the business of operators they alone see', async () => {
  const ann = signedIn('ann', undefined, ['tasks:read', 'tasks:write']);
  const operator = signedIn('ann', undefined, ['tasks:read', 'queues:manage']);
  const enqueued = async (): Promise<string> =>
    (await ann.http('mutation { held { task { id } } }')).data.held.task.id;
  const running = await enqueued();
  await api.tests.reached(running, ({ status }) => status === 'RUNNING');
  const [id] = [await enqueued(), await enqueued()];

  const nodes = async (client: TestClient) => (await client.http(list)).data.tasks.nodes;
  const told = (...messages: string[]) =>
    messages.map((message) => ({ waitsFor: [{ reason: 'WORKERS_BUSY', message }] }));
  expect(await nodes(ann)).toEqual(
    told('All slots that serve it are busy.', 'All slots that serve it are busy. 1 task is before it.'),
  );
  expect(await nodes(operator)).toEqual(
    told('The one slot that serves it is busy.', 'The one slot that serves it is busy. 1 task is before it.'),
  );

  await api.tests.tasks.queues.pause('gates', { actor: 'eve', reason: 'deploy' });
  const messageTo = async (client: TestClient) =>
    (await client.http(query, { id })).data.task.waitsFor[0].message;
  expect(await messageTo(ann)).toMatch(/^The queue gates is paused since [-0-9: ]+ UTC\.$/);
  expect(await messageTo(operator)).toMatch(/ UTC by eve: deploy\.$/);
  const watching = signedIn('ann', undefined, [], { watch: { taskId: id, rights: ['STATUS'] } });
  expect(await messageTo(watching)).toBe(await messageTo(ann));
  expect((await ann.http(query, { id: running })).data.task).toEqual({ waitsFor: [] });
});

test('who may only read tasks sees why one waits while that changes, and nobody else hears of it', async () => {
  const ann = signedIn('ann', undefined, ['tasks:read', 'tasks:write']);
  const { tasks } = api.tests;
  await tasks.queues.pause('default');
  const { data } = await ann.http('mutation { double(input: { n: 1 }) { task { id } } }');
  const { id } = data.double.task;
  const fields = 'status version waitsFor { reason message }';
  const states = ann.ws(`subscription ($id: ID!) { taskUpdated(id: $id) { ${fields} } }`, { id });
  const typed = ann.sse(
    `subscription ($id: ID!) { doubleUpdated(id: $id) { ...Why } } fragment Why on DoubleTask { ${fields} }`,
    { id },
  );
  const bare = ann.ws('subscription ($id: ID!) { taskUpdated(id: $id) { status version } }', { id });
  const next = async (of: typeof states) => Object.values((await of.next()).value?.data ?? {})[0];
  const first = await next(states);
  expect(first).toMatchObject({ status: 'QUEUED', waitsFor: [{ reason: 'QUEUE_PAUSED' }] });
  expect(await next(typed)).toEqual(first);
  expect(await next(bare)).toMatchObject({ status: 'QUEUED' });

  await tasks.queues.pauseDefinition('double');

  const { version } = first as { version: number };
  const both = {
    status: 'QUEUED',
    version,
    waitsFor: [{ reason: 'QUEUE_PAUSED' }, { reason: 'DEFINITION_PAUSED' }],
  };
  const told = await next(states);
  expect(told).toMatchObject(both);
  expect(await next(typed)).toEqual(told);
  await tasks.queues.resume('default');
  expect(await next(states)).toMatchObject({ version, waitsFor: [{ reason: 'DEFINITION_PAUSED' }] });
  await tasks.queues.resumeDefinition('double');
  const rest = await Array.fromAsync(states, ({ data }) => data.taskUpdated);
  expect(rest.at(-1)).toMatchObject({ status: 'SUCCEEDED', waitsFor: [] });
  // Of which each is another state.
  const versions = await Array.fromAsync(bare, ({ data }) => data.taskUpdated.version);
  expect(new Set([version, ...versions]).size).toBe(versions.length + 1);
  await Array.fromAsync(typed);
});

test('a subscription tells with each state why the task waits at that moment, and of the last one nothing', async () => {
  const ann = signedIn('ann', undefined, ['tasks:read', 'tasks:write']);
  await api.tests.tasks.queues.pause('default');
  const { data } = await ann.http(
    'mutation { double(input: { n: 1 }, options: { delay: "1h" }) { task { id } } }',
  );
  const { id } = data.double.task;
  const states = ann.ws('subscription ($id: ID!) { taskUpdated(id: $id) { status waitsFor { reason } } }', {
    id,
  });
  const next = async () => (await states.next()).value?.data.taskUpdated;

  expect(await next()).toEqual({
    status: 'SCHEDULED',
    waitsFor: [{ reason: 'SCHEDULED' }, { reason: 'QUEUE_PAUSED' }],
  });
  await api.tests.tasks.reschedule(id as string, new Date());
  expect(await next()).toEqual({ status: 'QUEUED', waitsFor: [{ reason: 'QUEUE_PAUSED' }] });
  await api.tests.tasks.queues.resume('default');
  const rest = await Array.fromAsync(states, ({ data }) => data.taskUpdated);
  expect(rest.at(-1)).toEqual({ status: 'SUCCEEDED', waitsFor: [] });
});

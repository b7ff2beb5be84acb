import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Scope, watchRights } from '../../src/auth/viewer.ts';
import { defineTask } from '../../src/index.ts';
import { registerSecret } from '../support/secrets.ts';
import { sharedStores, freshSettings } from '../support/stores.ts';
import { TestTokens } from '../support/tokens.ts';
import { TestApi } from './test-api.ts';
import { TestClient } from './test-client.ts';

const secret = registerSecret('pw-of-the-definitions-test', { what: 'a secret of an output' });

const makeReport = defineTask({
  name: 'makeReport',
  description: 'Makes a report.',
  queue: 'reports',
  input: (t) => ({ pages: t.int({ required: true }), title: t.string({ defaultValue: 'Report' }) }),
  output: (t) => ({ pages: t.int(), key: t.string({ secret: true }), text: t.string() }),
  retry: { attempts: 5 },
  timeout: '90s',
  run: ({ pages }) => ({ pages, key: secret, text: 'x'.repeat(pages) }),
});

const tidy = defineTask({ name: 'tidy', run() {} });

/** For accountants, whatever it is; how much is for its input to say. */
const payInvoice = defineTask({
  name: 'payInvoice',
  input: (t) => ({ cents: t.int({ required: true }) }),
  authorize: ({ viewer, action, input }) =>
    action !== 'ENQUEUE' || (viewer.claims['role'] === 'accountant' && (input?.cents ?? 0) < 1_000),
  run() {},
});

/** Says nothing of what it has not seen. */
const strict = defineTask({
  name: 'strict',
  input: (t) => ({ cents: t.int({ required: true }) }),
  authorize({ action, input }) {
    if (action !== 'ENQUEUE') return true;
    if (input === undefined) throw new TypeError('there is no input');
    return input.cents === 1;
  },
  run() {},
});

const definitions = [tidy, strict, payInvoice, makeReport];
const tokens = new TestTokens();
const clients: TestClient[] = [];
let api: TestApi;

beforeAll(async () => {
  api = await TestApi.start(definitions, { authenticator: tokens });
});
afterAll(async () => {
  for (const client of clients) await client[Symbol.asyncDispose]();
  await api[Symbol.asyncDispose]();
});

function signedIn(scopes: readonly Scope[], rest: Parameters<TestTokens['make']>[3] = {}): TestClient {
  const client = new TestClient(api.origin, tokens.make('ann', undefined, scopes, rest));
  clients.push(client);
  return client;
}

test('a client learns what can be enqueued, and how', async () => {
  const ann = signedIn(['tasks:read', 'tasks:write']);
  const { data } = await ann.http(`{
    definitions { name }
    makeReport: definition(name: "makeReport") { ...all }
    tidy: definition(name: "tidy") { ...all }
    missing: definition(name: "missing") { name }
  }
  fragment all on TaskDefinition {
    name description queue inputType taskType outputType mutation batchMutation subscription maxAttempts timeout
    deadline expiresIn canEnqueue inputSchema
  }`);

  expect(data.definitions.map(({ name }: { name: string }) => name)).toEqual([
    'makeReport',
    'payInvoice',
    'strict',
    'tidy',
  ]);
  expect(data.makeReport).toEqual({
    name: 'makeReport',
    description: 'Makes a report.',
    queue: 'reports',
    inputType: 'MakeReportInput',
    taskType: 'MakeReportTask',
    outputType: 'MakeReportOutput',
    mutation: 'makeReport',
    batchMutation: 'makeReportBatch',
    subscription: 'makeReportUpdated',
    maxAttempts: 5,
    timeout: 'PT90S',
    deadline: null,
    expiresIn: null,
    canEnqueue: true,
    inputSchema: expect.objectContaining({ title: 'MakeReportInput', required: ['pages'] }) as object,
  });
  expect(Object.keys(data.makeReport.inputSchema.properties as object)).toEqual(['pages', 'title']);
  expect(data.tidy).toMatchObject({
    inputType: null,
    inputSchema: null,
    outputType: null,
    mutation: 'tidy',
    batchMutation: null,
  });
  expect(data.missing).toBeNull();
});

test('a definition is offered to whom its `authorize` does not refuse whatever the input', async () => {
  const offered = async (client: TestClient) => {
    const { data } = await client.http('{ definitions { name canEnqueue } }');
    return data.definitions.flatMap(({ name, canEnqueue }: { name: string; canEnqueue: boolean }) =>
      canEnqueue ? [name] : [],
    );
  };
  const both: readonly Scope[] = ['tasks:read', 'tasks:write'];

  expect(await offered(signedIn(both))).toEqual(['makeReport', 'strict', 'tidy']);
  expect(await offered(signedIn(both, { claims: { role: 'accountant' } }))).toHaveLength(4);
  expect(await offered(signedIn(['tasks:read']))).toEqual([]);
  expect(await offered(signedIn(['admin']))).toHaveLength(4);
});

test('what an input has to be is told to who may enqueue it or read the schema', async () => {
  const told = async (client: TestClient) => {
    const { data } = await client.http('{ definition(name: "payInvoice") { inputSchema } }');
    return data.definition.inputSchema !== null;
  };

  expect(await told(signedIn(['tasks:read']))).toBe(false);
  expect(await told(signedIn(['tasks:read', 'tasks:write']))).toBe(false);
  expect(await told(signedIn(['tasks:read', 'tasks:write'], { claims: { role: 'accountant' } }))).toBe(true);
  expect(await told(signedIn(['tasks:read', 'schema:read']))).toBe(true);
});

test('whoever has signed in learns who it is and what it may do', async () => {
  const query = '{ viewer { owner scopes isAnonymous expiresAt taskId watchRights } }';
  const expiresAt = Date.now() + 3_600_000;
  const client = new TestClient(api.origin, tokens.make('bob', 3_600_000, ['tasks:read']));
  clients.push(client);
  const watching = signedIn([], { watch: { taskId: 'reports_1', rights: ['STATUS', 'LOGS'] } });

  const { viewer } = (await client.http(query)).data;
  expect(viewer).toMatchObject({ owner: 'bob', scopes: ['tasks:read'], isAnonymous: false, taskId: null });
  expect(Math.abs(Date.parse(viewer.expiresAt as string) - expiresAt)).toBeLessThan(10_000);
  expect((await signedIn([]).http(query)).data.viewer).toMatchObject({ owner: 'ann', scopes: [] });
  expect((await watching.http(query)).data.viewer).toMatchObject({
    scopes: [],
    taskId: 'reports_1',
    watchRights: ['LOGS', 'STATUS'],
  });
});

test('where nobody signs in everybody is anonymous, with all scopes', async () => {
  await using open = await TestApi.start(definitions, { workers: 0 });

  const { data } = await open.http('{ viewer { owner scopes isAnonymous expiresAt } }');

  expect(data.viewer).toEqual({
    owner: 'anonymous',
    scopes: expect.arrayContaining(['tasks:read', 'admin']) as string[],
    isAnonymous: true,
    expiresAt: null,
  });
});

const enqueue = `mutation ($pages: Int!) {
  makeReport(input: { pages: $pages }) { task { id outputJson } watchToken(rights: [STATUS]) { token } }
}`;

test.each(sharedStores)(
  'the output of any task is told as plain JSON, with its secrets hidden, in $name',
  async (store) => {
    await using own = await TestApi.start(definitions, { redis: freshSettings(store) });
    // The second one is too large to be part of the state.
    for (const pages of [3, 10_000]) {
      const { task } = (await own.http(enqueue, { pages })).data.makeReport;
      expect(task.outputJson).toBeNull();
      const states = await Array.fromAsync(
        own.ws('subscription ($id: ID!) { taskUpdated(id: $id) { isFinal outputJson } }', { id: task.id }),
      );

      const outputJson = { pages, key: '[secret]', text: 'x'.repeat(pages) };
      expect(states.at(-1)?.data.taskUpdated).toEqual({ isFinal: true, outputJson });
      const read = await own.http('query ($id: ID!) { task(id: $id) { outputJson } }', { id: task.id });
      expect(read).toEqual({ data: { task: { outputJson } } });
    }
  },
);

test('a watch token shows the output as JSON only where it has the right to the output', async () => {
  const ann = signedIn(['tasks:read', 'tasks:write']);
  const { id } = (await ann.http(enqueue, { pages: 1 })).data.makeReport.task;
  await api.tests.finished(id);
  const query = 'query ($id: ID!) { task(id: $id) { status outputJson } }';

  const answers = await Promise.all(
    watchRights.map(async (right) => {
      const watching = signedIn([], { watch: { taskId: id, rights: ['STATUS', right] } });
      const { data, errors } = await watching.http(query, { id });
      return [right, data?.task?.outputJson?.pages, errors?.[0]?.extensions?.['code']];
    }),
  );

  expect(answers).toEqual(
    watchRights.map((right) =>
      right === 'OUTPUT' ? [right, 1, undefined] : [right, undefined, 'FORBIDDEN'],
    ),
  );
});

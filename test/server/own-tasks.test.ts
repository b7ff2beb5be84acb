import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Scope, type WatchRight, watchRights } from '../../src/auth/viewer.ts';
import { defineTask } from '../../src/index.ts';
import { double, forever } from '../support/definitions.ts';
import { TestTokens } from '../support/tokens.ts';
import { TestApi } from './test-api.ts';
import { type Result, TestClient } from './test-client.ts';

/** Its tasks are for those of the team that a tag names; one with the input 13 is for nobody. */
const teamwork = defineTask({
  name: 'teamwork',
  input: (t) => ({ n: t.int({ required: true }) }),
  authorize({ viewer, action, task, input }) {
    if (input?.n === 99) throw new Error('broken');
    if (action === 'ENQUEUE') return input?.n !== 13;
    if (action === 'READ') return task?.tags.includes(String(viewer.claims['team'])) === true;
    return viewer.claims['lead'] === true;
  },
  run() {},
});

const users: readonly Scope[] = ['tasks:read', 'tasks:write'];
const tokens = new TestTokens();
const clients: TestClient[] = [];
let api: TestApi;

beforeAll(async () => {
  api = await TestApi.start([double, forever, teamwork], { authenticator: tokens });
});
afterAll(async () => {
  for (const client of clients) await client[Symbol.asyncDispose]();
  await api[Symbol.asyncDispose]();
});

function signedIn(
  owner: string,
  scopes: readonly Scope[] = users,
  rest: Parameters<TestTokens['make']>[3] = {},
): TestClient {
  const client = new TestClient(api.origin, tokens.make(owner, undefined, scopes, rest));
  clients.push(client);
  return client;
}

function watching(owner: string, taskId: string, rights: readonly WatchRight[]): TestClient {
  return signedIn(owner, [], { watch: { taskId, rights } });
}

function codes({ errors = [] }: Result): unknown[] {
  return errors.map(({ extensions }) => extensions?.['code']);
}

async function enqueued(client: TestClient, n: number, options: object = {}): Promise<string> {
  const { data } = await client.http(
    'mutation ($n: Int!, $options: TaskOptions) { double(input: { n: $n }, options: $options) { task { id } } }',
    { n, options },
  );
  return data.double.task.id;
}

const list = `query ($filter: TaskFilter) { tasks(filter: $filter) { nodes { id } pageInfo { hasNextPage }
  totalCount { count isExact } } }`;

test('a list holds what its owner has, and an admin sees the lists of all', async () => {
  const [ann, bob, admin] = [signedIn('ann1'), signedIn('bob1'), signedIn('root', ['admin'])];
  const id = await enqueued(ann, 1, { delay: '1h', tags: ['shared'] });
  const other = await enqueued(bob, 2, { delay: '1h', tags: ['shared'] });
  const found = async (client: TestClient, filter: object = {}) =>
    (await client.http(list, { filter })).data.tasks;

  for (const filter of [{}, { tags: ['shared'] }, { statuses: ['SCHEDULED'] }, { names: ['double'] }]) {
    expect(await found(ann, filter)).toEqual({
      nodes: [{ id }],
      pageInfo: { hasNextPage: false },
      // Which tasks of `teamwork` it may read would have to be asked for each.
      totalCount: { count: 1, isExact: 'names' in filter },
    });
  }
  expect((await found(ann, { owners: ['ann1', 'bob1'] })).nodes).toEqual([{ id }]);
  const nothing = { nodes: [], pageInfo: { hasNextPage: false }, totalCount: { count: 0, isExact: true } };
  expect(await found(ann, { owners: ['bob1'] })).toEqual(nothing);
  expect(await found(ann, { owners: ['nobody'] })).toEqual(nothing);
  expect((await found(admin, { owners: ['ann1', 'bob1'] })).nodes).toEqual([{ id: other }, { id }]);
});

test('a live list tells what its owner has, and nothing of others', async () => {
  const [ann, bob] = [signedIn('ann2'), signedIn('bob2')];
  const updates = ann.ws(
    'subscription { tasksUpdated { reset { nodes { id } } changes { kind id } } }',
    {},
    ann.socket(),
  );
  expect((await updates.next()).value.data.tasksUpdated.reset.nodes).toEqual([]);

  await enqueued(bob, 1, { delay: '1h' });
  const id = await enqueued(ann, 2, { delay: '1h' });

  expect((await updates.next()).value.data.tasksUpdated.changes).toEqual([{ kind: 'INSERTED', id }]);
  await updates.return(undefined);
});

test('actions by filter are for what their owner has', async () => {
  const [ann, bob] = [signedIn('ann3'), signedIn('bob3')];
  const id = await enqueued(ann, 1, { delay: '1h', tags: ['bulk'] });
  const other = await enqueued(bob, 2, { delay: '1h', tags: ['bulk'] });

  const { data } = await bob.http(
    'mutation { cancelTasks(filter: { tags: ["bulk"] }) { totalCount { count } results { id accepted } } }',
  );

  expect(data.cancelTasks).toEqual({ totalCount: { count: 1 }, results: [{ id: other, accepted: true }] });
  expect(await api.tests.tasks.get(id)).toMatchObject({ status: 'SCHEDULED' });
});

test('a selection by ids finds what its owner has, and acts on that alone', async () => {
  const [ann, bob] = [signedIn('ann12'), signedIn('bob12')];
  const first = await enqueued(ann, 1, { delay: '1h' });
  const second = await enqueued(ann, 2, { delay: '1h' });
  await enqueued(ann, 3, { delay: '1h' });
  const other = await enqueued(bob, 4, { delay: '1h' });
  const filter = { ids: [first, other, second, first] };

  const { data } = await ann.http(list, { filter });
  expect(data.tasks).toMatchObject({ nodes: [{ id: second }, { id: first }], totalCount: { count: 2 } });
  const updates = ann.ws(
    'subscription ($filter: TaskFilter) { tasksUpdated(filter: $filter) { reset { nodes { id } } totalCount { count } } }',
    { filter },
  );
  expect((await updates.next()).value.data.tasksUpdated).toEqual({
    reset: { nodes: [{ id: second }, { id: first }] },
    totalCount: { count: 2 },
  });
  await updates.return(undefined);
  const { cancelTasks } = (
    await ann.http(
      'mutation ($filter: TaskFilter!) { cancelTasks(filter: $filter) { results { id accepted } } }',
      { filter },
    )
  ).data;
  expect(cancelTasks.results).toEqual([second, first].map((id) => ({ id, accepted: true })));
  expect(await api.tests.tasks.get(other)).toMatchObject({ status: 'SCHEDULED' });
});

test('schedules are listed by their owner, and those of the code are for an admin', async () => {
  const [ann, bob] = [signedIn('ann4'), signedIn('bob4')];
  const make = async (client: TestClient): Promise<string> =>
    (
      await client.http(
        'mutation { createSchedule(definition: "double", schedule: { every: "1h" }, input: { n: 1 }) { schedule { id } } }',
      )
    ).data.createSchedule.schedule.id;
  const ids = [await make(ann), await make(bob), await make(ann)];
  const found = async (client: TestClient, args = '') =>
    (await client.http(`{ schedules${args} { nodes { id } pageInfo { hasNextPage } } }`)).data.schedules;

  expect(await found(ann)).toEqual({
    nodes: [{ id: ids[2] }, { id: ids[0] }],
    pageInfo: { hasNextPage: false },
  });
  expect((await found(bob, '(definitions: ["double"])')).nodes).toEqual([{ id: ids[1] }]);
  expect((await found(bob, '(definitions: ["forever"])')).nodes).toEqual([]);
  await ann.http('mutation ($id: ID!) { deleteSchedule(id: $id) { schedule { id } } }', { id: ids[2] });
  expect((await found(ann)).nodes).toEqual([{ id: ids[0] }]);
});

test('a replay belongs to whom the original belongs, also where an admin asks for it', async () => {
  const [ann, admin] = [signedIn('ann5'), signedIn('root', ['admin'])];
  const id = await enqueued(ann, 1);

  const { data } = await admin.http('mutation ($id: ID!) { replayTask(id: $id) { task { owner } } }', { id });

  expect(data.replayTask.task.owner).toBe('ann5');
});

test('who works here is not told to whose task was canceled', async () => {
  const [ann, admin] = [signedIn('ann6'), signedIn('root', ['admin'])];
  const cancellation = 'cancellation { actor reason }';
  const id = await enqueued(ann, 1, { delay: '1h' });
  const { data } = await admin.http(
    `mutation ($id: ID!) { cancelTask(id: $id, reason: "why") { task { ${cancellation} } } }`,
    { id },
  );
  const seen = await ann.http(`query ($id: ID!) { task(id: $id) { ${cancellation} } }`, { id });

  expect(data.cancelTask.task.cancellation).toEqual({ actor: 'root', reason: 'why' });
  expect(seen.data.task.cancellation).toEqual({ actor: null, reason: 'why' });
});

const work = `mutation ($n: Int!, $tags: [String!]) { teamwork(input: { n: $n }, options: { tags: $tags, delay: "1h" }) { task { id } } }`;

test('a definition decides by its input who may enqueue, also for items of a batch, schedules and replays', async () => {
  const ann = signedIn('ann7', users, { claims: { team: 'red' } });
  expect(codes(await ann.http(work, { n: 13 }))).toEqual(['FORBIDDEN']);
  expect(codes(await ann.http(work, { n: 99 }))).toEqual(['FORBIDDEN']);
  const { data } = await ann.http(work, { n: 1, tags: ['red'] });
  const { id } = data.teamwork.task;
  const batch = await ann.http(
    'mutation { teamworkBatch(inputs: [{ n: 1 }, { n: 13 }]) { items { error { code } } } }',
  );
  const schedule = await ann.http(
    'mutation { createSchedule(definition: "teamwork", schedule: { every: "1h" }, input: { n: 13 }) { schedule { id } } }',
  );
  const replay = await ann.http(
    'mutation ($id: ID!) { replayTask(id: $id, input: { n: 13 }) { task { id } } }',
    {
      id,
    },
  );

  expect(batch.data.teamworkBatch.items).toEqual([{ error: null }, { error: { code: 'FORBIDDEN' } }]);
  expect(codes(schedule)).toEqual(['FORBIDDEN']);
  expect(codes(replay)).toEqual(['FORBIDDEN']);
  expect(await api.tests.tasks.count({ owners: ['ann7'] })).toEqual({ count: 2, exact: true });
});

test('what a definition does not let a viewer read is not there, in lists and live lists, too', async () => {
  const red = signedIn('team', users, { claims: { team: 'red' } });
  const blue = signedIn('team', users, { claims: { team: 'blue' } });
  const updates = blue.ws('subscription { tasksUpdated { reset { nodes { id } } changes { id } } }');
  expect((await updates.next()).value.data.tasksUpdated.reset.nodes).toEqual([]);
  const { id } = (await red.http(work, { n: 1, tags: ['red'] })).data.teamwork.task;
  const own = (await blue.http(work, { n: 2, tags: ['blue'] })).data.teamwork.task.id;
  const read = 'query ($id: ID!) { task(id: $id) { id } }';
  const cancel = 'mutation ($id: ID!) { cancelTask(id: $id) { task { id } } }';

  expect((await red.http(list)).data.tasks.nodes).toEqual([{ id }]);
  expect((await blue.http(list)).data.tasks.nodes).toEqual([{ id: own }]);
  expect(codes(await red.http(read, { id }))).toEqual([]);
  expect(codes(await blue.http(read, { id }))).toEqual(['TASK_NOT_FOUND']);
  expect(codes(await blue.http(cancel, { id }))).toEqual(['TASK_NOT_FOUND']);
  expect((await updates.next()).value.data.tasksUpdated.changes).toEqual([{ id: own }]);
  await updates.return(undefined);
});

test('what a definition lets a viewer read but not change is forbidden to change, and to let others change', async () => {
  const red = signedIn('team2', users, { claims: { team: 'red' } });
  const lead = signedIn('team2', users, { claims: { team: 'red', lead: true } });
  const { id } = (await red.http(work, { n: 1, tags: ['red'] })).data.teamwork.task;
  const actions = [
    'cancelTask(id: $id) { accepted }',
    'retryTask(id: $id) { accepted }',
    'rescheduleTask(id: $id, delay: "2h") { accepted }',
    'reprioritizeTask(id: $id, priority: 1) { accepted }',
    'createWatchToken(taskId: $id, rights: [CANCEL]) { watchToken { rights } }',
  ];

  for (const action of actions) {
    expect(codes(await red.http(`mutation ($id: ID!) { ${action} }`, { id }))).toEqual(['FORBIDDEN']);
  }
  for (const action of actions) {
    expect(codes(await lead.http(`mutation ($id: ID!) { ${action} }`, { id }))).toEqual([]);
  }
});

test('a watch token shows of its task what its rights are for, and of nothing else anything', async () => {
  const ann = signedIn('ann8');
  const id = await enqueued(ann, 21, { tags: ['private'] });
  await api.tests.finished(id);
  const other = await enqueued(ann, 1);
  const everything = `query ($id: ID!) { task(id: $id) { status tags input parent { id } batch { id } schedule { id } replayOf { id }
    children { nodes { id } totalCount { count } } } }`;
  const parts: Readonly<Record<string, readonly string[]>> = {
    OUTPUT: ['... on DoubleTask { output { n } }', 'streams', 'stream(name: "x") { text }'],
    LOGS: ['log { entries { message } }'],
  };

  for (const right of watchRights) {
    const viewer = watching('ann8', id, ['STATUS', right]);
    expect((await viewer.http(everything, { id })).data.task).toEqual({
      status: 'SUCCEEDED',
      tags: [],
      input: null,
      parent: null,
      batch: null,
      schedule: null,
      replayOf: null,
      children: { nodes: [], totalCount: { count: 0 } },
    });
    for (const [needed, selections] of Object.entries(parts)) {
      for (const selection of selections) {
        const told = codes(await viewer.http(`query ($id: ID!) { task(id: $id) { ${selection} } }`, { id }));
        expect([right, selection, told]).toEqual([right, selection, needed === right ? [] : ['FORBIDDEN']]);
      }
    }
    expect(codes(await viewer.http(everything, { id: other }))).toEqual(['TASK_NOT_FOUND']);
  }
});

test('a watch token follows its task over a socket, and cancels it where it may', async () => {
  const ann = signedIn('ann9');
  const { data } = await ann.http('mutation { forever { task { id } } }');
  const { id } = data.forever.task;
  const other = await enqueued(ann, 1, { delay: '1h' });
  const cancel = 'mutation ($id: ID!) { cancelTask(id: $id) { accepted } }';
  const follow = 'subscription ($id: ID!) { foreverUpdated(id: $id) { isFinal } }';
  const [reader, canceler] = [watching('ann9', id, ['STATUS']), watching('ann9', id, ['STATUS', 'CANCEL'])];
  const states = reader.ws(follow, { id });
  expect((await states.next()).value.data.foreverUpdated).toEqual({ isFinal: false });

  expect(codes(await reader.http(cancel, { id }))).toEqual(['FORBIDDEN']);
  expect(codes(await canceler.http(cancel, { id: other }))).toEqual(['TASK_NOT_FOUND']);
  expect((await reader.overSocket(follow, { id: other })).errors?.[0]?.extensions?.['code']).toBe(
    'TASK_NOT_FOUND',
  );
  expect((await canceler.http(cancel, { id })).data.cancelTask).toEqual({ accepted: true });

  const rest = await Array.fromAsync(states);
  expect(rest.at(-1)?.data.foreverUpdated).toEqual({ isFinal: true });
});

test("how much there is of another owner's batch can't be found out by looking for it among one's own", async () => {
  const bob = signedIn('bob10');
  const inputs = Array.from({ length: 600 }, () => ({ n: 1 }));
  const options = { owner: 'ann10', delayMs: 3_600_000 };
  const made = [
    await api.tests.tasks.enqueueBatch(double, inputs, options),
    await api.tests.tasks.enqueueBatch(double, inputs, options),
  ];
  const batches = made.map(({ batch }) => batch.id);

  const { data } = await bob.http(list, { filter: { batches, names: ['double'] } });

  expect(data.tasks).toEqual({
    nodes: [],
    pageInfo: { hasNextPage: false },
    totalCount: { count: 0, isExact: true },
  });
});

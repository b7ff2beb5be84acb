import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { defineTask } from '../../src/index.ts';
import { double, forever } from '../support/definitions.ts';
import { TestApi } from './test-api.ts';

const picky = defineTask({
  name: 'picky',
  input: (t) => ({ url: t.field({ type: 'URL', required: true }) }),
  validate: ({ url }) => (url.protocol === 'https:' ? [] : [{ message: 'Expected https.', path: ['url'] }]),
  run: () => undefined,
});

const counts = 'scheduled queued running retrying canceling succeeded failed canceled expired';
const batchFields = `id name queue owner total counts { ${counts} } isFinal progress version createdAt finishedAt`;
const doubleBatch = `mutation ($inputs: [DoubleInput!]!, $options: TaskOptions) {
  doubleBatch(inputs: $inputs, options: $options) {
    batch { ${batchFields} } items { index deduplicated task { id status batch { id } } error { code message issues } }
  }
}`;

const numbers = (count: number) => Array.from({ length: count }, (_, n) => ({ n }));

let api: TestApi;
beforeEach(async () => {
  api = await TestApi.start([double, picky, forever], { workers: 0 });
});
afterEach(async () => {
  await api[Symbol.asyncDispose]();
});

/** Enqueues a batch, and gives its id and those of its tasks. */
async function enqueue(count: number): Promise<{ id: string; ids: string[] }> {
  const { data } = await api.http(doubleBatch, { inputs: numbers(count) });
  const { batch, items } = data.doubleBatch;
  return { id: batch.id, ids: items.map(({ task }: { task: { id: string } }) => task.id) };
}

test('a batch is enqueued by one mutation and followed by one subscription', async () => {
  const { data, errors } = await api.http(doubleBatch, { inputs: numbers(3) });

  expect(errors).toBeUndefined();
  const { batch, items } = data.doubleBatch;
  expect(batch).toEqual({
    id: expect.stringMatching(/^default_batch_/),
    name: 'double',
    queue: 'default',
    owner: 'anonymous',
    total: 3,
    counts: { ...Object.fromEntries(counts.split(' ').map((status) => [status, 0])), queued: 3 },
    isFinal: false,
    progress: 0,
    version: expect.any(Number),
    createdAt: expect.any(String),
    finishedAt: null,
  });
  expect(items).toEqual(
    [0, 1, 2].map((index) => ({
      index,
      deduplicated: false,
      task: { id: expect.stringMatching(/^default_/), status: 'QUEUED', batch: { id: batch.id } },
      error: null,
    })),
  );

  const subscription = `subscription ($id: ID!) { batchUpdated(id: $id) { ${batchFields} } }`;
  const states = [];
  for await (const { data } of api.ws(subscription, { id: batch.id })) {
    states.push(data.batchUpdated);
    if (states.length === 1) await api.tests.startWorker();
  }

  expect(states[0]).toEqual(batch);
  expect(states.at(-1)).toMatchObject({
    counts: { queued: 0, succeeded: 3 },
    isFinal: true,
    progress: 1,
    finishedAt: expect.any(String),
  });
  const versions = states.map(({ version }) => version);
  expect(versions).toEqual([...new Set(versions)].toSorted((a, b) => a - b));
});

test('an input that its definition refuses is an error of its item', async () => {
  const query = `mutation ($all: [PickyInput!]!) {
    pickyBatch(inputs: $all) { batch { total } items { index task { id input } error { code issues } } }
  }`;
  const all = [{ url: 'https://a.example' }, { url: 'http://b.example' }, { url: 'https://c.example' }];

  const { data, errors } = await api.http(query, { all });

  expect(errors).toBeUndefined();
  expect(data.pickyBatch).toEqual({
    batch: { total: 2 },
    items: [
      { index: 0, task: { id: expect.any(String), input: all[0] }, error: null },
      {
        index: 1,
        task: null,
        error: { code: 'BAD_USER_INPUT', issues: [{ path: ['url'], message: 'Expected https.' }] },
      },
      { index: 2, task: { id: expect.any(String), input: all[2] }, error: null },
    ],
  });
});

test('inputs that do not fit their type are refused as a whole, each with its place', async () => {
  const { errors } = await api.http(doubleBatch, { inputs: [{ n: 1 }, { n: 'two' }, {}] });

  expect(errors?.[0]?.extensions).toMatchObject({
    code: 'BAD_USER_INPUT',
    issues: [{ path: ['inputs', 1, 'n'] }, { path: ['inputs', 2, 'n'] }],
  });
  expect(await api.tests.tasks.count()).toMatchObject({ count: 0 });
});

test.each([[0], [1_001]])(
  '%i inputs are refused, by the name that the client has for them',
  async (count) => {
    const query = 'mutation ($all: [DoubleInput!]!) { doubleBatch(inputs: $all) { batch { id } } }';

    const { errors } = await api.http(query, { all: numbers(count) });

    expect(errors?.[0]).toMatchObject({
      message: `Expected 1 to 1000 inputs, got ${count}.`,
      extensions: { code: 'BAD_USER_INPUT', issues: [{ path: ['all'] }] },
    });
  },
);

test('inputs may be written in the document, and a single one for a list of one', async () => {
  const fields = '{ items { index task { input } } }';

  const { data } = await api.http(
    `mutation ($n: Int!) {
    list: doubleBatch(inputs: [{ n: 1 }, { n: $n }]) ${fields} single: doubleBatch(inputs: { n: 3 }) ${fields}
  }`,
    { n: 2 },
  );

  expect(data.list.items).toMatchObject([{ task: { input: { n: 1 } } }, { task: { input: { n: 2 } } }]);
  expect(data.single.items).toEqual([{ index: 0, task: { input: { n: 3 } } }]);
});

describe('a key', () => {
  test.each([
    ['the option', { options: { idempotencyKey: 'k' } }, {}],
    ['the header', {}, { 'idempotency-key': 'k' }],
  ])('in %s makes the call repeatable', async (_, variables, headers) => {
    const send = () => api.http(doubleBatch, { inputs: numbers(3), ...variables }, headers);

    const { data: first } = await send();
    const { data: again } = await send();

    const { batch, items } = again.doubleBatch;
    expect(batch).toMatchObject({ id: first.doubleBatch.batch.id, total: 3, counts: { queued: 3 } });
    expect(items).toEqual(first.doubleBatch.items.map((item: object) => ({ ...item, deduplicated: true })));
  });

  test('with other inputs is IDEMPOTENCY_KEY_REUSED and tells whose it is', async () => {
    const options = { idempotencyKey: 'k' };
    const { data } = await api.http(doubleBatch, { inputs: numbers(2), options });

    const { errors } = await api.http(doubleBatch, { inputs: numbers(3), options });

    const batchId = data.doubleBatch.batch.id;
    expect(errors?.[0]?.extensions).toEqual({ code: 'IDEMPOTENCY_KEY_REUSED', batchId });
  });

  test('in the header of an operation with two batches is refused', async () => {
    const query = `mutation {
      a: doubleBatch(inputs: [{ n: 1 }]) { batch { id } } b: doubleBatch(inputs: [{ n: 2 }]) { batch { id } }
    }`;

    const { errors } = await api.http(query, {}, { 'idempotency-key': 'k' });

    expect(errors?.[0]?.extensions).toMatchObject({ issues: [{ path: ['Idempotency-Key'] }] });
    expect(await api.tests.tasks.count()).toMatchObject({ count: 0 });
  });
});

test('a batch is found by its id, by `node` and among `nodes`', async () => {
  const { id, ids } = await enqueue(1);
  const [task = ''] = ids;
  const query = `query ($id: ID!, $ids: [ID!]!) {
    batch(id: $id) { id total } node(id: $id) { __typename id ... on Batch { total } } nodes(ids: $ids) { __typename id }
  }`;

  const { data } = await api.http(query, { id, ids: [task, id, `${id.slice(0, -1)}!`] });

  expect(data).toEqual({
    batch: { id, total: 1 },
    node: { __typename: 'Batch', id, total: 1 },
    nodes: [{ __typename: 'DoubleTask', id: task }, { __typename: 'Batch', id }, null],
  });
});

test.each([
  ['no id', 'none'],
  ['the id of nothing', 'default_batch_01jd0000000000000000000000'],
])('a batch of %s is BATCH_NOT_FOUND, and null for `node`', async (_, id) => {
  const { errors } = await api.http('query ($id: ID!) { batch(id: $id) { id } }', { id });
  const { data } = await api.http('query ($id: ID!) { node(id: $id) { id } }', { id });
  const [told] = await Array.fromAsync(
    api.sse('subscription ($id: ID!) { batchUpdated(id: $id) { id } }', { id }),
  );

  expect(errors?.[0]?.extensions).toEqual({ code: 'BATCH_NOT_FOUND' });
  expect(told?.errors?.[0]?.extensions).toEqual({ code: 'BATCH_NOT_FOUND' });
  expect(data).toEqual({ node: null });
});

test('the tasks of a batch are listed in the order of their items, and by status', async () => {
  const { id, ids } = await enqueue(105);
  await enqueue(1);
  await api.tests.tasks.cancel(ids[1] ?? '');
  const query = `query ($id: ID!, $first: Int, $after: String, $statuses: [TaskStatus!]) {
    batch(id: $id) {
      tasks(first: $first, after: $after, statuses: $statuses) {
        nodes { id } pageInfo { hasNextPage endCursor } totalCount { count isExact }
      }
    }
  }`;
  const read = async (variables: object) => (await api.http(query, { id, ...variables })).data.batch.tasks;

  const page = await read({ first: 100 });
  const rest = await read({ after: page.pageInfo.endCursor });
  const canceled = await read({ statuses: ['CANCELED'] });

  expect([...page.nodes, ...rest.nodes]).toEqual(ids.map((id) => ({ id })));
  expect(page).toMatchObject({ pageInfo: { hasNextPage: true }, totalCount: { count: 105, isExact: true } });
  expect(rest.pageInfo.hasNextPage).toBe(false);
  expect(canceled.nodes).toEqual([{ id: ids[1] }]);
});

test('a batch is canceled by a filter, which leaves all other tasks alone', async () => {
  const { id } = await enqueue(3);
  const other = await api.enqueueDouble(1);
  const query = `mutation ($filter: TaskFilter!) {
    cancelTasks(filter: $filter, reason: "wrong price") { acceptedCount }
  }`;

  const { data } = await api.http(query, { filter: { batches: [id] } });
  const { errors } = await api.http(query, { filter: { batches: [other] } });

  expect(data.cancelTasks.acceptedCount).toBe(3);
  expect(await api.tests.tasks.getBatch(id)).toMatchObject({ isFinal: true, counts: { CANCELED: 3 } });
  expect(await api.tests.tasks.get(other)).toMatchObject({ status: 'QUEUED' });
  expect(errors?.[0]?.extensions).toMatchObject({
    code: 'BAD_USER_INPUT',
    issues: [{ path: ['filter', 'batches', 0], message: 'Expected the id of a batch.' }],
  });
});

test('a definition without input has no batch', async () => {
  const { data } = await api.http('{ __schema { mutationType { fields { name } } } }');

  const names = data.__schema.mutationType.fields.map(({ name }: { name: string }) => name);
  expect(names).toContain('doubleBatch');
  expect(names).toContain('forever');
  expect(names).not.toContain('foreverBatch');
});

import { afterAll, beforeAll, expect, test } from 'vitest';
import { defineTask } from '../../src/index.ts';
import { double } from '../support/definitions.ts';
import { TestApi } from './test-api.ts';

const other = defineTask({ name: 'other', queue: 'others', run: () => undefined });

let api: TestApi;
/** Oldest first: `double` and `other` in turn. */
const ids: string[] = [];
let middle: Date;

beforeAll(async () => {
  api = await TestApi.start([double, other], { workers: 0 });
  for (let n = 0; n < 6; n += 1) {
    if (n === 3) middle = await nextMillisecond();
    const tags = { tags: [n < 2 ? 'early' : 'late', `n${n}`] };
    const task =
      n % 2 === 0
        ? await api.tests.tasks.enqueue(double, { n }, tags)
        : await api.tests.tasks.enqueue(other, {}, tags);
    ids.push(task.id);
  }
  await api.tests.tasks.cancel(at(5));
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
});

const page = `query ($filter: TaskFilter, $orderBy: TaskOrder, $first: Int, $after: String, $last: Int, $before: String) {
  tasks(filter: $filter, orderBy: $orderBy, first: $first, after: $after, last: $last, before: $before) {
    edges { cursor node { id } }
    nodes { id }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    totalCount { count isExact }
  }
}`;
const oldestFirst = { field: 'CREATED_AT', direction: 'ASC' };

test('tasks are listed newest first', async () => {
  expect(await list({})).toEqual(ids.toReversed());
});

test('tasks are listed oldest first when asked to', async () => {
  expect(await list({ orderBy: oldestFirst })).toEqual(ids);
});

test.each([
  ['newest first', undefined],
  ['oldest first', oldestFirst],
])('pages go forwards to the end, each task once, %s', async (_, orderBy) => {
  const all = await list({ orderBy });
  const seen: string[] = [];
  let after: string | undefined;
  let info;
  do {
    const { nodes, edges, pageInfo } = await read({ orderBy, first: 4, after });
    expect(edges.map(({ node }: { node: object }) => node)).toEqual(nodes);
    expect(pageInfo.hasPreviousPage).toBe(after !== undefined);
    expect(pageInfo.startCursor).toBe(edges[0].cursor);
    seen.push(...idsOf(nodes));
    info = pageInfo;
    after = pageInfo.endCursor;
  } while (info.hasNextPage);

  expect(seen).toEqual(all);
});

test.each([
  ['newest first', undefined],
  ['oldest first', oldestFirst],
])('pages go backwards from the end to the beginning, in the order of the list, %s', async (_, orderBy) => {
  const all = await list({ orderBy });
  const seen: string[] = [];
  let before: string | undefined;
  let info;
  do {
    const { nodes, pageInfo } = await read({ orderBy, last: 4, before });
    expect(pageInfo.hasNextPage).toBe(before !== undefined);
    seen.unshift(...idsOf(nodes));
    info = pageInfo;
    before = pageInfo.startCursor;
  } while (info.hasPreviousPage);

  expect(seen).toEqual(all);
});

test.each([
  ['name', { names: ['other'] }, [1, 3, 5]],
  ['queue', { queues: ['default'] }, [0, 2, 4]],
  ['a queue that nobody has', { queues: ['nobody'] }, []],
  ['status', { statuses: ['CANCELED', 'FAILED'] }, [5]],
  ['tag', { tags: ['early', 'n4'] }, [0, 1, 4]],
  ['several fields at once', { names: ['double'], tags: ['late'], statuses: ['QUEUED'] }, [2, 4]],
])('lists are filtered by %s', async (_, filter, expected) => {
  expect(await list({ filter, orderBy: oldestFirst })).toEqual(expected.map(at));
});

test('lists are filtered by the time of creation', async () => {
  expect(await list({ filter: { createdAfter: middle }, orderBy: oldestFirst })).toEqual(ids.slice(3));
  expect(await list({ filter: { createdBefore: middle }, orderBy: oldestFirst })).toEqual(ids.slice(0, 3));
});

test('the total count says whether it is exact', async () => {
  const { totalCount } = await read({ filter: { names: ['other'] }, first: 1 });

  expect(totalCount).toEqual({ count: 3, isExact: true });
});

test.each([
  ['first above 100', { first: 101 }, ['first']],
  ['first of 0', { first: 0 }, ['first']],
  ['last below 0', { last: -1 }, ['last']],
  ['first and last', { first: 1, last: 1 }, ['last']],
  ['first with before', { first: 1, before: 'x' }, ['before']],
  ['a queue that cannot be one', { filter: { queues: ['}:{'] } }, ['filter', 'queues', 0]],
  ['too many names', { filter: { names: Array.from({ length: 101 }, () => 'double') } }, ['filter', 'names']],
])('%s is BAD_USER_INPUT', async (_, variables, path) => {
  const { errors } = await api.http(page, variables);

  expect(errors?.[0]?.extensions).toMatchObject({ code: 'BAD_USER_INPUT', issues: [{ path }] });
});

test.each([
  ['after', { after: 'nonsense' }],
  ['before', { last: 1, before: 'nonsense' }],
])('a cursor that is not one of ours is BAD_USER_INPUT at `%s`', async (argument, variables) => {
  const { errors } = await api.http(page, variables);

  expect(errors?.[0]?.extensions).toMatchObject({ code: 'BAD_USER_INPUT', issues: [{ path: [argument] }] });
});

test('an id of any length is answered by a short message', async () => {
  const { errors } = await api.http('query ($id: ID!) { task(id: $id) { id } }', { id: 'x'.repeat(10_000) });

  expect(errors).toMatchObject([{ extensions: { code: 'TASK_NOT_FOUND' } }]);
  expect(errors?.[0]?.message.length).toBeLessThan(200);
});

test('more than 100 ids at once are BAD_USER_INPUT', async () => {
  const query = 'query ($ids: [ID!]!) { nodes(ids: $ids) { id } }';

  const { errors } = await api.http(query, { ids: Array.from({ length: 101 }, () => at(0)) });

  expect(errors?.[0]?.extensions).toMatchObject({ code: 'BAD_USER_INPUT', issues: [{ path: ['ids'] }] });
});

async function read(variables: Record<string, unknown>) {
  const { data, errors } = await api.http(page, variables);
  expect(errors).toBeUndefined();
  return data.tasks;
}

async function list(variables: Record<string, unknown>): Promise<string[]> {
  return idsOf((await read(variables)).nodes);
}

function idsOf(nodes: readonly { id: string }[]): string[] {
  return nodes.map(({ id }) => id);
}

function at(index: number): string {
  const id = ids[index];
  if (id === undefined) throw new Error(`no task ${index} was made`);
  return id;
}

/** Times in filters are whole milliseconds: waits for one in which nothing was created yet. */
async function nextMillisecond(): Promise<Date> {
  const newest = await api.tests.tasks.get(at(ids.length - 1));
  let now = Date.now();
  while (now <= (newest?.createdAt ?? 0)) now = Date.now();
  return new Date(now);
}

import { expect, test, vi } from 'vitest';
import { double } from '../support/definitions.ts';
import { apply, type Payload, subscription } from '../support/list-client.ts';
import { TestStore } from '../support/store.ts';
import { TestApi } from './test-api.ts';

interface Row {
  readonly id: string;
  readonly name: string;
  readonly status: string;
}

test.each(['ws', 'sse'] as const)(
  'a client of ten lines holds the window of a list, over %s',
  async (way) => {
    await using api = await TestApi.start([double]);
    const filter = { statuses: ['SUCCEEDED'], names: ['double'] };
    const ids = [await finished(api, 1), await finished(api, 2)];
    // One that the filter doesn't mean, nor counts.
    const { id } = await api.tests.tasks.enqueue(double, { n: 0 }, { delayMs: 60_000 });
    await api.tests.tasks.cancel(id);
    const payloads = api[way](subscription, { filter });
    const first = (await payloads.next()).value.data.tasksUpdated;
    expect(first.reset).toMatchObject({
      pageInfo: { endCursor: expect.any(String) },
      totalCount: { count: 2 },
    });
    expect(first).toMatchObject({ changes: [], hasNextPage: false });
    let rows = apply<Row>([], first);
    expect(idsOf(rows)).toEqual(ids.toReversed());

    for (let n = 3; n <= 5; n += 1) ids.push(await finished(api, n));
    while (rows.length < 5) {
      const payload: Payload<Row> = (await payloads.next()).value.data.tasksUpdated;
      expect(payload.reset).toBeNull();
      rows = apply(rows, payload);
    }

    expect(idsOf(rows)).toEqual(ids.toReversed());
    expect(rows[0]).toMatchObject({ name: 'double', status: 'SUCCEEDED' });
    await payloads.return(undefined);
    await vi.waitFor(() => expect(api.tests.tasks.channels).toBe(0), { timeout: 10_000 });
  },
);

test('a row has what a task has: its input, what its definition brings, and a cursor to read on from', async () => {
  await using api = await TestApi.start([double]);
  await finished(api, 1);
  const query = `subscription {
    tasksUpdated(orderBy: { field: CREATED_AT, direction: ASC }, first: 2, filter: { statuses: [SUCCEEDED] }) {
      reset { edges { cursor node { id input ... on DoubleTask { output { n } } } } }
      changes { kind index id cursor task { input ... on DoubleTask { output { n } } } }
      hasNextPage
    }
  }`;
  const payloads = api.ws(query);
  const { value } = await payloads.next();
  expect(value.data.tasksUpdated.reset.edges).toMatchObject([
    { node: { input: { n: 1 }, output: { n: 2 } } },
  ]);

  const id = await finished(api, 21);
  const next = (await payloads.next()).value.data.tasksUpdated;
  expect(next).toMatchObject({
    reset: null,
    changes: [{ kind: 'INSERTED', index: 1, id, task: { input: { n: 21 }, output: { n: 42 } } }],
    hasNextPage: false,
  });
  const last = await finished(api, 4);
  expect((await payloads.next()).value.data.tasksUpdated).toMatchObject({ changes: [], hasNextPage: true });
  await payloads.return(undefined);

  const { data } = await api.http(
    `query ($after: String) {
      tasks(after: $after, orderBy: { field: CREATED_AT, direction: ASC }) { nodes { id } }
    }`,
    { after: next.changes[0].cursor },
  );
  expect(idsOf(data.tasks.nodes)).toEqual([last]);
});

test('a window behind a cursor is live where one has scrolled, and says of how many it is', async () => {
  await using api = await TestApi.start([double], { workers: 0 });
  const ids: string[] = [];
  for (let n = 0; n < 5; n += 1) ids.unshift(await api.enqueueDouble(n));
  const { data } = await api.http('{ tasks(first: 2) { pageInfo { endCursor } } }');
  const payloads = api.ws(
    `subscription ($after: String, $filter: TaskFilter) {
      tasksUpdated(after: $after, filter: $filter, first: 2) { ...Update }
    }
    fragment Update on TasksUpdate {
      reset { nodes { id } pageInfo { hasPreviousPage hasNextPage startCursor } }
      changes { kind index id }
      totalCount { count isExact }
    }`,
    { after: data.tasks.pageInfo.endCursor, filter: { statuses: ['QUEUED'] } },
  );
  expect((await payloads.next()).value.data.tasksUpdated).toMatchObject({
    reset: {
      nodes: [{ id: ids[2] }, { id: ids[3] }],
      pageInfo: { hasPreviousPage: true, hasNextPage: true },
    },
    totalCount: { count: 5, isExact: true },
  });

  await api.enqueueDouble(5);
  expect((await payloads.next()).value.data.tasksUpdated).toEqual({
    reset: null,
    changes: [],
    totalCount: { count: 6, isExact: true },
  });

  await api.tests.tasks.cancel(ids[2] ?? '');
  let rows = [ids[2], ids[3]];
  for (let total = 6; total > 5 || rows[0] === ids[2];) {
    const { changes, totalCount } = (await payloads.next()).value.data.tasksUpdated;
    if (changes.length > 0) rows = [ids[3], ids[4]];
    total = totalCount.count;
  }
  expect(rows).toEqual([ids[3], ids[4]]);
  await payloads.return(undefined);
});

test('a task that is removed from the list has an id and no more', async () => {
  await using api = await TestApi.start([double], { workers: 0 });
  await using store = new TestStore(api.tests.redis, 'default');
  const id = await api.enqueueDouble(1);
  await api.tests.tasks.cancel(id);
  const payloads = api.ws('subscription { tasksUpdated { changes { kind index id cursor task { id } } } }');
  await payloads.next();

  await store.outlive(id);

  const { value } = await payloads.next();
  expect(value.data.tasksUpdated.changes).toEqual([
    { kind: 'REMOVED', index: 0, id, cursor: null, task: null },
  ]);
  await payloads.return(undefined);
});

test.each([
  ['first above 100', 'first: 101', ['first']],
  ['first of 0', 'first: 0', ['first']],
  ['a cursor that is none', 'after: "none"', ['after']],
  ['an id that is not complete', 'filter: { ids: ["default_01"] }', ['filter', 'ids', 0]],
  ['a queue that cannot be one', 'filter: { queues: ["}:{"] }', ['filter', 'queues', 0]],
])('%s is BAD_USER_INPUT', async (_, given, path) => {
  await using api = await TestApi.start([double], { workers: 0 });

  const { errors } = await api.overSocket(`subscription { tasksUpdated(${given}) { hasNextPage } }`);

  expect(errors?.[0]?.extensions).toMatchObject({ code: 'BAD_USER_INPUT', issues: [{ path }] });
  expect(api.tests.tasks.channels).toBe(0);
});

async function finished(api: TestApi, n: number): Promise<string> {
  const id = await api.enqueueDouble(n);
  await api.tests.finished(id);
  return id;
}

function idsOf(rows: readonly { readonly id: string }[]): string[] {
  return rows.map(({ id }) => id);
}

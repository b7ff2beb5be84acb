import { expect, test, vi } from 'vitest';
import { defineTask } from '../../src/index.ts';
import { double, forever, Gate } from '../support/definitions.ts';
import { TestApi } from './test-api.ts';

const waitFor = (wait: string) => `mutation {
  double(input: { n: 21 }, options: { wait: "${wait}" }) { task { id status isFinal output { n } } deduplicated }
}`;

test('a mutation that may wait answers with the final task', async () => {
  await using api = await TestApi.start([double]);

  const { data } = await api.http(waitFor('1m'));
  expect(data.double.task).toMatchObject({ status: 'SUCCEEDED', isFinal: true, output: { n: 42 } });

  const replay = `mutation($id: ID!) { replayTask(id: $id, options: { wait: "PT60S" }) { task { status } } }`;
  const again = await api.http(replay, { id: data.double.task.id });
  expect(again.data.replayTask.task.status).toBe('SUCCEEDED');
  const overSocket = await api.overSocket(waitFor('1m'));
  expect(overSocket.data.double.task.status).toBe('SUCCEEDED');
});

test('a mutation that has waited in vain answers with the task as it is, which goes on', async () => {
  const gate = new Gate();
  const gated = defineTask({ name: 'gated', run: () => gate.opened });
  await using api = await TestApi.start([gated]);

  const { data } = await api.http(
    'mutation { gated(options: { wait: "200ms" }) { task { id status isFinal } } }',
  );
  expect(data.gated.task).toMatchObject({ status: 'RUNNING', isFinal: false });
  gate.open();
  expect(await api.tests.finished(data.gated.task.id)).toMatchObject({ status: 'SUCCEEDED' });
  // Not even a look where it may wait for no time.
  expect(
    (await api.http('mutation { gated(options: { wait: "0s" }) { task { id } } }')).errors,
  ).toBeUndefined();
});

test('nobody waits for a client that has gone, over HTTP or a socket', async () => {
  await using api = await TestApi.start([forever]);
  const query = 'mutation { forever(options: { wait: "5m" }) { task { id } } }';
  const leave = new AbortController();
  const request = fetch(api.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query }),
    signal: leave.signal,
  });
  const client = api.socket();
  const overSocket = api.overSocket(query, {}, client);
  await vi.waitFor(() => expect(api.tests.tasks.channels).toBe(2));

  leave.abort();
  await expect(request).rejects.toThrow('aborted');
  await vi.waitFor(() => expect(api.tests.tasks.channels).toBe(1));
  await client.dispose();
  await overSocket.catch(() => undefined);
  await vi.waitFor(() => expect(api.tests.tasks.channels).toBe(0));
});

test('an API that stops answers those who wait with the task as it is', async () => {
  await using api = await TestApi.start([forever], { closeMs: 10_000 });
  const answer = api.http('mutation { forever(options: { wait: "5m" }) { task { status isFinal } } }');
  await vi.waitFor(async () =>
    expect(await api.tests.tasks.count({ statuses: ['RUNNING'] })).toMatchObject({ count: 1 }),
  );

  const [{ data }] = await Promise.all([answer, api.server.close()]);

  expect(data.forever.task).toEqual({ status: 'RUNNING', isFinal: false });
});

test('a wait that is too long, or for many tasks, is refused before anything is enqueued', async () => {
  await using api = await TestApi.start([double]);
  const bulk =
    'mutation { replayTasks(filter: { names: ["double"] }, options: { wait: "1s" }) { results { __typename } } }';
  for (const query of [waitFor('6m'), bulk]) {
    const { errors } = await api.http(query);
    expect(errors?.[0]?.extensions).toMatchObject({
      code: 'BAD_USER_INPUT',
      issues: [{ path: ['options', 'wait'] }],
    });
  }
  expect(await api.tests.tasks.count()).toMatchObject({ count: 0 });
});

test('a task has its children, page by page, and they have their parent', async () => {
  const parent = defineTask({
    name: 'parent',
    async run(_input, { enqueue, all }) {
      await all(await Promise.all([1, 2, 3].map((n) => enqueue(double, { n }))));
    },
  });
  await using api = await TestApi.start([parent, double]);
  await api.enqueueDouble(4);
  const { data } = await api.http('mutation { parent(options: { wait: "1m" }) { task { id } } }');
  const { id } = data.parent.task;
  const query = `query($id: ID!, $after: String) {
    task(id: $id) {
      parent { id }
      children(first: 2, after: $after) {
        nodes { parent { id } ... on DoubleTask { output { n } } }
        pageInfo { hasNextPage endCursor }
        totalCount { count isExact }
      }
    }
  }`;

  const first = await api.http(query, { id });
  const { children } = first.data.task;
  const second = await api.http(query, { id, after: children.pageInfo.endCursor });
  const nodes = [...children.nodes, ...second.data.task.children.nodes];
  expect(nodes.map(({ parent }) => parent)).toEqual([{ id }, { id }, { id }]);
  expect(nodes.map(({ output }) => output.n).toSorted((a, b) => a - b)).toEqual([2, 4, 6]);
  expect(children).toMatchObject({
    pageInfo: { hasNextPage: true },
    totalCount: { count: 3, isExact: true },
  });
  expect(second.data.task.children.pageInfo.hasNextPage).toBe(false);

  const filtered = await api.http(
    'query($parents: [ID!]) { tasks(filter: { parents: $parents, names: ["double"] }) { totalCount { count } } }',
    { parents: [id] },
  );
  expect(filtered.data.tasks.totalCount.count).toBe(3);
  const wrong = await api.http('{ tasks(filter: { parents: ["nonsense"] }) { nodes { id } } }');
  expect(wrong.errors?.[0]?.extensions).toMatchObject({ issues: [{ path: ['filter', 'parents', 0] }] });
});

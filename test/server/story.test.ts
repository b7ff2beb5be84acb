import { describe, expect, test } from 'vitest';
import { EventSource } from 'eventsource';
import { defineTask } from '../../src/index.ts';
import { double, Gate } from '../support/definitions.ts';
import { freshSettings, sharedStores } from '../support/stores.ts';
import { TestApi } from './test-api.ts';

const enqueue =
  'mutation { gated(input: { name: "Ada" }) { task { __typename id status isFinal canCancel } } }';
const follow = `subscription ($id: ID!) {
  gatedUpdated(id: $id) { status isFinal canCancel version progress { fraction message } output { greeting } }
}`;

/** A task that stops half way until the test lets it go on. */
function gatedTask(gate: Gate) {
  return defineTask({
    name: 'gated',
    description: 'Greets, once it may.',
    input: (t) => ({ name: t.string({ required: true }) }),
    output: (t) => ({ greeting: t.string() }),
    async run({ name }, { progress }) {
      await progress({ fraction: 0.5, message: 'half way' });
      await gate.opened;
      return { greeting: `Hello ${name}` };
    },
  });
}

describe.each(sharedStores)('on $name', (shared) => {
  test.each(['ws', 'sse'] as const)(
    'a task is enqueued by its mutation and followed to its end over %s',
    async (transport) => {
      const gate = new Gate();
      await using api = await TestApi.start([gatedTask(gate)], { redis: freshSettings(shared) });
      const { data } = await api.http(enqueue);
      expect(data.gated.task).toMatchObject({ __typename: 'GatedTask', isFinal: false, canCancel: true });

      const states = [];
      for await (const { data: state, errors } of api[transport](follow, { id: data.gated.task.id })) {
        expect(errors).toBeUndefined();
        states.push(state.gatedUpdated);
        if (state.gatedUpdated.progress?.fraction === 0.5) gate.open();
      }

      const versions = states.map(({ version }) => version);
      expect(versions).toEqual([...new Set(versions)].toSorted((a, b) => a - b));
      expect(states.find(({ progress }) => progress !== null)).toMatchObject({
        status: 'RUNNING',
        output: null,
      });
      expect(states.at(-1)).toMatchObject({
        status: 'SUCCEEDED',
        isFinal: true,
        canCancel: false,
        output: { greeting: 'Hello Ada' },
      });
    },
  );
});

test('a subscriber who comes late still gets the result, on every transport', async () => {
  await using api = await TestApi.start([double]);
  const id = await api.enqueueDouble(21);
  await api.tests.finished(id);

  const query = 'subscription ($id: ID!) { doubleUpdated(id: $id) { status output { n } } }';
  const result = { data: { doubleUpdated: { status: 'SUCCEEDED', output: { n: 42 } } } };

  expect(await Array.fromAsync(api.ws(query, { id }))).toEqual([result]);
  expect(await Array.fromAsync(api.sse(query, { id }))).toEqual([result]);
});

test("a browser's EventSource follows a task by GET", async () => {
  await using api = await TestApi.start([double]);
  const id = await api.enqueueDouble(4);
  const url = new URL(api.url);
  url.searchParams.set('query', 'subscription ($id: ID!) { taskUpdated(id: $id) { status } }');
  url.searchParams.set('variables', JSON.stringify({ id }));

  const source = new EventSource(url);
  const states: string[] = [];
  source.addEventListener('next', ({ data }) => states.push(JSON.parse(data).data.taskUpdated.status));
  await new Promise((resolve) => source.addEventListener('complete', resolve));
  source.close();

  expect(states.at(-1)).toBe('SUCCEEDED');
});

test('everything about a task can be read at any time', async () => {
  await using api = await TestApi.start([double]);
  const id = await api.enqueueDouble(5);
  await api.tests.finished(id);

  const { data } = await api.http(
    `query ($id: ID!) {
      task(id: $id) {
        id name queue status isFinal canCancel version attempt createdAt startedAt finishedAt nextAttemptAt tags owner
        definitionVersion input failure { code } cancellation { reason } parent { id } progress { fraction }
        attempts { number worker startedAt finishedAt outcome failure { code } }
        ... on DoubleTask { output { n } }
      }
      node(id: $id) { __typename id }
      nodes(ids: [$id, "default_nothing"]) { id }
    }`,
    { id },
  );

  expect(data.task).toMatchObject({
    id,
    name: 'double',
    queue: 'default',
    status: 'SUCCEEDED',
    attempt: 1,
    owner: 'anonymous',
    tags: [],
    input: { n: 5 },
    output: { n: 10 },
    failure: null,
    cancellation: null,
    parent: null,
    nextAttemptAt: null,
    attempts: [{ number: 1, outcome: 'SUCCEEDED', failure: null }],
  });
  expect(new Date(data.task.createdAt).getTime()).toBeLessThanOrEqual(
    new Date(data.task.finishedAt).getTime(),
  );
  expect(data.node).toEqual({ __typename: 'DoubleTask', id });
  expect(data.nodes).toEqual([{ id }, null]);
});

test("a failed task is data: its failure is in the task, not in the request's errors", async () => {
  const broken = defineTask({
    name: 'broken',
    retry: { attempts: 1 },
    run() {
      throw Object.assign(new Error('The disk is full.'), { code: 'DISK_FULL' });
    },
  });
  await using api = await TestApi.start([broken]);
  const { data: enqueued } = await api.http('mutation { broken { task { id } } }');
  const id = enqueued.broken.task.id;
  await api.tests.finished(id);

  const answer = await api.http(
    'query ($id: ID!) { task(id: $id) { status failedAttempts maxAttempts failure { code message attempt } } }',
    { id },
  );

  expect(answer).toEqual({
    data: {
      task: {
        status: 'FAILED',
        failedAttempts: 1,
        maxAttempts: 1,
        failure: { code: 'DISK_FULL', message: 'The disk is full.', attempt: 1 },
      },
    },
  });
});

test('a large output is read for those who select it', async () => {
  const large = defineTask({
    name: 'large',
    output: (t) => ({ text: t.string() }),
    run: () => ({ text: 'x'.repeat(50_000) }),
  });
  await using api = await TestApi.start([large]);
  const { data } = await api.http('mutation { large { task { id } } }');

  const results = await Array.fromAsync(
    api.ws('subscription ($id: ID!) { largeUpdated(id: $id) { status output { text } } }', {
      id: data.large.task.id,
    }),
  );

  expect(results.at(-1)?.data.largeUpdated.output.text).toHaveLength(50_000);
});

test('a task of a definition that this API does not know is an UntypedTask', async () => {
  await using api = await TestApi.start([double], { workers: 0 });
  const unknown = defineTask({
    name: 'unknown',
    input: (t) => ({ n: t.int() }),
    output: (t) => ({ m: t.int() }),
    run: ({ n }) => ({ m: n ?? 0 }),
  });
  await using others = await TestApi.start([unknown], { redis: api.tests.redis });
  const { data } = await others.http('mutation { unknown(input: { n: 7 }) { task { id } } }');
  const id = data.unknown.task.id;
  await others.tests.finished(id);

  const { data: read } = await api.http(
    'query ($id: ID!) { task(id: $id) { __typename input ... on UntypedTask { output } } }',
    { id },
  );

  expect(read.task).toEqual({ __typename: 'UntypedTask', input: { n: 7 }, output: { m: 7 } });
});

test("a typed subscription to another definition's task is TASK_NOT_FOUND, as is an unknown id", async () => {
  const other = defineTask({ name: 'other', run: () => undefined });
  await using api = await TestApi.start([double, other], { workers: 0 });
  const { data } = await api.http('mutation { other { task { id } } }');

  for (const id of [data.other.task.id, 'default_00000000000000000000000000', 'nonsense']) {
    const query = 'subscription ($id: ID!) { doubleUpdated(id: $id) { status } }';
    const results = [
      ...(await Array.fromAsync(api.ws(query, { id }))),
      ...(await Array.fromAsync(api.sse(query, { id }))),
    ];
    expect(results.map(({ errors }) => errors?.[0]?.extensions)).toEqual([
      { code: 'TASK_NOT_FOUND' },
      { code: 'TASK_NOT_FOUND' },
    ]);
  }
  expect(api.tests.tasks.channels).toBe(0);
});

test('cancelTask cancels a task that waits, and tells who asked for it and why', async () => {
  await using api = await TestApi.start([double], { workers: 0 });
  const id = await api.enqueueDouble(1);
  const cancel = `mutation ($id: ID!) {
    cancelTask(id: $id, reason: "a mistake") { accepted task { status canCancel cancellation { reason actor requestedAt } } }
  }`;

  const first = await api.http(cancel, { id });
  const again = await api.http(cancel, { id });

  expect(first.data.cancelTask).toMatchObject({
    accepted: true,
    task: { status: 'CANCELED', canCancel: false, cancellation: { reason: 'a mistake', actor: 'anonymous' } },
  });
  expect(again.data.cancelTask).toMatchObject({ accepted: false, task: { status: 'CANCELED' } });
  const { errors } = await api.http(cancel, { id: 'default_00000000000000000000000000' });
  expect(errors?.[0]?.extensions).toEqual({ code: 'TASK_NOT_FOUND' });
});

test('tags and the trace of the request are kept with the task', async () => {
  await using api = await TestApi.start([double], { workers: 0 });
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  const query =
    'mutation { double(input: { n: 1 }, options: { tags: ["red", "blue"] }) { task { id tags } } }';

  const { data } = await api.http(query, {}, { traceparent });
  const { data: bad } = await api.http(query, {}, { traceparent: 'nonsense' });

  expect(data.double.task.tags).toEqual(['red', 'blue']);
  expect(await api.tests.tasks.get(data.double.task.id)).toMatchObject({ trace: traceparent });
  expect(await api.tests.tasks.get(bad.double.task.id)).not.toHaveProperty('trace');
});

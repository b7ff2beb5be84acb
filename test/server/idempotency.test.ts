import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { defineTask } from '../../src/index.ts';
import { double } from '../support/definitions.ts';
import { TestApi } from './test-api.ts';
import type { Result } from './test-client.ts';

const other = defineTask({ name: 'other', run: () => undefined });
const enqueue = `mutation ($n: Int!, $options: TaskOptions) {
  double(input: { n: $n }, options: $options) { deduplicated task { id } }
}`;

let api: TestApi;
beforeEach(async () => {
  api = await TestApi.start([double, other], { workers: 0 });
});
afterEach(async () => {
  await api[Symbol.asyncDispose]();
});

const withKey = (n: number, idempotencyKey: string) => api.http(enqueue, { n, options: { idempotencyKey } });
const withHeader = (n: number, key: string) => api.http(enqueue, { n }, { 'idempotency-key': key });

/** The code of the only error, and where it is. */
function refusal({ errors }: Result) {
  expect(errors).toHaveLength(1);
  const { code, issues } = errors?.[0]?.extensions ?? {};
  return { code, paths: Array.isArray(issues) ? issues.map(({ path }) => path.join('.')) : undefined };
}

async function expectTasks(count: number): Promise<void> {
  expect(await api.tests.tasks.count()).toEqual({ count, exact: true });
}

describe.each([
  ['the option', (n: number, key: string) => withKey(n, key)],
  ['the header', (n: number, key: string) => withHeader(n, key)],
])('a key in %s', (_, send) => {
  test('gives the same task to a request that is sent again', async () => {
    const first = await send(1, 'order-7');
    const again = await send(1, 'order-7');

    expect(first.data.double.deduplicated).toBe(false);
    expect(again.data.double).toEqual({ deduplicated: true, task: first.data.double.task });
    await expectTasks(1);
  });

  test('enqueues once, however many requests come at the same time', async () => {
    const answers = await Promise.all(Array.from({ length: 10 }, () => send(1, 'order-7')));

    const payloads = answers.map(({ data }) => data.double);
    expect(new Set(payloads.map(({ task }) => task.id)).size).toBe(1);
    expect(payloads.filter(({ deduplicated }) => !deduplicated)).toHaveLength(1);
    await expectTasks(1);
  });

  test('with another input is IDEMPOTENCY_KEY_REUSED and tells whose it is', async () => {
    const { data } = await send(1, 'order-7');

    const { errors } = await send(2, 'order-7');

    expect(errors?.[0]).toMatchObject({
      path: ['double'],
      extensions: { code: 'IDEMPOTENCY_KEY_REUSED', taskId: data.double.task.id },
    });
    await expectTasks(1);
  });

  test('may be used for each definition by itself', async () => {
    await send(1, 'order-7');
    const { data } = await api.http(
      'mutation { other(options: { idempotencyKey: "order-7" }) { deduplicated } }',
    );

    expect(data.other).toEqual({ deduplicated: false });
  });
});

test.each([
  ['an option of 257 characters', {}, 'x'.repeat(257), 'options.idempotencyKey'],
  ['an empty option', {}, '', 'options.idempotencyKey'],
  ['a header of 257 characters', { 'idempotency-key': 'x'.repeat(257) }, undefined, 'Idempotency-Key'],
  ['an empty header', { 'idempotency-key': '' }, undefined, 'Idempotency-Key'],
  ['an option that is not the header', { 'idempotency-key': 'a' }, 'b', 'options.idempotencyKey'],
])('%s is BAD_USER_INPUT that says where', async (_, headers, idempotencyKey, path) => {
  const options = idempotencyKey === undefined ? {} : { idempotencyKey };

  const answer = await api.http(enqueue, { n: 1, options }, headers);

  expect(refusal(answer)).toEqual({ code: 'BAD_USER_INPUT', paths: [path] });
  await expectTasks(0);
});

test('a key in quotes, as the standard of the header has it, is the same key', async () => {
  const { data: quoted } = await withHeader(1, String.raw`"a \"b\" \\c"`);
  const { data: plain } = await withKey(1, String.raw`a "b" \c`);
  const { data: both } = await api.http(
    enqueue,
    { n: 1, options: { idempotencyKey: String.raw`a "b" \c` } },
    { 'idempotency-key': String.raw`"a \"b\" \\c"` },
  );

  expect(plain.double).toEqual({ deduplicated: true, task: quoted.double.task });
  expect(both.double).toEqual(plain.double);
});

test.each([
  ['two fields', 'a: double(input: { n: 1 }) { task { id } } other { task { id } }'],
  ['aliases', 'a: double(input: { n: 1 }) { task { id } } b: double(input: { n: 1 }) { task { id } }'],
  ['a fragment', 'other { task { id } } ...More'],
  ['an inline fragment', 'other { task { id } } ... { b: other { task { id } } }'],
  ['an included field', 'other { task { id } } b: other @include(if: $yes) { task { id } }'],
  ['a bulk replay', 'other { task { id } } replayTasks(filter: { names: ["double"] }) { acceptedCount }'],
  ['a replay', 'other { task { id } } replayTask(id: "x") { task { id } }'],
])(
  'a header for an operation that enqueues several times, by %s, is BAD_USER_INPUT and nothing runs',
  async (_, fields) => {
    const query = `mutation ($yes: Boolean = true) { ${fields} ...Unused @skip(if: $yes) }
    fragment More on Mutation { double(input: { n: 1 }) { task { id } } }
    fragment Unused on Mutation { unused: __typename ...More @skip(if: true) }`;
    const headers = { 'idempotency-key': 'k', accept: 'application/graphql-response+json' };

    const response = await api.post({ query }, headers);

    expect(response.status).toBe(400);
    // A GraphQL response.
    expect(refusal((await response.json()) as Result)).toEqual({
      code: 'BAD_USER_INPUT',
      paths: ['Idempotency-Key'],
    });
    await expectTasks(0);
    expect(await api.http(query)).not.toHaveProperty('errors.0.extensions.issues');
  },
);

test('fields that are skipped, repeated or do something else leave the header to the one that enqueues', async () => {
  const query = `mutation ($n: Int!, $no: Boolean!) {
    double(input: { n: $n }) { task { id } }
    ...Again
    other @include(if: $no) { task { id } }
    skipped: other @skip(if: true) { task { id } }
    retryTasks(filter: { names: ["double"] }) { acceptedCount }
  }
  fragment Again on Mutation { double(input: { n: $n }) { deduplicated } }`;
  const ask = () => api.http(query, { n: 1, no: false }, { 'idempotency-key': 'k' });

  const { data: first } = await ask();
  const { data: again } = await ask();

  expect(again.double).toEqual({ deduplicated: true, task: first.double.task });
  await expectTasks(1);
});

test('a header for what enqueues nothing is let pass', async () => {
  const headers = { 'idempotency-key': '' };
  const id = await api.enqueueDouble(1);

  const read = await api.http('query ($id: ID!) { task(id: $id) { id } }', { id }, headers);
  const canceled = await api.http(
    'mutation ($id: ID!) { cancelTask(id: $id) { accepted } }',
    { id },
    { 'idempotency-key': 'x'.repeat(1000) },
  );

  expect(read).toEqual({ data: { task: { id } } });
  expect(canceled).toEqual({ data: { cancelTask: { accepted: true } } });
});

test('the header counts for a mutation over SSE, too', async () => {
  const headers = { accept: 'text/event-stream', 'idempotency-key': 'k' };
  const ask = async () => (await api.post({ query: enqueue, variables: { n: 1 } }, headers)).text();

  expect(await ask()).toContain('"deduplicated":false');
  expect(await ask()).toContain('"deduplicated":true');
});

test('a header of the request that opened a WebSocket is no key of what runs over it', async () => {
  class KeyedSocket extends WebSocket {
    constructor(url: string, protocol: string) {
      super(url, protocol, { headers: { 'idempotency-key': 'k' } });
    }
  }
  const client = createClient({ url: api.socketUrl, webSocketImpl: KeyedSocket });

  for (const n of [1, 2]) {
    const { data } = await api.overSocket(enqueue, { n }, client);
    expect(data.double.deduplicated).toBe(false);
  }

  await client.dispose();
  await expectTasks(2);
});

test('a replay with a key is enqueued once', async () => {
  const id = await api.enqueueDouble(1);
  const replay = `mutation ($id: ID!, $options: TaskOptions) {
    replayTask(id: $id, options: $options) { deduplicated task { id replayOf { id } } }
  }`;

  const { data: first } = await api.http(replay, { id, options: { idempotencyKey: 'k' } });
  const { data: again } = await api.http(replay, { id }, { 'idempotency-key': 'k' });

  expect(first.replayTask).toMatchObject({ deduplicated: false, task: { replayOf: { id } } });
  expect(again.replayTask).toEqual({ ...first.replayTask, deduplicated: true });
});

test('a key holds as long as it is told to', async () => {
  const options = { idempotencyKey: 'k', idempotencyKeyTtl: '50ms' };
  const { data: first } = await api.http(enqueue, { n: 1, options });

  await vi.waitFor(async () => {
    const { data } = await api.http(enqueue, { n: 1, options });
    expect(data.double.deduplicated).toBe(false);
    expect(data.double.task.id).not.toBe(first.double.task.id);
  });
});

test.each([['PT30S'], ['30s'], ['1.5h'], ['P1DT12H'], ['30d']])('a key may hold for %s', async (ttl) => {
  const options = { idempotencyKey: 'k', idempotencyKeyTtl: ttl };

  expect(await api.http(enqueue, { n: 1, options })).toMatchObject({
    data: { double: { deduplicated: false } },
  });
});

test.each([
  ['no duration', 'soon', "Expected a duration such as '30s'"],
  ['a number', 30, "'PT30S', not 30"],
  ['too long', '31d', "Expected '1ms' to '30d'"],
  ['no time at all', '0s', "Expected '1ms' to '30d'"],
  ['of no one length', 'P1M', "Expected '1ms' to '30d'"],
  ['negative', '-PT1S', "Expected '1ms' to '30d'"],
])('a time to hold that is %s is BAD_USER_INPUT', async (_, ttl, message) => {
  const { errors } = await api.http(enqueue, {
    n: 1,
    options: { idempotencyKey: 'k', idempotencyKeyTtl: ttl },
  });

  expect(errors?.[0]?.extensions).toMatchObject({
    code: 'BAD_USER_INPUT',
    issues: [{ path: ['options', 'idempotencyKeyTtl'], message: expect.stringContaining(message) }],
  });
});

import { expect, test } from 'vitest';
import { defineTask, NonRetryableError } from '../../src/index.ts';
import { double, forever } from '../support/definitions.ts';
import { TestApi } from './test-api.ts';

const query = `subscription ($n: Int!, $key: String!) {
  runDouble(input: { n: $n }, idempotencyKey: $key) { id version status output { n } }
}`;

test.each(['ws', 'sse'] as const)(
  'a task is enqueued and followed in one operation over %s',
  async (transport) => {
    await using api = await TestApi.start([double]);

    const states = await Array.fromAsync(api[transport](query, { n: 21, key: 'one' }));

    expect(states.at(-1)?.data.runDouble).toMatchObject({ status: 'SUCCEEDED', output: { n: 42 } });
    expect(await api.tests.tasks.count()).toMatchObject({ count: 1 });
  },
);

test('the first state is that of the accepted task', async () => {
  await using api = await TestApi.start([double], { workers: 0 });
  const stream = api.ws(query, { n: 1, key: 'one' });

  const { value } = await stream.next();

  expect(value?.data.runDouble).toMatchObject({ status: 'QUEUED', output: null });
  expect(await api.tests.tasks.get(value?.data.runDouble.id)).toMatchObject({ status: 'QUEUED' });
  await stream.return(undefined);
});

test('the same key follows the same task, also as enqueued by the mutation, and after an API is gone', async () => {
  await using api = await TestApi.start([double], { workers: 0 });
  const { data } = await api.http(
    'mutation { double(input: { n: 1 }, options: { idempotencyKey: "one" }) { task { id } } }',
  );
  const first = api.ws(query, { n: 1, key: 'one' });
  expect((await first.next()).value?.data.runDouble.id).toBe(data.double.task.id);
  await api.server.close();
  await using other = await TestApi.start([double], { redis: api.tests.redis });

  const states = await Array.fromAsync(other.ws(query, { n: 1, key: 'one' }));

  expect(states.at(-1)?.data.runDouble).toMatchObject({ id: data.double.task.id, status: 'SUCCEEDED' });
});

test('a client that comes back after its task has failed is told so, and nothing runs again', async () => {
  let runs = 0;
  const failing = defineTask({
    name: 'failing',
    run() {
      runs += 1;
      throw new NonRetryableError('no');
    },
  });
  await using api = await TestApi.start([failing]);
  const follow = 'subscription { runFailing(idempotencyKey: "one") { id status failure { message } } }';
  const [before, after] = [await Array.fromAsync(api.ws(follow)), await Array.fromAsync(api.ws(follow))].map(
    (states) => states.at(-1)?.data.runFailing,
  );

  expect(before).toMatchObject({ status: 'FAILED', failure: { message: 'no' } });
  expect(after).toEqual(before);
  expect(runs).toBe(1);
  // The mutation's key is free again, as ever.
  const { data } = await api.http(
    'mutation { failing(options: { idempotencyKey: "one" }) { deduplicated task { id } } }',
  );
  expect(data.failing.deduplicated).toBe(false);
  expect(data.failing.task.id).not.toBe(before?.id);
});

test('another input under the same key is IDEMPOTENCY_KEY_REUSED, and two keys are refused', async () => {
  await using api = await TestApi.start([double], { workers: 0 });
  await api.ws(query, { n: 1, key: 'one' }).next();

  const reused = await api.overSocket(query, { n: 2, key: 'one' });
  const twoKeys = await api.overSocket(
    'subscription { runDouble(input: { n: 1 }, idempotencyKey: "a", options: { idempotencyKey: "b" }) { id } }',
  );
  const noKey = await api.overSocket(
    'subscription { runDouble(input: { n: 1 }, idempotencyKey: "") { id } }',
  );
  const bad = await api.overSocket(
    'subscription { runDouble(input: { n: 1 }, idempotencyKey: "a", throttle: "2m") { id } }',
  );

  expect(reused.errors).toMatchObject([{ extensions: { code: 'IDEMPOTENCY_KEY_REUSED' } }]);
  expect(twoKeys.errors).toMatchObject([
    { extensions: { code: 'BAD_USER_INPUT', issues: [{ path: ['options', 'idempotencyKey'] }] } },
  ]);
  expect(noKey.errors).toMatchObject([
    { extensions: { code: 'BAD_USER_INPUT', issues: [{ path: ['idempotencyKey'] }] } },
  ]);
  expect(bad.errors).toMatchObject([
    { extensions: { code: 'BAD_USER_INPUT', issues: [{ path: ['throttle'] }] } },
  ]);
  expect(await api.tests.tasks.count()).toMatchObject({ count: 1 });
});

test.each([
  ['a stream of events', 'text/event-stream'],
  ['anything', '*/*'],
  ['several kinds', 'multipart/mixed, text/event-stream'],
])('a GET enqueues nothing, whatever it accepts: %s', async (_, accept) => {
  await using api = await TestApi.start([forever], { workers: 0 });
  const operation = encodeURIComponent('subscription { runForever(idempotencyKey: "one") { id } }');

  const response = await fetch(`${api.url}?query=${operation}`, { headers: { accept } });

  const text = await response.text();
  expect(text).toContain('A subscription that enqueues is sent by POST');
  expect(text).toContain('"code":"BAD_REQUEST"');
  expect(await api.tests.tasks.count()).toMatchObject({ count: 0 });
});

test('a client chooses how often it is told something', async () => {
  const quick = defineTask({
    name: 'quick',
    async run(_, { progress }) {
      for (let step = 1; step <= 40; step += 1) await progress({ current: step, total: 40 });
    },
  });
  await using api = await TestApi.start([quick], { workers: 0 });
  const { data } = await api.http('mutation { quick { task { id } } }');
  const follow = (throttle: string) =>
    Array.fromAsync(
      api.ws(
        `subscription ($id: ID!) { quickUpdated(id: $id, throttle: "${throttle}") { status progress { current } } }`,
        {
          id: data.quick.task.id,
        },
      ),
    );
  const followed = [follow('0s'), follow('1m')];
  await api.tests.startWorker();

  const [all, few] = await Promise.all(followed);

  expect(all?.length).toBeGreaterThan(few?.length ?? 0);
  expect(few?.at(-1)?.data.quickUpdated).toEqual({ status: 'SUCCEEDED', progress: { current: 40 } });
  expect(few?.length).toBeLessThanOrEqual(2);
});

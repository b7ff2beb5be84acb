import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { defineTask } from '../../src/index.ts';
import { OperationTime } from '../../src/server/operation-time.ts';
import { double, forever, Gate } from '../support/definitions.ts';
import { TestApi } from './test-api.ts';

const waiting = { timeout: 10_000 };
const timedOut = [{ extensions: { code: 'OPERATION_TIMED_OUT' } }];

describe('an operation that takes too long', () => {
  let gate: Gate;
  /** Whose input is looked at for as long as the gate is closed. */
  const gated = defineTask({
    name: 'gated',
    input: (t) => ({ isQuick: t.boolean() }),
    async validate({ isQuick }) {
      if (isQuick !== true) await gate.opened;
    },
    run: () => undefined,
  });
  let api: TestApi;
  beforeEach(async () => {
    gate = new Gate();
    api = await TestApi.start([double, gated, forever], { operations: { timeoutMs: 300 } });
  });
  afterEach(async () => {
    gate.open();
    await api[Symbol.asyncDispose]();
  });

  const mutation = `mutation ($isQuick: Boolean) {
    first: gated(input: { isQuick: $isQuick }) { task { id } }
    then: double(input: { n: 1 }) { task { id } }
  }`;
  const names = async () =>
    (await api.tests.tasks.list({ direction: 'ASC', limit: 100 })).tasks.map(({ task }) => task.name);

  test('is answered with 503 and when to come again, whatever it accepts', async () => {
    for (const accept of ['application/json', 'application/graphql-response+json']) {
      const response = await api.post({ query: mutation }, { accept });

      expect(response.status).toBe(503);
      expect(response.headers.get('retry-after')).toBe('1');
      expect(await response.json()).toMatchObject({ errors: timedOut });
    }
  });

  test.each([
    ['seldom', 0],
    ['so often that it would be compiled', 25],
  ])('and is run %s begins nothing more, over HTTP and WebSocket', async (_, runs) => {
    for (let run = 0; run < runs; run += 1) await api.http(mutation, { isQuick: true });
    const before = await names();

    const answers = [await api.http(mutation), await api.overSocket(mutation)];
    gate.open();

    expect(answers).toMatchObject([{ errors: timedOut }, { errors: timedOut }]);
    await vi.waitFor(async () => expect((await names()).slice(before.length)).toContain('gated'), waiting);
    // What goes on would have been enqueued in the same turn as this one, or before.
    await api.enqueueDouble(2);
    await api.enqueueDouble(3);
    expect((await names()).slice(before.length).toSorted()).toEqual(['double', 'double', 'gated', 'gated']);
  });

  test('leaves no stream behind where it is a subscription, over WebSocket and SSE', async () => {
    const query = 'subscription { runGated(idempotencyKey: "a", input: {}) { status } }';

    const answers = [await api.overSocket(query), await api.sse(query).next()];
    gate.open();

    expect(answers).toMatchObject([{ errors: timedOut }, { value: { errors: timedOut } }]);
    await vi.waitFor(async () => expect(await names()).toContain('gated'), waiting);
    await vi.waitFor(() => expect(api.tests.tasks.channels).toBe(0), waiting);
  });

  test('but waits for its task, as its client asked, has the time for it', async () => {
    const began = performance.now();

    const { data, errors } = await api.http(
      'mutation { forever(options: { wait: "1s" }) { task { status } } }',
    );

    expect(errors).toBeUndefined();
    expect(data.forever.task.status).toMatch(/QUEUED|RUNNING/);
    expect(performance.now() - began).toBeGreaterThan(900);
  });
});

describe('the time of an operation', () => {
  const never = new Promise<string>(() => {});

  test('ends it, and everything that goes by its signals', async () => {
    const time = new OperationTime(20, {});
    const { signal, expired } = time;

    await expect(time.bound(never)).rejects.toMatchObject({ extensions: { code: 'OPERATION_TIMED_OUT' } });

    expect(signal.aborted).toBe(true);
    expect(expired.aborted).toBe(true);
  });

  test('undoes what comes too late, and takes no notice of an error then', async () => {
    const late = Promise.withResolvers<string>();
    const failing = Promise.withResolvers<string>();
    const undone = Promise.withResolvers<string>();
    const outcomes = await Promise.allSettled([
      new OperationTime(20, {}).bound(late.promise, undone.resolve),
      new OperationTime(20, {}).bound(failing.promise, undone.reject),
    ]);

    failing.reject(new Error('nobody asks any more'));
    late.resolve('late');

    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(await undone.promise).toBe('late');
  });

  test('passes on what comes in time, and aborts nothing after it', async () => {
    const gone = new AbortController();
    const time = new OperationTime(20, { signal: gone.signal });
    const { signal } = time;

    expect(await time.bound(Promise.resolve('in time'))).toBe('in time');
    await expect(time.bound(Promise.reject(new Error('failed')))).rejects.toThrow('failed');

    gone.abort();
    expect(signal.aborted).toBe(false);
  });

  test('ends its signal, but not the operation, where the client has gone', async () => {
    const gone = new AbortController();
    const time = new OperationTime(10_000, { signal: gone.signal });
    const work = Promise.withResolvers<string>();
    const outcome = time.bound(work.promise);

    gone.abort();
    expect(time.signal.aborted).toBe(true);
    expect(time.expired.aborted).toBe(false);
    work.resolve('done');

    expect(await outcome).toBe('done');
  });

  test('is longer by what its client waits for, at most five minutes in all', () => {
    vi.useFakeTimers();
    try {
      const time = new OperationTime(10_000, {});
      const ended = vi.fn<() => void>();
      time.bound(never).catch(ended);
      const { expired } = time;

      time.extend(60_000);
      vi.advanceTimersByTime(69_000);
      expect(expired.aborted).toBe(false);
      time.extend(300_000);
      vi.advanceTimersByTime(240_000);
      expect(expired.aborted).toBe(false);
      vi.advanceTimersByTime(2_000);
      expect(expired.aborted).toBe(true);
    } finally {
      vi.useRealTimers();
    }
  });
});

import { context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { defineTask } from '../../src/definition/definition.ts';
import { loadDefinitions } from '../../src/definition/load.ts';
import { openTraces } from '../../src/tracing/open-traces.ts';
import { TestApi } from '../server/test-api.ts';
import { TestTasks } from '../support/tasks.ts';

vi.setConfig({ testTimeout: 30_000 });

beforeAll(() => context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable()));
afterAll(() => context.disable());

const clicked = '0af7651916cd43dd8448eb211c80319c';
const click = { traceparent: `00-${clicked}-b7ad6b7169203331-01` };

/** Traces that end in memory, and what is told of their spans. */
function recorded() {
  const exporter = new InMemorySpanExporter();
  const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
  const named = (name: string) => exporter.getFinishedSpans().filter((span) => span.name === name);
  return {
    provider,
    traces: openTraces(provider),
    named,
    all: () => exporter.getFinishedSpans(),
    /** The one span of a name, once it has ended. */
    one: async (name: string) =>
      await vi.waitFor(
        () => {
          const [span, ...others] = named(name);
          if (span === undefined || others.length > 0) {
            throw new Error(`${name}: ${others.length} more; ${exporter.getFinishedSpans().length} in all`);
          }
          return span;
        },
        { timeout: 10_000 },
      ),
  };
}

const resize = defineTask({ name: 'resize', input: (t) => ({ secret: t.string() }), run: () => undefined });

test('one trace leads from a click through mutation, enqueue, run and the run of a child to the result that is watched', async () => {
  const { provider, traces, one } = recorded();
  const gate = Promise.withResolvers<void>();
  const parent = defineTask({
    name: 'album',
    run: async (_, { enqueue }) => {
      await gate.promise;
      // As instrumentation of a user's own.
      provider.getTracer('mine').startSpan('decode').end();
      await (await enqueue(resize, { secret: 'hush' })).result();
    },
  });
  await using api = await TestApi.start([parent, resize], { traces });

  const { data } = await api.http('mutation Click { album { task { id } } }', {}, click);
  const { id } = data.album.task;
  const watching = api.ws('subscription($id: ID!) { albumUpdated(id: $id) { status } }', { id });
  await watching.next();
  gate.resolve();
  await Array.fromAsync(watching);

  const mutation = await one('mutation album');
  const enqueue = await one('enqueue album');
  const run = await one('run album');
  const decode = await one('decode');
  const enqueueChild = await one('enqueue resize');
  const runChild = await one('run resize');
  const watch = await one('watch album');
  const subscription = await one('subscription albumUpdated');
  const parents = [mutation, enqueue, run, decode, enqueueChild, runChild, watch].map((span) => [
    span.spanContext().traceId,
    span.parentSpanContext?.spanId,
  ]);
  const idOf = (span: typeof run) => span.spanContext().spanId;
  expect(parents).toEqual([
    [clicked, 'b7ad6b7169203331'],
    [clicked, idOf(mutation)],
    [clicked, idOf(enqueue)],
    [clicked, idOf(run)],
    [clicked, idOf(run)],
    [clicked, idOf(enqueueChild)],
    [clicked, idOf(enqueue)],
  ]);
  expect([mutation, enqueue, run, watch].map(({ kind }) => kind)).toEqual([
    SpanKind.SERVER,
    SpanKind.PRODUCER,
    SpanKind.CONSUMER,
    SpanKind.INTERNAL,
  ]);
  expect(run.attributes).toMatchObject({
    'messaging.system': 'taskwire',
    'messaging.destination.name': 'default',
    'messaging.message.id': id,
    'taskwire.attempt': 1,
    'taskwire.worker': api.tests.workers[0]?.id,
    'taskwire.outcome': 'SUCCEEDED',
  });
  expect(enqueue.attributes).toMatchObject({
    'messaging.message.id': id,
    'messaging.destination.name': 'default',
  });
  expect(watch.links.map((link) => link.context.spanId)).toEqual([idOf(subscription)]);
  expect(watch.events.map(({ name, attributes }) => [name, attributes?.['taskwire.status']])).toEqual([
    ['first state', expect.stringMatching(/QUEUED|RUNNING/)],
    ['final state', 'SUCCEEDED'],
  ]);
  const told = JSON.stringify(
    [mutation, enqueue, enqueueChild, runChild].map(({ attributes }) => attributes),
  );
  expect(told).not.toContain('hush');
});

test('a page tells its trace when it opens its socket, as it can set no headers', async () => {
  const { traces, one } = recorded();
  await using api = await TestApi.start([resize], { traces });
  const client = createClient({ url: api.socketUrl, webSocketImpl: WebSocket, connectionParams: click });

  await Array.fromAsync(client.iterate({ query: 'mutation { resize(input: {}) { task { id } } }' }));

  const mutation = await one('mutation resize');
  const run = await one('run resize');
  expect([mutation, run].map((span) => span.spanContext().traceId)).toEqual([clicked, clicked]);
  await client.dispose();
});

test('an operation of a socket may belong to a trace of its own, and the next one belongs to that of the socket', async () => {
  const { traces, named } = recorded();
  await using api = await TestApi.start([resize], { traces, workers: 0 });
  const client = createClient({ url: api.socketUrl, webSocketImpl: WebSocket, connectionParams: click });
  const query = 'mutation { resize(input: {}) { task { id } } }';
  const other = '4bf92f3577b34da6a3ce929d0e0e4736';

  for (const traceparent of [`00-${other}-00f067aa0ba902b7-01`, undefined, 'nonsense', 7]) {
    await Array.fromAsync(client.iterate({ query, extensions: { traceparent } }));
  }

  const mutations = named('mutation resize');
  expect(mutations.map((span) => span.spanContext().traceId)).toEqual([other, clicked, clicked, clicked]);
  expect(mutations[0]?.parentSpanContext?.spanId).toBe('00f067aa0ba902b7');
  await client.dispose();
});

test('a run knows the traceparent of its attempt, and in a thread the span is active, too', async () => {
  const { traces, one } = recorded();
  const told: (string | undefined)[] = [];
  const tells = defineTask({ name: 'tells', run: (_, { traceparent }) => void told.push(traceparent) });
  const file = fileURLToPath(new URL('../fixtures/threads/tasks.ts', import.meta.url));
  const inThread = (await loadDefinitions([file])).filter(({ name }) => name === 'traceHere');
  await using tests = await TestTasks.start([tells, ...inThread], { traces });

  const { id } = await tests.tasks.enqueue('tells', {}, { trace: click.traceparent });
  await tests.finished(id);
  const { id: threaded } = await tests.tasks.enqueue('traceHere', {}, { trace: click.traceparent });
  const { output } = await tests.finished(threaded);

  const run = (await one('run tells')).spanContext();
  expect(told).toEqual([`00-${clicked}-${run.spanId}-01`]);
  const { spanId } = (await one('run traceHere')).spanContext();
  expect(output).toEqual({
    traceparent: `00-${clicked}-${spanId}-01`,
    active: spanId,
  });
});

test('where traces are off a run knows the traceparent of the request, and nothing is active in a thread', async () => {
  const file = fileURLToPath(new URL('../fixtures/threads/tasks.ts', import.meta.url));
  const inThread = (await loadDefinitions([file])).filter(({ name }) => name === 'traceHere');
  await using tests = await TestTasks.start(inThread);

  const { id } = await tests.tasks.enqueue('traceHere', {}, { trace: click.traceparent });
  const { output } = await tests.finished(id);

  expect(output).toEqual({ traceparent: click.traceparent, active: '' });
});

test('each attempt that fails is a span of its own with the error, and a refused mutation tells its code but no values', async () => {
  const { traces, all, named } = recorded();
  const failing = defineTask({
    name: 'failing',
    input: (t) => ({ n: t.int() }),
    retry: { attempts: 2, backoff: { initial: '1ms' } },
    run: () => {
      throw new Error('The disk is full.');
    },
  });
  await using api = await TestApi.start([failing], { traces });

  const { data } = await api.http('mutation { failing(input: { n: 1 }) { task { id } } }');
  await api.tests.finished(data.failing.task.id);
  await vi.waitFor(() => expect(named('run failing')).toHaveLength(2));
  await api.http(
    'mutation($n: Int!) { other: failing(input: { n: $n }, options: { tags: [""] }) { task { id } } }',
    {
      n: 4_711,
    },
  );

  const runs = named('run failing');
  expect(runs.map(({ attributes }) => attributes['taskwire.attempt'])).toEqual([1, 2]);
  expect(new Set(runs.map((run) => run.parentSpanContext?.spanId))).toEqual(
    new Set([named('enqueue failing')[0]?.spanContext().spanId]),
  );
  expect(runs.map(({ status }) => status)).toEqual([
    { code: SpanStatusCode.ERROR, message: 'The disk is full.' },
    { code: SpanStatusCode.ERROR, message: 'The disk is full.' },
  ]);
  expect(runs[0]?.events[0]).toMatchObject({ name: 'exception' });
  const refused = await vi.waitFor(() => {
    const found = named('mutation failing')[1];
    if (found === undefined) throw new Error('not yet');
    return found;
  });
  expect(refused.status.code).toBe(SpanStatusCode.ERROR);
  expect(refused.attributes['error.type']).toBe('BAD_USER_INPUT');
  expect(
    JSON.stringify(all().map(({ attributes, events, status }) => [attributes, events, status])),
  ).not.toContain('4711');
});

test('a batch is one span that all its runs belong to, and a watch that its client leaves ends then', async () => {
  const { traces, named, one } = recorded();
  const gate = Promise.withResolvers<void>();
  const step = defineTask({ name: 'step', input: (t) => ({ n: t.int() }), run: () => gate.promise });
  await using api = await TestApi.start([step], { traces });

  const { data } = await api.http(
    'mutation { stepBatch(inputs: [{ n: 1 }, { n: 2 }, { n: 3 }]) { batch { id } items { task { id } } } }',
  );
  const [{ task }] = data.stepBatch.items;
  const watching = api.ws('subscription($id: ID!) { stepUpdated(id: $id) { status } }', { id: task.id });
  await watching.next();
  await watching.return(undefined);
  const watch = await one('watch step');
  gate.resolve();

  await vi.waitFor(() => expect(named('run step')).toHaveLength(3));
  const enqueue = await one('enqueue step');
  expect(enqueue.attributes).toMatchObject({
    'messaging.batch.message_count': 3,
    'messaging.message.id': data.stepBatch.batch.id,
  });
  expect(named('run step').map((run) => run.parentSpanContext?.spanId)).toEqual(
    Array(3).fill(enqueue.spanContext().spanId),
  );
  expect(watch.events.map(({ name }) => name)).toEqual(['first state']);
});

test('where traces are off a task keeps the traceparent of its request, and the attempt of a worker that tells belongs to it', async () => {
  const { traces, all, one } = recorded();
  await using tests = await TestTasks.start([resize], { workers: 0 });
  const { id } = await tests.tasks.enqueue(resize, { secret: 'hush' }, { trace: click.traceparent });
  expect(all()).toEqual([]);

  await using _telling = await TestTasks.start([resize], { redis: tests.redis, traces });
  await tests.finished(id);

  const run = await one('run resize');
  expect(run.spanContext().traceId).toBe(clicked);
  expect(run.parentSpanContext?.spanId).toBe('b7ad6b7169203331');
  expect(all()).toHaveLength(1);
});

test('what a subscription begins for all who watch the same does not belong to the trace of the first', async () => {
  const { traces, one } = recorded();
  await using api = await TestApi.start([resize], { workers: 0, traces });
  const { connection } = api.tests.tasks;
  const lists = vi.spyOn(connection, 'smembers');
  const active: (string | undefined)[] = [];
  lists.mockImplementation(async (...args) => {
    active.push(trace.getActiveSpan()?.spanContext().traceId);
    lists.mockRestore();
    return await connection.smembers(...args);
  });
  const client = createClient({ url: api.socketUrl, webSocketImpl: WebSocket, connectionParams: click });

  const watching = client.iterate({ query: 'subscription { findingsUpdated { check } }' });
  await watching.next();

  expect((await one('subscription findingsUpdated')).spanContext().traceId).toBe(clicked);
  expect(active).toEqual([undefined]);
  await watching.return?.();
  await client.dispose();
});

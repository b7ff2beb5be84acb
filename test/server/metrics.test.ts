import { expect, test, vi } from 'vitest';
import { openAuthenticator } from '../../src/auth/authenticator.ts';
import type { Scope } from '../../src/auth/viewer.ts';
import { defineTask, NonRetryableError } from '../../src/index.ts';
import { counts } from '../../src/metrics.ts';
import { Line } from '../../src/server/line.ts';
import { createServer } from '../../src/server/server.ts';
import { Subscriber } from '../../src/server/subscriber.ts';
import { double, forever } from '../support/definitions.ts';
import { figures, growth, parseExposition, type Told } from '../support/exposition.ts';
import { freePort } from '../support/redis-server.ts';
import { testLogger } from '../support/stores.ts';
import { TestTokens } from '../support/tokens.ts';
import { connectTasks } from '../../src/tasks/tasks.ts';
import { TestApi } from './test-api.ts';

vi.setConfig({ testTimeout: 60_000 });

const refuses = defineTask({
  name: 'refuses',
  description: 'Fails for good at once.',
  run() {
    throw new NonRetryableError('No.', { code: 'NO' });
  },
});

const stumbles = defineTask({
  name: 'stumbles',
  description: 'Fails, and succeeds when it is tried again.',
  retry: { attempts: 3, backoff: { initial: 1, jitter: 0 } },
  run(_input, { attempt }) {
    if (attempt === 1) throw new Error('not yet');
  },
});

const definitions = [double, forever, refuses, stumbles];

async function scrape(origin: string): Promise<Map<string, Told>> {
  const response = await fetch(`${origin}/metrics`);
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  return parseExposition(await response.text());
}

test('a scrape tells exactly what has happened', async () => {
  await using api = await TestApi.start(definitions, { concurrency: 5 });
  const { tests } = api;
  const { tasks } = tests;
  const [first] = tests.workers;
  // The process may have done something before.
  const before = await scrape(api.origin);

  const ended = [
    await api.enqueueDouble(1),
    await api.enqueueDouble(2),
    (await tasks.enqueue(refuses, {})).id,
    (await tasks.enqueue(stumbles, {})).id,
  ];
  await tasks.enqueueBatch(double, [{ n: 3 }, { n: 4 }, { n: 5 }]);
  const { id: running } = await tasks.enqueue(forever, {});
  await tests.reached(running, ({ progress }) => progress !== undefined);
  const { id: waiting } = await tasks.enqueue(double, { n: 6 }, { delayMs: 3_600_000 });
  const { id: kept } = await tasks.enqueue(forever, {}, { delayMs: 3_600_000 });
  for (const id of ended) await tests.finished(id);

  const gauges = await scrape(api.origin);
  expect(figures(gauges, 'taskwire_queue_depth')).toMatchObject({
    'default RUNNING': 1,
    'default SCHEDULED': 2,
    'default QUEUED': 0,
    'default FAILED': 1,
  });
  expect(figures(gauges, 'taskwire_queue_workers')).toEqual({ default: 1 });
  expect(figures(gauges, 'taskwire_queue_slots')).toEqual({ default: 5 });
  expect(figures(gauges, 'taskwire_queue_busy_slots')).toEqual({ default: 1 });
  expect(figures(gauges, 'taskwire_queue_paused')).toEqual({ default: 0 });
  expect(figures(gauges, 'taskwire_queue_oldest_waiting_seconds')).toEqual({ default: 0 });
  expect(figures(gauges, 'taskwire_store_up')).toEqual({ '': 1 });

  await tasks.cancel(running);
  await tasks.cancel(waiting);
  // Asked for again, of one that has ended: nothing ends by it.
  await tasks.cancel(waiting);
  await tests.finished(running);
  await vi.waitFor(async () => {
    const told = await scrape(api.origin);
    expect(growth(before, told, 'taskwire_tasks_finished_total')['double SUCCEEDED']).toBe(5);
  });
  // Has told the end of everything that it ran.
  await first?.stop();
  await tasks.queues.pause('default');
  const { id: stuck } = await tasks.enqueue(double, { n: 7 });

  const told = await scrape(api.origin);
  expect(growth(before, told, 'taskwire_tasks_enqueued_total')).toEqual({
    'default double': 7,
    'default forever': 2,
    'default refuses': 1,
    'default stumbles': 1,
  });
  expect(growth(before, told, 'taskwire_attempts_started_total')).toEqual({
    double: 5,
    forever: 1,
    refuses: 1,
    stumbles: 2,
  });
  expect(growth(before, told, 'taskwire_attempts_finished_total')).toEqual({
    'double SUCCEEDED': 5,
    'forever CANCELED': 1,
    'refuses FAILED': 1,
    'stumbles FAILED': 1,
    'stumbles SUCCEEDED': 1,
  });
  expect(growth(before, told, 'taskwire_tasks_finished_total')).toEqual({
    'double CANCELED': 1,
    'double SUCCEEDED': 5,
    'forever CANCELED': 1,
    'refuses FAILED': 1,
    'stumbles SUCCEEDED': 1,
  });
  const waits = growth(before, told, 'taskwire_task_wait_seconds');
  expect(waits).toMatchObject({ '+Inf double': 5, '+Inf forever': 1, '+Inf refuses': 1, '+Inf stumbles': 1 });
  const runs = growth(before, told, 'taskwire_attempt_run_seconds');
  expect(runs).toMatchObject({ '+Inf double': 5, '+Inf forever': 1, '+Inf refuses': 1, '+Inf stumbles': 2 });
  // Each bucket holds all that are shorter.
  const shares = Object.entries(runs).filter(([key]) => /^[\d.]+ /.test(key));
  for (const [key, count] of shares)
    expect(count).toBeLessThanOrEqual(runs[key.replace(/^[\d.]+/, '+Inf')] ?? 0);
  expect(figures(told, 'taskwire_queue_paused')).toEqual({ default: 1 });
  expect(figures(told, 'taskwire_queue_workers')).toEqual({ default: 0 });
  expect(figures(told, 'taskwire_queue_depth')).toMatchObject({
    'default QUEUED': 1,
    'default SCHEDULED': 1,
  });
  expect(growth(before, told, 'taskwire_graphql_operations_total')).toEqual({ 'mutation ok': 2 });
  // Nothing that a user chose is among the labels.
  const text = [...told.values()].flatMap(({ samples }) => [...samples.keys()]).join('\n');
  for (const id of [running, waiting, kept, stuck]) expect(text).not.toContain(id);
});

test('a scrape tells what clients have open and are sent, over sockets and event streams', async () => {
  await using api = await TestApi.start(definitions);
  const { id } = await api.tests.tasks.enqueue(forever, {});
  await api.tests.reached(id, ({ progress }) => progress !== undefined);
  const before = await scrape(api.origin);
  const watch = 'subscription($id: ID!) { taskUpdated(id: $id) { status } }';
  const overSocket = api.ws(watch, { id });
  const overStream = api.sse(watch, { id });
  let received = 0;
  for (const results of [overSocket, overStream]) {
    expect((await results.next()).value).toEqual({ data: { taskUpdated: { status: 'RUNNING' } } });
    received += 1;
  }

  const told = await scrape(api.origin);
  expect(figures(told, 'taskwire_sockets')).toEqual({ '': 1 });
  expect(figures(told, 'taskwire_event_streams')).toEqual({ '': 1 });
  expect(figures(told, 'taskwire_watches')['']).toBeGreaterThan(0);

  await api.tests.tasks.cancel(id);
  for (const results of [overSocket, overStream]) for await (const _ of results) received += 1;
  await api.http('{ nothing }');
  await api.http('query($n: Int!) { tasks(first: $n) { edges { cursor } } }', { n: 'x' });
  await api.tests.finished(id);

  const after = await scrape(api.origin);
  expect(growth(before, after, 'taskwire_states_sent_total')).toEqual({ '': received });
  expect(figures(after, 'taskwire_event_streams')).toEqual({ '': 0 });
  expect(figures(after, 'taskwire_watches')).toEqual({ '': 0 });
  expect(growth(before, after, 'taskwire_graphql_operations_total')).toEqual({
    'subscription ok': 2,
    'query error': 1,
  });
  const commands = 'taskwire_redis_commands_total';
  const trips = 'taskwire_redis_round_trips_total';
  expect(figures(after, commands)['']).toBeGreaterThan(figures(told, commands)[''] ?? 0);
  expect(figures(after, trips)['']).toBeGreaterThan(figures(told, trips)[''] ?? 0);
});

/** A subscriber whose client takes nothing until `drain`, and what it is told. */
function slowSubscriber() {
  let drained = (): void => undefined;
  const connection = {
    writableNeedDrain: true,
    writableLength: 0,
    on: (_: 'drain', listener: () => void) => (drained = listener),
    off: () => undefined,
  };
  const told: string[] = [];
  const line = new Line(
    connection,
    () => undefined,
    () => undefined,
  );
  const subscriber = new Subscriber(line, {
    next: (payload) => told.push(payload),
    complete: () => told.push('complete'),
    fail: () => undefined,
  });
  const drain = (): void => {
    connection.writableNeedDrain = false;
    drained();
  };
  return { subscriber, line, told, drain };
}

test('states that a slow client is spared are counted as skipped, not as sent', () => {
  const before = { ...counts };
  const { subscriber, told, drain } = slowSubscriber();

  for (const state of ['1', '2', '3']) subscriber.next(state);
  drain();
  subscriber.next('4');

  expect(told).toEqual(['3', '4']);
  expect(counts.statesSent - before.statesSent).toBe(2);
  expect(counts.statesSkipped - before.statesSkipped).toBe(2);
});

test('a state that was kept for a client that has gone is not counted as sent', () => {
  const before = { ...counts };
  const { subscriber, line, told } = slowSubscriber();
  subscriber.next('1');
  subscriber.complete();

  line.close();

  expect(told).toEqual([]);
  expect(counts.statesSent).toBe(before.statesSent);
});

test('where clients sign in, metrics are for those with the scope metrics:read', async () => {
  const tokens = new TestTokens();
  await using api = await TestApi.start([double], { workers: 0, authenticator: tokens });
  const ask = (authorization?: string) =>
    fetch(`${api.origin}/metrics`, authorization === undefined ? {} : { headers: { authorization } });
  const signedIn = (scopes: readonly Scope[]) => ask(`Bearer ${tokens.make('prom', undefined, scopes)}`);

  const nobody = await ask();
  expect(nobody.status).toBe(401);
  expect(nobody.headers.get('www-authenticate')).toBe('Bearer');
  expect(await nobody.json()).toMatchObject({ errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] });
  expect((await ask('Bearer nonsense')).status).toBe(401);
  const other = await signedIn(['tasks:read', 'tasks:write', 'queues:manage', 'schema:read']);
  expect(other.status).toBe(403);
  expect(await other.json()).toMatchObject({ errors: [{ extensions: { code: 'FORBIDDEN' } }] });
  for (const scope of ['metrics:read', 'admin'] as const) {
    const response = await signedIn([scope]);
    expect(response.status).toBe(200);
    expect(parseExposition(await response.text()).has('taskwire_store_up')).toBe(true);
  }
});

test('metrics can be turned off, are only read, and two servers of a process tell their own', async () => {
  await using off = await TestApi.start([double], { workers: 0, metrics: false });
  await using one = await TestApi.start([double], { workers: 0 });
  await using two = await TestApi.start([double], { workers: 0 });
  // Its socket stays open with its subscription.
  await one.ws('subscription { tasksUpdated { hasNextPage } }').next();
  expect(figures(await scrape(one.origin), 'taskwire_sockets')).toEqual({ '': 1 });

  expect((await fetch(`${off.origin}/metrics`)).status).toBe(404);
  expect(figures(await scrape(two.origin), 'taskwire_sockets')).toEqual({ '': 0 });
  expect((await fetch(`${one.origin}/metrics`, { method: 'POST' })).status).not.toBe(200);
  const head = await fetch(`${one.origin}/metrics`, { method: 'HEAD' });
  expect([head.status, await head.text()]).toEqual([200, '']);
});

test('while the store is away, metrics are told but for those of queues', async () => {
  const redis = { url: `redis://127.0.0.1:${await freePort()}` };
  await using tasks = await connectTasks({ redis, definitions: [double], logger: testLogger });
  await using server = createServer({ tasks, logger: testLogger, authenticator: openAuthenticator });
  const { url } = await server.listen(0);

  const told = await scrape(url);

  expect(figures(told, 'taskwire_store_up')).toEqual({ '': 0 });
  expect(figures(told, 'taskwire_queue_depth')).toEqual({});
});

import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import BeeQueue from 'bee-queue';
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { createLogger } from '../../src/logger.ts';
import { connect } from '../../src/redis/connection.ts';
import { startEmbedded } from '../../src/redis/embedded.ts';
import { RedisServer } from '../support/redis-server.ts';
import { systemPackage } from '../support/system-packages.ts';

/**
 * `npm run bench [-- --quick]`: what Taskwire does, each figure beside a raw baseline of the same run. The two take
 * turns; a figure is the median of the rounds.
 */
const quick = process.argv.includes('--quick');
const rounds = quick ? 1 : 5;
const requests = quick ? 100 : 5_000;
const ticks = quick ? 10 : 100;
const inFlight = 32;
const batches = quick ? 2 : 10;
const batchSize = quick ? 100 : 1_000;
/** As the task `again` is defined. */
const backoffMs = 50;
const retries = quick ? 5 : 20;
const batchMutation =
  'mutation ($inputs: [KeptInput!]!) { keptBatch(inputs: $inputs) { items { task { id } } } }';
const mutation = 'mutation ($n: Int!) { echo(input: { n: $n }) { task { id } } }';

let beeRuns = 0;
const children: ChildProcess[] = [];
const agent = new Agent({ keepAlive: true, maxSockets: inFlight });
const found = await systemPackage('redis-server');
const store = 'path' in found ? await RedisServer.start(found.path) : await startEmbedded({});
try {
  const [api, plain, raw] = await Promise.all([start('api'), start('http'), start('ws')]);
  const publisher = await start('publisher');
  await start('worker');
  await start('bee');

  const enqueue: Round<number>[] = [];
  const batched: Round<number>[] = [];
  const whole: Round<number>[] = [];
  const told: Round<number[]>[] = [];
  const late: Round<number[]>[] = [];
  const delayed: Round<number[]>[] = [];
  for (let round = 0; round < rounds; round += 1) {
    enqueue.push({ ours: await requestRate(api.port), baseline: await requestRate(plain.port) });
    batched.push({ ours: await batchRate(api.port), baseline: await hashRate() });
    whole.push({ ours: await taskRate(api.port), baseline: await beeRate() });
    const ours = await toldByTaskwire(api.port);
    const baseline = await toldByRawSocket(raw.port, publisher.child);
    told.push({ ours, baseline });
    late.push({ ours: await lateRetries(api.port), baseline: await lateTimers() });
    delayed.push({ ours: await lateDelays(api.port), baseline: await lateTimers() });
  }

  print('path' in found ? 'redis-server' : 'the embedded store', [
    figure('mutation over HTTP, enqueued', 'requests/s', enqueue, 'plain node:http'),
    figure(`${batches} batches of ${batchSize} over HTTP, enqueued`, 'tasks/s', batched, 'pipelined HSET'),
    figure('mutation → task done, watched', 'tasks/s', whole, 'bare bee-queue'),
    ...['p50', 'p99'].map((name) =>
      figure(
        `worker's change → client's socket, ${name}`,
        'ms',
        told.map(({ ours, baseline }) => ({
          ours: percentile(ours, name),
          baseline: percentile(baseline, name),
        })),
        'PUBLISH → raw ws',
      ),
    ),
    ...[
      { what: 'a retry is due → it begins', measured: late },
      { what: 'a delayed task is due → it begins', measured: delayed },
    ].flatMap(({ what, measured }) =>
      ['p50', 'p99'].map((name) =>
        figure(
          `${what}, ${name}`,
          'ms',
          measured.map(({ ours, baseline }) => ({
            ours: percentile(ours, name),
            baseline: percentile(baseline, name),
          })),
          'setTimeout',
        ),
      ),
    ),
  ]);
} finally {
  agent.destroy();
  for (const child of children) child.disconnect();
  const left = children.filter((child) => child.exitCode === null && child.signalCode === null);
  await Promise.all(left.map((child) => once(child, 'exit')));
  await store[Symbol.asyncDispose]();
}

interface Round<Value> {
  readonly ours: Value;
  readonly baseline: Value;
}

async function start(role: string): Promise<{ child: ChildProcess; port: number }> {
  const child = fork(new URL('process.ts', import.meta.url), [role, store.url]);
  children.push(child);
  // What process.ts sends once it is ready.
  const [{ port }] = (await once(child, 'message')) as [{ port: number }];
  return { child, port };
}

function post(port: number, body: unknown): Promise<{ data?: { echo: { task: { id: string } } } }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ data?: { echo: { task: { id: string } } } }>();
  const headers = { 'content-type': 'application/json', accept: 'application/json' };
  const sent = request(
    { port, host: '127.0.0.1', path: '/graphql', method: 'POST', agent, headers },
    (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text += chunk));
      response.on('end', () => resolve(JSON.parse(text) as { data?: { echo: { task: { id: string } } } }));
    },
  );
  sent.on('error', reject);
  sent.end(JSON.stringify(body));
  return promise;
}

/** Requests per second with 32 in flight. */
async function requestRate(port: number): Promise<number> {
  return await rate(requests, inFlight, async (n) => {
    const { data } = await post(port, { query: mutation, variables: { n } });
    if (data === undefined) throw new Error('a request was refused');
  });
}

/** Tasks per second that batches enqueue, all at the same time. */
async function batchRate(port: number): Promise<number> {
  const inputs = Array.from({ length: batchSize }, (_, n) => ({ n }));
  const calls = await rate(batches, batches, async () => {
    const { data } = await post(port, { query: batchMutation, variables: { inputs } });
    if (data === undefined) throw new Error('a batch was refused');
  });
  return calls * batchSize;
}

/** Hashes per second that one connection writes, in as many pipelines, with the text of a small task. */
async function hashRate(): Promise<number> {
  const client = connect({ url: store.url }, 'worker', createLogger({ level: 'warn' }));
  const text = 'x'.repeat(500);
  try {
    const pipelines = await rate(batches, batches, async (n) => {
      const pipeline = client.pipeline();
      for (let item = 0; item < batchSize; item += 1) pipeline.hset(`hash:${n}:${item}`, 'state', text);
      await pipeline.exec();
    });
    return pipelines * batchSize;
  } finally {
    client.disconnect();
  }
}

/** Tasks per second from the mutation until a WebSocket has told the end, with 32 on the way. */
async function taskRate(port: number): Promise<number> {
  const client = socketTo(port);
  try {
    return await rate(Math.ceil(requests / 2), inFlight, async (n) => {
      const { data } = await post(port, { query: mutation, variables: { n } });
      const query = 'subscription ($id: ID!) { echoUpdated(id: $id) { status output { n } } }';
      let last: unknown;
      for await (const result of client.iterate({ query, variables: { id: data?.echo.task.id ?? '' } }))
        last = result;
      if (!JSON.stringify(last).includes('SUCCEEDED'))
        throw new Error(`a task ended as ${JSON.stringify(last)}`);
    });
  } finally {
    await client.dispose();
  }
}

/** Bare jobs per second until their events have come, with 32 on the way. */
async function beeRate(): Promise<number> {
  const client = connect({ url: store.url }, 'worker', createLogger({ level: 'warn' }));
  const queue = new BeeQueue('bare', {
    redis: client as BeeQueue.QueueSettings['redis'],
    prefix: 'bench',
    isWorker: false,
  });
  await queue.ready();
  beeRuns += 1;
  const run = beeRuns;
  // A job's own event is lost where it comes before the answer to its save.
  const waiting = new Map<string, () => void>();
  queue.on('job succeeded', (id) => waiting.get(id)?.());
  try {
    return await rate(Math.ceil(requests / 2), inFlight, async (n) => {
      const id = `job-${run}-${n}`;
      const done = new Promise<void>((resolve) => waiting.set(id, resolve));
      await queue.createJob({ n }).setId(id).save();
      await done;
    });
  } finally {
    await queue.close();
    client.disconnect();
  }
}

/** Milliseconds from each progress of a task until its subscriber has it. */
async function toldByTaskwire(port: number): Promise<number[]> {
  const client = socketTo(port);
  const enqueueClock = 'mutation ($ticks: Int!) { echo: clock(input: { ticks: $ticks }) { task { id } } }';
  const { data } = await post(port, { query: enqueueClock, variables: { ticks } });
  const query = 'subscription ($id: ID!) { clockUpdated(id: $id) { version progress { data } } }';
  const times: number[] = [];
  let seen: unknown;
  for await (const result of client.iterate({ query, variables: { id: data?.echo.task.id ?? '' } })) {
    // What the query above asks for.
    const { clockUpdated } = result.data as { clockUpdated: { progress: { data: number } | null } };
    const at = clockUpdated.progress?.data;
    if (at !== undefined && at !== seen) times.push(now() - at);
    seen = at;
  }
  await client.dispose();
  return times;
}

/** How late each retry of some tasks began, in ms by the store's clock; one task at a time. */
async function lateRetries(port: number): Promise<number[]> {
  const client = socketTo(port);
  const enqueue = `mutation { echo: again(input: { attempts: ${retries} }) { task { id } } }`;
  const query =
    'subscription ($id: ID!) { againUpdated(id: $id) { isFinal attempts { startedAt finishedAt } } }';
  const times: number[] = [];
  for (let run = 0; run < ticks / 50; run += 1) {
    const { data } = await post(port, { query: enqueue });
    for await (const result of client.iterate({ query, variables: { id: data?.echo.task.id ?? '' } })) {
      // What the query above asks for.
      const { againUpdated } = result.data as {
        againUpdated: { isFinal: boolean; attempts: { startedAt: string; finishedAt: string }[] };
      };
      if (!againUpdated.isFinal) continue;
      for (const [index, { finishedAt }] of againUpdated.attempts.slice(0, -1).entries()) {
        const startedAt = againUpdated.attempts[index + 1]?.startedAt ?? '';
        times.push(Date.parse(startedAt) - Date.parse(finishedAt) - backoffMs);
      }
    }
  }
  await client.dispose();
  return times;
}

/** How late some delayed tasks began, in ms by the store's clock; one at a time. */
async function lateDelays(port: number): Promise<number[]> {
  const client = socketTo(port);
  const enqueue = `mutation { echo(input: { n: 1 }, options: { delay: "${backoffMs}ms" }) { task { id } } }`;
  const query = 'subscription ($id: ID!) { echoUpdated(id: $id) { isFinal runAt startedAt } }';
  const times: number[] = [];
  for (let task = 0; task < ticks / 4; task += 1) {
    const { data } = await post(port, { query: enqueue });
    for await (const result of client.iterate({ query, variables: { id: data?.echo.task.id ?? '' } })) {
      // What the query above asks for.
      const { echoUpdated } = result.data as {
        echoUpdated: { isFinal: boolean; runAt: string; startedAt: string };
      };
      const { isFinal, runAt, startedAt } = echoUpdated;
      if (isFinal) times.push(Date.parse(startedAt) - Date.parse(runAt));
    }
  }
  await client.dispose();
  return times;
}

/** How late timers of the same length are that a process sets for itself. */
async function lateTimers(): Promise<number[]> {
  const times: number[] = [];
  for (let timer = 0; timer < ticks / 4; timer += 1) {
    const due = now() + backoffMs;
    await new Promise((resolve) => setTimeout(resolve, backoffMs));
    times.push(now() - due);
  }
  return times;
}

async function toldByRawSocket(port: number, publisher: ChildProcess): Promise<number[]> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}`);
  await once(socket, 'open');
  const times: number[] = [];
  const all = Promise.withResolvers<void>();
  socket.on('message', (message: Buffer) => {
    times.push(now() - Number(message.toString()));
    if (times.length === ticks) all.resolve();
  });
  publisher.send(ticks);
  await all.promise;
  socket.close();
  await once(socket, 'close');
  return times;
}

function socketTo(port: number) {
  return createClient({ url: `ws://127.0.0.1:${port}/graphql`, webSocketImpl: WebSocket, lazy: true });
}

/** Runs `count` pieces of work, some at a time; gives how many a second. */
async function rate(count: number, width: number, work: (n: number) => Promise<void>): Promise<number> {
  const start = performance.now();
  let next = 0;
  const lines = Array.from({ length: width }, async () => {
    while (next < count) {
      next += 1;
      await work(next);
    }
  });
  await Promise.all(lines);
  return count / ((performance.now() - start) / 1_000);
}

function figure(what: string, unit: string, measured: readonly Round<number>[], baseline: string): string[] {
  const ours = median(measured.map((round) => round.ours));
  const theirs = median(measured.map((round) => round.baseline));
  const ratio = median(measured.map((round) => round.ours / round.baseline));
  return [what, `${format(ours)} ${unit}`, `${format(theirs)} ${unit}`, baseline, `${ratio.toFixed(2)}×`];
}

function print(storeName: string, rows: readonly string[][]): void {
  const table = [
    ['figure', 'Taskwire', 'baseline', 'which is', 'ratio'],
    ['---', '---:', '---:', '---', '---:'],
    ...rows,
  ];
  const lines = table.map((cells) => `| ${cells.join(' | ')} |`);
  const about = `${rounds} round(s), ${requests} requests, ${inFlight} in flight, on ${storeName}, Node ${process.version}`;
  process.stdout.write(`${lines.join('\n')}\n\n${about}\n`);
}

function median(values: readonly number[]): number {
  return percentile(values, 'p50');
}

function percentile(values: readonly number[], name: string): number {
  const sorted = values.toSorted((a, b) => a - b);
  const index = Math.min(sorted.length - 1, Math.floor((sorted.length * Number(name.slice(1))) / 100));
  return sorted[index] ?? NaN;
}

function format(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en-US') : value.toFixed(2);
}

/** As in process.ts. */
function now(): number {
  return performance.timeOrigin + performance.now();
}

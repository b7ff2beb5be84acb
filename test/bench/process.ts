import { createServer as createHttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';
import BeeQueue from 'bee-queue';
import { defineTask } from '../../src/index.ts';
import { createLogger } from '../../src/logger.ts';
import { connect } from '../../src/redis/connection.ts';
import { createServer } from '../../src/server/server.ts';
import { connectTasks } from '../../src/tasks/tasks.ts';
import { startWorker } from '../../src/worker/worker.ts';

// One process of the benchmark, started by bench.ts: `process.ts ROLE REDIS_URL`. It sends its port when it is ready.

const concurrency = 50;
// What fails on purpose needs no warning.
const logger = createLogger({ level: 'error' });
const [role = '', url = ''] = process.argv.slice(2);
const redis = { url, prefix: 'bench' };

/** Does nothing: what is left is what Taskwire costs. */
const echo = defineTask({
  name: 'echo',
  input: (t) => ({ n: t.int({ required: true }) }),
  output: (t) => ({ n: t.int() }),
  run: ({ n }) => ({ n }),
});

/** Tells the time, again and again. */
const clock = defineTask({
  name: 'clock',
  input: (t) => ({ ticks: t.int({ required: true }) }),
  async run({ ticks }, { progress }) {
    for (let tick = 1; tick <= ticks; tick += 1) {
      await progress({ current: tick, data: now() });
      await new Promise((resolve) => setTimeout(resolve, 55));
    }
  },
});

/** Fails, to be tried again 50 ms later, and succeeds at last. */
const again = defineTask({
  name: 'again',
  input: (t) => ({ attempts: t.int({ required: true }) }),
  retry: { attempts: 20, backoff: { initial: 50, factor: 1, jitter: 0 } },
  run({ attempts }, { attempt }) {
    if (attempt < attempts) throw Object.assign(new Error('not yet'), { code: 'NOT_YET' });
  },
});

const definitions = [echo, clock, again];

/** Is only enqueued: no worker takes it, so that it is in nobody's way. */
const kept = defineTask({
  name: 'kept',
  queue: 'kept',
  input: (t) => ({ n: t.int({ required: true }) }),
  run: () => undefined,
});

const roles: Record<string, () => Promise<number>> = {
  async api() {
    const tasks = await connectTasks({ redis, definitions: [...definitions, kept], logger });
    return (await createServer({ tasks, logger }).listen(0)).port;
  },

  async worker() {
    await startWorker({ redis, definitions, concurrency, logger });
    return 0;
  },

  /** What an HTTP request costs that does nothing. */
  async http() {
    const server = createHttpServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const body = JSON.parse(Buffer.concat(chunks).toString()) as { variables: { n: number } };
        response.writeHead(200, { 'content-type': 'application/json' });
        response.end(JSON.stringify({ data: { echo: { task: { id: `echo_${body.variables.n}` } } } }));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return (server.address() as AddressInfo).port;
  },

  /** Takes bare Bee-Queue jobs. */
  async bee() {
    const client = connect(redis, 'worker', logger);
    const queue = new BeeQueue('bare', {
      redis: client as BeeQueue.QueueSettings['redis'],
      prefix: 'bench',
      removeOnSuccess: true,
    });
    await queue.ready();
    queue.process(concurrency, async (job) => job.data as unknown);
    return 0;
  },

  /** Sends each published message to every socket. */
  async ws() {
    const client = connect(redis, 'worker', logger);
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    await client.subscribe('bench:raw');
    client.on('message', (_channel: string, message: string) => {
      for (const socket of server.clients) socket.send(message);
    });
    return (server.address() as AddressInfo).port;
  },

  /** Publishes the time, as often as the task `clock` does. */
  async publisher() {
    const client = connect(redis, 'worker', logger);
    process.on('message', (ticks: number) => {
      void (async () => {
        for (let tick = 1; tick <= ticks; tick += 1) {
          await client.publish('bench:raw', String(now()));
          await new Promise((resolve) => setTimeout(resolve, 55));
        }
      })();
    });
    return 0;
  },
};

const start = roles[role];
if (start === undefined) throw new Error(`expected one of ${Object.keys(roles).join(', ')}, got '${role}'`);
process.send?.({ port: await start() });
process.on('disconnect', () => process.exit());

/** Milliseconds since 1970, finer than Date.now(), the same in all processes of a machine. */
function now(): number {
  return performance.timeOrigin + performance.now();
}

import { expect, onTestFinished, test, vi } from 'vitest';
import { connect, whenReady } from '../../src/redis/connection.ts';
import { figures, parseExposition } from '../support/exposition.ts';
import { freePort, RedisServer } from '../support/redis-server.ts';
import { redisServerPath, testLogger } from '../support/stores.ts';
import { environment, Folder, listening, type Program, taskwire } from './program.ts';

vi.setConfig({ testTimeout: 90_000 });

const taskwireUrl = import.meta.resolve('../../src/index.ts');
const files = {
  'tasks/double.ts': `import { defineTask } from '${taskwireUrl}';
    export const double = defineTask({ name: 'double', description: 'Doubles.',
      input: (t) => ({ n: t.int({ required: true }) }), output: (t) => ({ n: t.int() }),
      run: ({ n }) => ({ n: 2 * n }) });`,
  'tasks/waits.ts': `import { defineTask } from '${taskwireUrl}';
    export const waits = defineTask({ name: 'waits', description: 'Waits.',
      run: (_input, { signal }) => new Promise((_, reject) =>
        signal.addEventListener('abort', () => reject(signal.reason))) });`,
};

async function monitorOf(worker: Program): Promise<string> {
  const [, port] = await worker.says(/"port":(\d+)[^\n]*the worker tells its metrics/);
  return `http://127.0.0.1:${port}`;
}

async function scrape(origin: string) {
  return parseExposition(await (await fetch(`${origin}/metrics`)).text());
}

test('a worker tells at its port what it has done, and is ready until it is asked to stop', async () => {
  await using folder = await Folder.create(files);
  const options = { cwd: folder.path, env: environment() };
  await using server = taskwire(['server', '--lease', '1s'], options);
  const own = ['worker', '--lease', '1s', '--grace', '1h', '--metrics-port', '0', '--concurrency', '3'];
  await using worker = taskwire(own, options);
  const url = await listening(server);
  const origin = await monitorOf(worker);
  await worker.says(/the worker takes tasks/);
  await using run = taskwire(['run', 'double', '--url', url, '--input', '{"n":5}']);
  expect(await run.ended).toMatchObject({ code: 0 });
  await using waits = taskwire(['run', 'waits', '--url', url]);
  await waits.says(/RUNNING/);

  const ready = await fetch(`${origin}/ready`);
  expect([ready.status, await ready.json()]).toEqual([200, { status: 'ready' }]);
  expect((await fetch(`${origin}/health`)).status).toBe(200);
  expect((await fetch(`${origin}/other`)).status).toBe(404);
  expect((await fetch(`${origin}/metrics`, { method: 'POST' })).status).toBe(405);
  const told = await scrape(origin);
  expect(figures(told, 'taskwire_attempts_started_total')).toMatchObject({ double: 1, waits: 1 });
  expect(figures(told, 'taskwire_tasks_finished_total')).toMatchObject({ 'double SUCCEEDED': 1 });
  expect(figures(told, 'taskwire_worker_attempts_running')).toEqual({ '': 1 });
  expect(figures(told, 'taskwire_worker_ready')).toEqual({ '': 1 });
  expect(figures(told, 'taskwire_tasks_enqueued_total')).toEqual({});
  // The API has enqueued them, and tells nothing of their runs.
  const api = await scrape(new URL(url).origin);
  expect(figures(api, 'taskwire_tasks_enqueued_total')).toMatchObject({
    'default double': 1,
    'default waits': 1,
  });
  expect(figures(api, 'taskwire_attempts_started_total')).toEqual({});

  worker.signal('SIGTERM');
  await worker.says(/the worker stops/);
  const stopping = await fetch(`${origin}/ready`);
  expect(stopping.status).toBe(503);
  expect(await stopping.json()).toEqual({ status: 'not ready', reason: 'The worker is about to stop.' });

  process.kill(worker.pid, 'SIGKILL');
  await vi.waitFor(
    async () => {
      const after = await scrape(new URL(url).origin);
      expect(figures(after, 'taskwire_leases_lost_total')).toMatchObject({ default: 1 });
    },
    { timeout: 30_000, interval: 200 },
  );
});

test('a worker that does not reach the store says so at its port', async () => {
  const env = {
    ...environment(),
    REDIS_URL: `redis://127.0.0.1:${await freePort()}`,
    TASKWIRE_METRICS_PORT: '0',
  };
  await using worker = taskwire(['worker'], { env });
  const origin = await monitorOf(worker);

  const ready = await fetch(`${origin}/ready`);

  expect(ready.status).toBe(503);
  expect(await ready.json()).toMatchObject({ reason: expect.stringMatching(/Redis/) });
  expect(figures(await scrape(origin), 'taskwire_store_up')).toEqual({ '': 0 });
  worker.signal('SIGTERM');
  expect(await worker.ended).toStrictEqual({ code: 0, signal: null });
});

test.skipIf(redisServerPath === undefined)(
  'a worker that starts says whether it reaches the store, and is ready once its slots are served',
  async () => {
    await using redis = await RedisServer.start(redisServerPath ?? '');
    const control = connect({ url: redis.url }, 'subscriber', testLogger);
    onTestFinished(() => control.disconnect());
    await whenReady(control, AbortSignal.timeout(30_000));
    // It connects, and none of its writes comes back.
    await control.client('PAUSE', 3_600_000, 'WRITE');
    const env = { ...environment(), REDIS_URL: redis.url, TASKWIRE_METRICS_PORT: '0' };
    await using worker = taskwire(['worker'], { env });
    const origin = await monitorOf(worker);

    await vi.waitFor(
      async () => expect(figures(await scrape(origin), 'taskwire_store_up')).toEqual({ '': 1 }),
      { timeout: 30_000, interval: 50 },
    );
    const starting = await fetch(`${origin}/ready`);
    expect([starting.status, await starting.json()]).toEqual([
      503,
      { status: 'not ready', reason: 'The worker is about to start.' },
    ]);

    await control.client('UNPAUSE');
    await worker.says(/the worker takes tasks/);
    expect((await fetch(`${origin}/ready`)).status).toBe(200);
  },
);

test('a port in use ends the worker with 1 and a sentence that names the setting', async () => {
  await using first = taskwire(['worker', '--metrics-port', '0'], { env: environment() });
  const { port } = new URL(await monitorOf(first));

  await using second = taskwire(['worker', '--metrics-port', port], { env: environment() });

  expect(await second.ended).toMatchObject({ code: 1 });
  expect(second.stderr).toContain(
    `Port ${port} on 127.0.0.1 is in use. Choose another one with --metrics-port or TASKWIRE_METRICS_PORT.`,
  );
});

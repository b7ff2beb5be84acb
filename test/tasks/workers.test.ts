import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, test, vi } from 'vitest';
import { defineTask } from '../../src/index.ts';
import { defaultPrefix, type RedisSettings } from '../../src/redis/connection.ts';
import type { Workers } from '../../src/tasks/workers.ts';
import type { WorkerState } from '../../src/tasks/worker-state.ts';
import { double, forever, Gate } from '../support/definitions.ts';
import { freshSettings, sharedStores } from '../support/stores.ts';
import { TestStore } from '../support/store.ts';
import { TestTasks } from '../support/tasks.ts';

vi.setConfig({ testTimeout: 30_000 });

const leaseMs = 1_500;

function gated(gate: Gate, queue = 'default') {
  return defineTask({ name: `gated${queue}`, queue, run: () => gate.opened });
}

/** The first list of workers that passes the condition. */
async function told(
  { tasks }: TestTasks,
  condition: (workers: readonly WorkerState[]) => boolean,
): Promise<readonly WorkerState[]> {
  for await (const { workers } of tasks.workers.watch()) if (condition(workers)) return workers;
  throw new Error('the watch was closed');
}

async function only(workers: Workers): Promise<WorkerState> {
  const [worker, ...others] = await workers.list();
  if (worker === undefined || others.length > 0) throw new Error('expected one worker');
  return worker;
}

describe.each(sharedStores)('workers on $name', (shared) => {
  test('are told once each, whatever queues they serve, with what they use and run', async () => {
    const redis = freshSettings(shared);
    const gate = new Gate();
    const [one, other] = [gated(gate), gated(gate, 'other')];
    const before = Date.now();
    await using tests = await TestTasks.start([one, other, double], { redis, concurrency: 2, leaseMs });
    const { id } = await tests.tasks.enqueue(one, {});
    await tests.reached(id, ({ status }) => status === 'RUNNING');

    // Its load is known with a renewal that is a second later than its start.
    const [worker] = await told(tests, ([worker]) => worker?.load !== undefined);

    expect(worker).toMatchObject({
      id: tests.workers[0]?.id,
      pid: process.pid,
      host: expect.stringMatching(/./),
      version: expect.stringMatching(/^\d+\./),
      drain: undefined,
      definitions: ['double', 'gateddefault', 'gatedother'],
      queues: [
        { name: 'default', slots: 2, busy: 1 },
        { name: 'other', slots: 2, busy: 0 },
      ],
    });
    if (worker === undefined) throw new Error('expected a worker');
    const { startedAt = 0, renewedAt = 0, load = -1, memoryBytes = 0 } = worker;
    expect(startedAt).toBeGreaterThan(before - 1_000);
    expect(renewedAt).toBeGreaterThan(startedAt);
    expect(load).toBeGreaterThan(0);
    expect(memoryBytes).toBeGreaterThan(10_000_000);
    expect(await tests.tasks.workers.runs(worker, 10)).toMatchObject([
      { id, queue: 'default', definition: 'gateddefault', attempt: 1, startedAt: expect.any(Number) },
    ]);
    gate.open();
  });

  test('of which one is drained take nothing more on it, in any queue, until it is resumed', async () => {
    const redis = freshSettings(shared);
    const gate = new Gate();
    const [one, other] = [gated(gate), gated(gate, 'other')];
    await using tests = await TestTasks.start([one, other], { redis, concurrency: 2, leaseMs });
    const { workers } = tests.tasks;
    const { id } = await tests.tasks.enqueue(one, {});
    await tests.reached(id, ({ status }) => status === 'RUNNING');
    const worker = await only(workers);
    expect(await workers.drain(worker.id, { reason: 'a look inside', actor: 'ann' })).toMatchObject({
      drain: { at: expect.any(Number), reason: 'a look inside', actor: 'ann' },
      queues: [
        { name: 'default', isDraining: true, slots: 2 },
        { name: 'other', isDraining: true, slots: 2 },
      ],
    });
    const waiting = await Promise.all([one, other].map((definition) => tests.tasks.enqueue(definition, {})));
    gate.open();

    expect(await tests.finished(id)).toMatchObject({ status: 'SUCCEEDED' });
    await using store = new TestStore(redis, 'default');
    await store.renewed(worker.id, 2);
    for (const { id } of waiting) expect(await tests.tasks.get(id)).toMatchObject({ status: 'QUEUED' });
    expect(await only(workers)).toMatchObject({ id: worker.id, drain: { reason: 'a look inside' } });

    expect((await workers.resume(worker.id)).drain).toBeUndefined();
    for (const { id } of waiting) expect(await tests.finished(id)).toMatchObject({ status: 'SUCCEEDED' });
  });

  test('that are drained leave what comes to the others, at once', async () => {
    const redis = freshSettings(shared);
    await using tests = await TestTasks.start([double], { redis, workers: 3, leaseMs });
    const [first, second, third] = tests.workers;
    for (const worker of [first, second]) await tests.tasks.workers.drain(worker?.id ?? '');

    const enqueued = await Promise.all(
      Array.from({ length: 30 }, (_, n) => tests.tasks.enqueue(double, { n })),
    );
    const ended = await Promise.all(enqueued.map(({ id }) => tests.finished(id)));

    expect(new Set(ended.flatMap(({ attempts }) => attempts.map(({ worker }) => worker)))).toEqual(
      new Set([third?.id]),
    );
  });

  test('that are drained and stopped are gone, and an id that is gone is an error', async () => {
    await using tests = await TestTasks.start([double], { redis: freshSettings(shared), leaseMs });
    const { workers } = tests.tasks;
    const { id } = await only(workers);
    await workers.drain(id);
    await tests.workers[0]?.stop(0);

    expect(await workers.list()).toEqual([]);
    expect(await workers.get(id)).toBeUndefined();
    await expect(workers.drain(id)).rejects.toMatchObject({ code: 'WORKER_NOT_FOUND' });
    await expect(workers.resume(id)).rejects.toMatchObject({ code: 'WORKER_NOT_FOUND' });
    await expect(workers.drain(id, { reason: 'x'.repeat(501) })).rejects.toMatchObject({
      code: 'BAD_USER_INPUT',
    });
  });

  test('of a version that knows no drain are told as far as they tell, and refuse it with a word', async () => {
    const redis = freshSettings(shared);
    await using tests = await TestTasks.start([double], { redis, workers: 0 });
    await using store = new TestStore(redis, 'default');
    await store.store.registerQueues(['default']);
    await store.redis.hset(
      `${store.root}:worker:old`,
      'slots',
      3,
      'lines',
      ' double:v1 ',
      'version',
      '0.0.1',
    );
    await store.redis.zadd(`${store.root}:workers`, Date.now() + 60_000, 'old');

    expect(await tests.tasks.workers.list()).toMatchObject([
      { id: 'old', version: '0.0.1', startedAt: undefined, queues: [{ slots: 3 }], definitions: ['double'] },
    ]);
    await expect(tests.tasks.workers.drain('old')).rejects.toThrow(
      "id: The worker 'old' runs version 0.0.1, which can't be drained. Stop it instead.",
    );
  });

  test('are watched: who comes is told, what changes, and who goes, also in a queue that is new', async () => {
    await using tests = await TestTasks.start([double], {
      redis: freshSettings(shared),
      workers: 0,
      leaseMs,
    });
    const watch = tests.tasks.workers.watch();
    expect((await watch.next()).value).toMatchObject({ workers: [] });
    const worker = await tests.startWorker([gated(new Gate(), 'brandnew')]);
    const next = async (condition: (workers: readonly WorkerState[]) => boolean) => {
      for (;;) {
        const { value } = await watch.next();
        if (value === undefined) throw new Error('the watch has ended');
        if (condition(value.workers)) return;
      }
    };

    await next(([one]) => one?.id === worker.id && one.drain === undefined);
    await tests.tasks.workers.drain(worker.id);
    await next(([one]) => one?.drain !== undefined);
    await worker.stop(0);
    await next((workers) => workers.length === 0);

    await watch.return();
    expect(tests.tasks.channels).toBe(0);
  });

  test('are told at most once a second, however much happens', async () => {
    await using tests = await TestTasks.start([double], { redis: freshSettings(shared), leaseMs });
    const stop = new AbortController();
    const at: number[] = [];
    const watching = (async () => {
      for await (const list of tests.tasks.workers.watch({ signal: stop.signal })) {
        // By the store's clock: how late this process hears of it is another matter.
        at.push(list.at);
        if (at.length === 4) stop.abort();
      }
    })();
    while (!stop.signal.aborted) await tests.finished((await tests.tasks.enqueue(double, { n: 1 })).id);
    await watching;

    const gaps = at.slice(1).map((time, place) => time - (at[place] ?? 0));
    // The first one is the look of this watch alone.
    expect(Math.min(...gaps.slice(1))).toBeGreaterThan(900);
  });
});

test('a worker process that is drained finishes what it runs and stays; when it is killed, its drain goes with it', async () => {
  const redis = freshSettings();
  await using tests = await TestTasks.start([forever], { redis, workers: 0, leaseMs });
  const child = startProcess(redis);
  try {
    const { id } = await tests.tasks.enqueue(forever, {});
    await tests.reached(id, ({ progress }) => progress !== undefined);
    const worker = await only(tests.tasks.workers);
    expect(worker.pid).toBe(child.pid);

    await tests.tasks.workers.drain(worker.id, { reason: 'it leaks' });

    const other = await tests.tasks.enqueue(forever, {});
    await tests.tasks.cancel(id);
    expect(await tests.finished(id)).toMatchObject({ status: 'CANCELED' });
    await using store = new TestStore(redis, 'default');
    await store.renewed(worker.id, 2);
    expect(await tests.tasks.get(other.id)).toMatchObject({ status: 'QUEUED' });
    expect(child.exitCode).toBeNull();

    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
    await told(tests, (workers) => workers.length === 0);
    await vi.waitFor(
      async () => expect(await store.redis.exists(`${store.root}:worker:${worker.id}`)).toBe(0),
      { timeout: 4 * leaseMs },
    );
    const next = await tests.startWorker();
    expect(await tests.reached(other.id, ({ status }) => status === 'RUNNING')).toMatchObject({
      attempts: [{ worker: next.id }],
    });
  } finally {
    child.kill('SIGKILL');
  }
});

function startProcess(redis: RedisSettings): ChildProcess {
  const args = [redis.url, redis.prefix ?? defaultPrefix, String(leaseMs), '2'];
  const program = new URL('../worker/worker-process.ts', import.meta.url).pathname;
  return spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'ignore', 'inherit'] });
}

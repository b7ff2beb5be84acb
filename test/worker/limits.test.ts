import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { defineTask } from '../../src/index.ts';
import { defaultPrefix } from '../../src/redis/connection.ts';
import type { LimitOptions } from '../../src/definition/options.ts';
import { Gate } from '../support/definitions.ts';
import { freshSettings } from '../support/stores.ts';
import { TestTasks } from '../support/tasks.ts';
import { narrow } from './narrow.ts';

test('a limit of two holds over all slots of all workers, and nobody waits for the clock', async () => {
  const watched = new Watched({ limit: { concurrency: 2 } });
  await using tests = await TestTasks.start([watched.definition], { workers: 2, concurrency: 10 });

  const ended = await watched.run(tests, 30);

  expect(ended.map(({ status }) => status)).toEqual(ended.map(() => 'SUCCEEDED'));
  expect(watched.most).toBe(2);
  // A second for each that the clock had to find would make half a minute.
  expect(took(ended)).toBeLessThan(10_000);
});

test('a limit with a key holds for each key by itself', async () => {
  const watched = new Watched({ limit: { concurrency: 1, key: ({ key }) => key } });
  await using tests = await TestTasks.start([watched.definition], { workers: 2, concurrency: 10 });

  const ended = await watched.run(tests, 20, ['ada', 'grace']);

  expect(ended.map(({ status }) => status)).toEqual(ended.map(() => 'SUCCEEDED'));
  expect(Object.fromEntries(watched.mostByKey)).toEqual({ ada: 1, grace: 1 });
});

test('a worker runs as many of a definition as it may, and other things beside', async () => {
  const watched = new Watched({ concurrency: 1 });
  const gate = new Gate();
  const other = defineTask({ name: 'other', run: () => gate.open() });
  const alone = new Watched({ concurrency: 1 }, gate.opened);
  await using tests = await TestTasks.start([watched.definition], { workers: 2, concurrency: 10 });
  expect((await watched.run(tests, 20)).map(({ status }) => status)).toEqual(Array(20).fill('SUCCEEDED'));
  expect(watched.most).toBeLessThanOrEqual(2);

  // Two of them wait for what runs beside the first one.
  await using beside = await TestTasks.start([alone.definition, other], { workers: 1, concurrency: 10 });
  const running = alone.run(beside, 2);
  await beside.finished((await beside.tasks.enqueue(other, {})).id);

  expect((await running).map(({ status }) => status)).toEqual(['SUCCEEDED', 'SUCCEEDED']);
  expect(alone.most).toBe(1);
});

test('a rate spaces starts evenly, on time while slots are idle and earlier ones still run', async () => {
  const gate = new Gate();
  const rate = { count: 20, per: '1s', burst: 1 } as const;
  const watched = new Watched({ limit: { rate } }, gate.opened);
  await using tests = await TestTasks.start([watched.definition], { workers: 2, concurrency: 10 });
  const ids = await watched.enqueue(tests, 8);
  const running = await Promise.all(ids.map((id) => tests.reached(id, ({ status }) => status === 'RUNNING')));
  gate.open();

  const startedAt = running.map((task) => task.startedAt ?? 0).toSorted((a, b) => a - b);
  const gaps = startedAt.slice(1).map((at, index) => at - (startedAt[index] ?? 0));
  // States tell whole milliseconds.
  expect(Math.min(...gaps)).toBeGreaterThanOrEqual(49);
  // Found by the clock once a second they would take eight of them.
  expect((startedAt.at(-1) ?? 0) - (startedAt[0] ?? 0)).toBeLessThan(4_000);
  await Promise.all(ids.map((id) => tests.finished(id)));
});

test("a killed worker's place under a limit is free within two leases", async () => {
  const leaseMs = 600;
  const redis = freshSettings();
  await using tests = await TestTasks.start([narrow], { redis, workers: 0, leaseMs });
  const [first, second] = [await tests.tasks.enqueue(narrow, {}), await tests.tasks.enqueue(narrow, {})];
  const args = [redis.url, redis.prefix ?? defaultPrefix, String(leaseMs), '5'];
  const program = new URL('worker-process.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'ignore', 'inherit'] });
  const exited = once(child, 'exit');
  await tests.reached(first.id, ({ progress }) => progress !== undefined);
  await tests.startWorker();

  child.kill('SIGKILL');
  await exited;
  const killedAt = Date.now();
  await tests.reached(first.id, ({ attempt, status }) => attempt === 2 && status === 'RUNNING');

  expect(Date.now() - killedAt).toBeLessThan(2 * leaseMs + 1_000);
  expect(await tests.tasks.get(second.id)).toMatchObject({ status: 'QUEUED', attempt: 0 });
  await tests.tasks.cancel(first.id);
  const next = await tests.reached(second.id, ({ status }) => status === 'RUNNING');
  expect(next.attempt).toBe(1);
});

/** A definition that counts how many of it run side by side in this process. */
class Watched {
  most = 0;
  readonly mostByKey: Map<string, number> = new Map();
  readonly definition;
  readonly #running: string[] = [];

  constructor(
    settings: { readonly limit?: LimitOptions<{ key: string }>; readonly concurrency?: number },
    until?: Promise<void>,
  ) {
    this.definition = defineTask({
      name: 'watched',
      input: (t) => ({ key: t.string({ required: true }) }),
      ...settings,
      run: async ({ key }) => {
        this.#note(key);
        await (until ?? manyTurns());
        this.#running.splice(this.#running.indexOf(key), 1);
      },
    });
  }

  async enqueue(tests: TestTasks, count: number, keys: readonly string[] = ['']): Promise<string[]> {
    const inputs = Array.from({ length: count }, (_, index) => ({ key: keys[index % keys.length] ?? '' }));
    const enqueued = await Promise.all(inputs.map((input) => tests.tasks.enqueue(this.definition, input)));
    return enqueued.map(({ id }) => id);
  }

  async run(tests: TestTasks, count: number, keys?: readonly string[]) {
    const ids = await this.enqueue(tests, count, keys);
    return await Promise.all(ids.map((id) => tests.finished(id)));
  }

  #note(key: string): void {
    this.#running.push(key);
    this.most = Math.max(this.most, this.#running.length);
    const own = this.#running.filter((other) => other === key).length;
    this.mostByKey.set(key, Math.max(own, this.mostByKey.get(key) ?? 0));
  }
}

/** Long enough for another one to begin beside it. */
async function manyTurns(): Promise<void> {
  for (let count = 200; count > 0; count -= 1) await turn();
}

function took(tasks: readonly { readonly createdAt: number; readonly finishedAt?: number }[]): number {
  const from = Math.min(...tasks.map(({ createdAt }) => createdAt));
  return Math.max(...tasks.map(({ finishedAt = 0 }) => finishedAt)) - from;
}

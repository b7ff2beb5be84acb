import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { defineTask } from '../../src/index.ts';
import type { RedisSettings } from '../../src/redis/connection.ts';
import { scheduleIdOf, TestSchedules } from '../support/schedules.ts';
import { freshSettings } from '../support/stores.ts';
import { TestTasks } from '../support/tasks.ts';
import { everySecond } from './schedule-process.ts';

test('each slot has one task, also while workers are killed at slots', async () => {
  const redis = freshSettings();
  await using store = new TestSchedules(redis, 'default');
  const workers = Array.from({ length: 4 }, () => startProcess(redis));
  const id = scheduleIdOf(everySecond);
  await vi.waitFor(
    async () => {
      expect(await store.redis.zcard(`${store.root}:workers`)).toBe(4);
      // Their clocks make it known a moment later.
      expect(await store.field(id, 'next')).not.toBeNull();
    },
    { timeout: 20_000 },
  );

  // Just before a slot, at it, and just after it.
  for (const [index, offset] of [-2, 0, 2].entries()) {
    const next = Number(await store.field(id, 'next'));
    await delay(next + offset - (await store.now()));
    workers[index]?.kill('SIGKILL');
    await vi.waitFor(async () => expect(Number(await store.field(id, 'next'))).toBeGreaterThan(next), {
      timeout: 10_000,
      interval: 20,
    });
  }
  await Promise.all(workers.map((worker) => ended(worker)));

  const [first, next] = [
    Number(await store.field(id, 'anchor')) + 1_000,
    Number(await store.field(id, 'next')),
  ];
  const slots = Array.from({ length: (next - first) / 1_000 }, (_, index) => first + index * 1_000);
  const tasks = await store.tasksOf(id, slots);
  expect(slots.length).toBeGreaterThanOrEqual(3);
  expect(tasks).not.toContain(undefined);
  expect(await store.madeBy(id)).toEqual(tasks.map((task) => task?.id));
}, 40_000);

test('after a time without any process the slots of it are made up for, each once', async () => {
  const redis = freshSettings();
  await using store = new TestSchedules(redis, 'default');
  const lazy = defineTask({
    name: 'lazy',
    schedule: { cron: '*/10 * * * *', missed: 'RUN_ALL' },
    run: () => undefined,
  });
  const id = scheduleIdOf(lazy);
  {
    await using _before = await TestTasks.start([lazy], { redis, workers: 0 });
    await vi.waitFor(async () => expect(await store.field(id, 'next')).not.toBeNull(), { timeout: 10_000 });
  }
  const next = Number(await store.field(id, 'next'));
  const slots = [5, 4, 3, 2, 1].map((back) => next - back * 600_000);
  await store.setNext(id, slots[0] ?? 0);

  await using after = await TestTasks.start([lazy], { redis, workers: 2 });

  const made = await vi.waitFor(
    async () => {
      const tasks = await store.tasksOf(id, slots);
      expect(tasks).not.toContain(undefined);
      return tasks;
    },
    { timeout: 10_000 },
  );
  await Promise.all(made.map((task) => after.finished(task?.id ?? '')));
  expect(await store.madeBy(id)).toHaveLength(5);
});

test('a task is enqueued at its slot, also by a process that knows neither its definition nor who made the schedule', async () => {
  const redis = freshSettings();
  const plain = defineTask({ name: 'plain', run: () => undefined });
  // The clock of this one knows nothing of the definition.
  await using clock = await TestTasks.start([defineTask({ name: 'other', run: () => undefined })], {
    redis,
    workers: 0,
  });
  await using maker = await TestTasks.start([plain], { redis, workers: 0 });
  await using store = new TestSchedules(redis, 'default');
  await store.listenedTo('due');
  const at = (await store.now()) + 300;
  const schedule = await maker.tasks.schedules.create(plain, { at: new Date(at) });
  await maker.tasks.close();

  const [task] = await vi.waitFor(
    async () => {
      const tasks = await store.tasksOf(schedule.id, [at]);
      expect(tasks).not.toContain(undefined);
      return tasks;
    },
    { timeout: 10_000 },
  );

  expect(clock.tasks.isReady()).toBe(true);
  // Some milliseconds, where other tests leave it the machine; a second, if it only came with a regular look.
  expect((task?.createdAt ?? 0) - at).toBeLessThan(400);
});

async function ended(worker: ChildProcess): Promise<void> {
  worker.kill('SIGKILL');
  if (worker.exitCode === null && worker.signalCode === null) await once(worker, 'exit');
}

function startProcess(redis: RedisSettings): ChildProcess {
  const program = new URL('schedule-process.ts', import.meta.url).pathname;
  return spawn(process.execPath, [program, redis.url, redis.prefix ?? ''], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

import { expect, test, vi } from 'vitest';
import { isFinal } from '../../src/tasks/task.ts';
import { forever } from '../support/definitions.ts';
import { TestStore } from '../support/store.ts';
import { freshSettings } from '../support/stores.ts';
import { TestTasks } from '../support/tasks.ts';
import { defineTask } from '../../src/index.ts';

const elsewhere = defineTask({ name: 'elsewhere', queue: 'elsewhere', run: () => undefined });

test('a queue that no definition names any more is still looked after', async () => {
  const redis = freshSettings();
  await using before = await TestTasks.start([elsewhere], { redis, workers: 0, leaseMs: 300 });
  await using store = new TestStore(redis, 'elsewhere');
  const task = await before.tasks.enqueue(elsewhere, {});
  const server = { worker: 'killed', lines: [`elsewhere:${task.definitionVersion}`] };
  await store.delivery(server);
  await store.tasksKnow('elsewhere');
  await before.tasks.close();
  await store.expire('killed');

  // A later release knows another queue only.
  await using after = await TestTasks.start([forever], { redis, workers: 0, leaseMs: 300 });

  await vi.waitFor(
    async () => {
      const state = await after.tasks.get(task.id);
      expect(state).toMatchObject({ status: 'QUEUED', attempts: [{ outcome: 'LOST' }] });
      expect(isFinal(state?.status ?? 'FAILED')).toBe(false);
    },
    { timeout: 10_000 },
  );
});

test('what has outlived its retention is removed as fast as it comes, not a piece a second', async () => {
  const redis = freshSettings();
  await using store = new TestStore(redis, 'default');
  const created = await Promise.all(Array.from({ length: 1_500 }, () => store.create({ name: 'removed' })));
  await store.redis.zadd(`${store.root}:removals`, ...created.flatMap(({ task }) => ['1', task.id]));

  await using _tests = await TestTasks.start([forever], { redis, workers: 0 });

  // At a hundred a second it would take fifteen.
  await vi.waitFor(async () => expect(await store.redis.zcard(`${store.root}:removals`)).toBe(0), {
    timeout: 7_000,
  });
});

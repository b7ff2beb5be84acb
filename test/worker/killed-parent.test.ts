import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test, vi } from 'vitest';
import { defaultPrefix, type RedisSettings } from '../../src/redis/connection.ts';
import { freshSettings } from '../support/stores.ts';
import { TestStore } from '../support/store.ts';
import { TestTasks } from '../support/tasks.ts';
import { elsewhere, family, orphanage } from './family.ts';
import { poison } from './poison.ts';

const leaseMs = 600;

test('a parent whose worker is killed while it waits is run by another one, which finds its children', async () => {
  const redis = freshSettings();
  await using tests = await TestTasks.start([family, elsewhere], { redis, workers: 0, leaseMs });
  const { id } = await tests.tasks.enqueue(family, {});
  const child = startProcess(redis, 'default');
  const exited = once(child, 'exit');
  await using store = new TestStore(redis, 'default');
  await vi.waitFor(async () => expect(await store.redis.scard(`${store.root}:parked:family`)).toBe(1), {
    timeout: 15_000,
  });

  child.kill('SIGKILL');
  await exited;
  await tests.startWorker();
  const ended = await tests.finished(id);

  // A worker that had no CPU for a whole lease may have been taken for lost before.
  expect(ended).toMatchObject({ status: 'SUCCEEDED', output: { attempt: ended.attempts.length } });
  expect(ended.attempts.slice(-2)).toMatchObject([{ outcome: 'LOST' }, { outcome: 'SUCCEEDED' }]);
  const { tasks } = await tests.tasks.list({ filter: { parents: [id] }, direction: 'ASC', limit: 10 });
  expect(tasks.map(({ task }) => task.id)).toEqual([(ended.output as { id: string }).id]);
  expect(await store.redis.exists(`${store.root}:parked:family`)).toBe(0);
});

test('a child that kills its worker is found, and its parent beside it is not charged', async () => {
  const redis = freshSettings();
  await using tests = await TestTasks.start([orphanage, poison], { redis, workers: 0, leaseMs });
  const { id } = await tests.tasks.enqueue(orphanage, {});
  const over = tests.finished(id);
  let child = startProcess(redis, 'default');
  const keepUp = (): void => {
    child = startProcess(redis, 'default');
    child.once('exit', keepUp);
  };
  child.once('exit', keepUp);

  const ended = await over;
  child.off('exit', keepUp);
  child.kill('SIGKILL');
  await once(child, 'exit');

  expect(ended).toMatchObject({ status: 'SUCCEEDED', output: { code: 'WORKER_LOST' } });
  expect(ended.attempts.filter(({ outcome }) => outcome === 'LOST')).toEqual([]);
  // Not once more for each attempt of the parent.
  expect(await tests.tasks.count({ parents: [id] })).toMatchObject({ count: 1 });
}, 60_000);

function startProcess(redis: RedisSettings, queues: string): ChildProcess {
  const program = new URL('family-process.ts', import.meta.url).pathname;
  const args = [program, redis.url, redis.prefix ?? defaultPrefix, String(leaseMs), queues];
  return spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] });
}

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { defaultPrefix } from '../../src/redis/connection.ts';
import { forever } from '../support/definitions.ts';
import { freshSettings } from '../support/stores.ts';
import { TestStore } from '../support/store.ts';
import { TestTasks } from '../support/tasks.ts';

const leaseMs = 600;

test('a task whose worker process is killed is run by another one within two leases', async () => {
  const redis = freshSettings();
  await using tests = await TestTasks.start([forever], { redis, workers: 0, leaseMs });
  const { id } = await tests.tasks.enqueue(forever, {});
  const args = [
    new URL('worker-process.ts', import.meta.url).pathname,
    redis.url,
    redis.prefix ?? defaultPrefix,
    String(leaseMs),
  ];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  const exited = once(child, 'exit');
  const first = await tests.reached(id, ({ progress }) => progress !== undefined);
  await tests.startWorker();

  child.kill('SIGKILL');
  await exited;
  const killedAt = Date.now();
  const again = await tests.reached(id, ({ attempt, status }) => attempt === 2 && status === 'RUNNING');

  expect(Date.now() - killedAt).toBeLessThan(2 * leaseMs + 1_000);
  expect(again.attempts).toMatchObject([
    { outcome: 'LOST', worker: first.attempts[0]?.worker },
    { number: 2, worker: tests.workers[0]?.id },
  ]);
  await using store = new TestStore(redis, 'default');
  // The hint that the killed process held is taken out of the lane.
  await store.laneHolds(1);
});

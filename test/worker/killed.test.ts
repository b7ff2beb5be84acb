import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { defaultPrefix, type RedisSettings } from '../../src/redis/connection.ts';
import { forever } from '../support/definitions.ts';
import { freshSettings } from '../support/stores.ts';
import { TestStore } from '../support/store.ts';
import { TestTasks } from '../support/tasks.ts';
import { neighbour, poison } from './poison.ts';

const leaseMs = 600;

test('a task whose worker process is killed is run by another one within two leases', async () => {
  const redis = freshSettings();
  await using tests = await TestTasks.start([forever], { redis, workers: 0, leaseMs });
  const { id } = await tests.tasks.enqueue(forever, {});
  const child = startProcess(redis, 5);
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

test('a task that kills its worker fails in the end, and none of the 49 beside it is charged', async () => {
  const redis = freshSettings();
  await using tests = await TestTasks.start([poison, neighbour], { redis, workers: 0, leaseMs });
  const killer = await tests.tasks.enqueue(poison, { neighbours: 49 });
  const others = await Promise.all(Array.from({ length: 49 }, () => tests.tasks.enqueue(neighbour, {})));

  const over = tests.finished(killer.id);
  let deaths = 0;
  let child = startProcess(redis, 50);
  const keepUp = (): void => {
    deaths += 1;
    child = startProcess(redis, 50);
    child.once('exit', keepUp);
  };
  child.once('exit', keepUp);
  const ended = await over;
  const rest = await Promise.all(others.map(({ id }) => tests.finished(id)));
  child.off('exit', keepUp);
  child.kill('SIGKILL');
  await once(child, 'exit');

  expect(ended).toMatchObject({ status: 'FAILED', failure: { code: 'WORKER_LOST' } });
  expect(ended.attempts.filter(({ outcome }) => outcome === 'LOST')).toHaveLength(2);
  expect(rest.filter(({ status }) => status !== 'SUCCEEDED')).toEqual([]);
  expect(rest.flatMap(({ attempts }) => attempts).filter(({ outcome }) => outcome === 'LOST')).toEqual([]);
  expect(rest.filter(({ attempts }) => attempts.length > 1)).not.toEqual([]);
  expect(deaths).toBeLessThanOrEqual(6);
}, 60_000);

function startProcess(redis: RedisSettings, slots: number): ChildProcess {
  const args = [redis.url, redis.prefix ?? defaultPrefix, String(leaseMs), String(slots)];
  const program = new URL('worker-process.ts', import.meta.url).pathname;
  return spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'ignore', 'inherit'] });
}

import { expect, test } from 'vitest';
import { startWorkerMonitor, type WorkerSource } from '../../src/prometheus/worker-monitor.ts';
import { testLogger } from '../support/stores.ts';

test('a worker whose figures cannot be told answers 500, and goes on', async () => {
  const source: WorkerSource = { isStoreUp: true, slots: 1, busy: 0, notReady: undefined };
  let problem: Error | undefined = new Error('a bug');
  const told = () => {
    if (problem !== undefined) throw problem;
    return source;
  };
  await using monitor = await startWorkerMonitor({ port: 0, host: '127.0.0.1' }, told, testLogger);
  const origin = `http://127.0.0.1:${monitor.port}`;

  const responses = await Promise.all(['/metrics', '/ready'].map((path) => fetch(`${origin}${path}`)));
  problem = undefined;

  expect(responses.map(({ status }) => status)).toEqual([500, 500]);
  expect(await responses[0]?.json()).toEqual({ message: 'Internal error.' });
  expect((await fetch(`${origin}/ready`)).status).toBe(200);
});

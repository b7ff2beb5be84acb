import { defineTask } from '../../../src/index.ts';
import { createLogger } from '../../../src/logger.ts';
import { connectTasks } from '../../../src/tasks/tasks.ts';
import { startWorkerMonitor } from '../../../src/prometheus/worker-monitor.ts';
import { startWorker } from '../../../src/worker/worker.ts';
import { Countdown } from '../harness/countdown.ts';
import { serveCalls } from '../harness/child.ts';
import { closedLoop } from '../load/closed-loop.ts';
import { again, echo, kept } from './definitions.ts';
import { tracesOf } from './telling.ts';

// Taskwire's worker: `worker.ts REDIS_URL [waits] [traces]`. With `waits` it starts when it is told to empty its queue.
const [url = '', mode] = process.argv.slice(2);
const logger = createLogger({ level: 'error' });
const redis = { url, prefix: 'bench' };
const concurrency = 50;
const countdown = new Countdown();
const traces = await tracesOf(process.argv[4], logger);
const source = { isStoreUp: true, slots: concurrency, busy: 0, notReady: undefined };
const monitor = await startWorkerMonitor({ port: 0, host: '127.0.0.1' }, () => source, logger);

/** As `echo`, in a queue of its own. */
const noop = defineTask({
  name: 'noop',
  queue: 'noop',
  input: (t) => ({ n: t.int({ required: true }) }),
  output: (t) => ({ n: t.int() }),
  run({ n }) {
    countdown.count();
    return { n };
  },
});

if (mode !== 'waits') await startWorker({ redis, definitions: [echo, again], concurrency, logger, traces });
serveCalls(
  { port: monitor.port },
  {
    async fill(count: number): Promise<void> {
      await using tasks = await connectTasks({ redis, definitions: [noop], logger });
      // No batch: its tasks cost their worker the counts of it as well.
      await closedLoop(count, 100, async (n) => void (await tasks.enqueue(noop, { n })));
    },

    /** Enqueues tasks that stay, in batches of 1,000. */
    async batches(count: number): Promise<void> {
      await using tasks = await connectTasks({ redis, definitions: [kept], logger });
      for (let from = 0; from < count; from += 1_000) {
        const inputs = Array.from({ length: Math.min(1_000, count - from) }, (_, n) => ({ n: from + n }));
        await tasks.enqueueBatch(kept, inputs);
      }
    },

    /** Enqueues one task after the other. */
    async enqueue(count: number): Promise<void> {
      await using tasks = await connectTasks({ redis, definitions: [noop], logger });
      for (let n = 0; n < count; n += 1) await tasks.enqueue(noop, { n });
    },

    /** Runs all that waits; tells how long that took from the first to the last. */
    async empty(count: number): Promise<number> {
      countdown.start(count);
      const worker = await startWorker({ redis, definitions: [noop], concurrency, logger, traces });
      const ms = await countdown.done;
      await worker.stop();
      return ms;
    },
  },
);

import { createLogger } from '../../src/logger.ts';
import { defineTask } from '../../src/index.ts';
import { startWorker } from '../../src/worker/worker.ts';

/** Every second, and made up for where nobody was there. */
export const everySecond = defineTask({
  name: 'everySecond',
  schedule: { every: '1s', missed: 'RUN_ALL' },
  run: () => undefined,
});

// A worker in a process of its own, for tests that kill it: url, prefix.
const [url, prefix] = process.argv.slice(2);
if (url !== undefined && prefix !== undefined) {
  await startWorker({
    redis: { url, prefix },
    definitions: [everySecond],
    logger: createLogger({ level: 'silent' }),
    leaseMs: 1_000,
  });
}

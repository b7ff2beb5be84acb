import { createLogger } from '../../src/logger.ts';
import { startWorker } from '../../src/worker/worker.ts';
import { forever } from '../support/definitions.ts';

// A worker in a process of its own, for tests that kill it: url, prefix, lease (ms).
const [url = '', prefix = '', lease = ''] = process.argv.slice(2);
await startWorker({
  redis: { url, prefix },
  definitions: [forever],
  concurrency: 5,
  logger: createLogger({ level: 'silent' }),
  leaseMs: Number(lease),
});

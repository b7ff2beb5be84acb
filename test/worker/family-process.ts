import { createLogger } from '../../src/logger.ts';
import { startWorker } from '../../src/worker/worker.ts';
import { elsewhere, family, orphanage } from './family.ts';
import { poison } from './poison.ts';

// A worker in a process of its own, for tests that kill it: url, prefix, lease (ms), queue.
const [url = '', prefix = '', lease = '', queue = ''] = process.argv.slice(2);
await startWorker({
  redis: { url, prefix },
  definitions: [family, orphanage, elsewhere, poison],
  queues: [queue],
  concurrency: 5,
  logger: createLogger({ level: 'silent' }),
  leaseMs: Number(lease),
});

import { createLogger } from '../../src/logger.ts';
import { startWorker } from '../../src/worker/worker.ts';
import { forever } from '../support/definitions.ts';
import { narrow } from './narrow.ts';
import { neighbour, poison } from './poison.ts';

// A worker in a process of its own, for tests that kill it: url, prefix, lease (ms), slots.
const [url = '', prefix = '', lease = '', slots = '5'] = process.argv.slice(2);
await startWorker({
  redis: { url, prefix },
  definitions: [forever, narrow, poison, neighbour],
  concurrency: Number(slots),
  logger: createLogger({ level: 'silent' }),
  leaseMs: Number(lease),
});

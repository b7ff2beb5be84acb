import { createLogger } from '../../../src/logger.ts';
import { startWorker } from '../../../src/worker/worker.ts';
import { serveCalls } from '../../bench/harness/child.ts';
import { sendReceipt } from './tasks.ts';

// `worker.ts REDIS_URL`: runs the receipts.
const [url = ''] = process.argv.slice(2);
await startWorker({
  redis: { url },
  definitions: [sendReceipt],
  concurrency: 50,
  logger: createLogger({ level: 'error' }),
});
serveCalls({});

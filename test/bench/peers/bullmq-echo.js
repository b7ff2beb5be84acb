// The worker of bullmq-api.js: `bullmq-echo.js REDIS_URL`.
import { Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { serveCalls } from '../harness/child.ts';

const connection = new Redis(process.argv[2], { maxRetriesPerRequest: null });
const worker = new Worker('echo', async ({ data: { n } }) => ({ n }), { connection, concurrency: 50 });
await worker.waitUntilReady();
serveCalls({});

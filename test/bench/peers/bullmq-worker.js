// BullMQ: `bullmq-worker.js REDIS_URL`. Results are kept and events are written, as by default.
import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { serveCalls } from '../harness/child.ts';
import { Countdown } from '../harness/countdown.ts';

const [url] = process.argv.slice(2);
const countdown = new Countdown();
const queue = new Queue('noop', { connection: new Redis(url, { maxRetriesPerRequest: null }) });

serveCalls(
  {},
  {
    async fill(count) {
      for (let from = 0; from < count; from += 1_000) {
        const jobs = Array.from({ length: Math.min(1_000, count - from) }, (_, n) => ({
          name: 'noop',
          data: { n: from + n },
        }));
        await queue.addBulk(jobs);
      }
    },

    async enqueue(count) {
      for (let n = 0; n < count; n += 1) await queue.add('noop', { n });
    },

    async empty(count) {
      countdown.start(count);
      const run = async ({ data: { n } }) => {
        countdown.count();
        return { n };
      };
      const connection = new Redis(url, { maxRetriesPerRequest: null });
      const worker = new Worker('noop', run, { connection, concurrency: 50 });
      const ms = await countdown.done;
      await worker.close();
      connection.disconnect();
      return ms;
    },
  },
);

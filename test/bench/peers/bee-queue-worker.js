// Bare Bee-Queue on its own client: `bee-queue-worker.js REDIS_URL`. Jobs are kept and events are sent, as by default.
import BeeQueue from 'bee-queue';
import { serveCalls } from '../harness/child.ts';
import { Countdown } from '../harness/countdown.ts';

const [url] = process.argv.slice(2);
const countdown = new Countdown();

serveCalls(
  {},
  {
    async fill(count) {
      const queue = new BeeQueue('noop', { redis: { url }, isWorker: false });
      for (let from = 0; from < count; from += 1_000) {
        const jobs = Array.from({ length: Math.min(1_000, count - from) }, (_, n) =>
          queue.createJob({ n: from + n }),
        );
        const errors = await queue.saveAll(jobs);
        if (errors.size > 0) throw new Error('jobs were refused');
      }
      await queue.close();
    },

    async enqueue(count) {
      const queue = new BeeQueue('noop', { redis: { url }, isWorker: false, getEvents: false });
      for (let n = 0; n < count; n += 1) await queue.createJob({ n }).save();
      await queue.close();
    },

    async empty(count) {
      countdown.start(count);
      const queue = new BeeQueue('noop', { redis: { url }, getEvents: false });
      queue.process(50, async ({ data: { n } }) => {
        countdown.count();
        return { n };
      });
      const ms = await countdown.done;
      await queue.close();
      return ms;
    },
  },
);

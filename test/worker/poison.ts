import { setTimeout as delay } from 'node:timers/promises';
import { defineTask } from '../../src/index.ts';

const running = { count: 0 };

/** Kills its process as soon as all that can run beside it do. */
export const poison = defineTask({
  name: 'poison',
  maxDeliveries: 1,
  input: (t) => ({ neighbours: t.int({ required: true }) }),
  async run({ neighbours }) {
    for (let looks = 0; looks < 20; looks += 1) if (running.count < neighbours) await delay(10);
    process.kill(process.pid, 'SIGKILL');
    await delay(60_000);
  },
});

/** Harmless, and of some length. */
export const neighbour = defineTask({
  name: 'neighbour',
  async run() {
    running.count += 1;
    await delay(400);
    running.count -= 1;
  },
});

import { createLogger } from '../../../src/logger.ts';
import { connect } from '../../../src/redis/connection.ts';
import { Deliveries } from '../../../src/tasks/deliveries.ts';
import type { Delivery } from '../../../src/tasks/delivery.ts';
import { createId } from '../../../src/tasks/id.ts';
import { policyOf } from '../../../src/tasks/policy.ts';
import { Store } from '../../../src/tasks/store.ts';
import { now, serveCalls } from '../harness/child.ts';
import { type Pace, pace } from '../load/pace.ts';
import { watched } from './definitions.ts';

// The worker of the tasks that sockets watch: `driver.ts REDIS_URL`. It takes them as a worker does and writes their
// progress by the same script, but whenever it is told to: a worker's own slots write it at most 20 times a second.
const [url = ''] = process.argv.slice(2);
const store = new Store(
  connect({ url, prefix: 'bench' }, 'worker', createLogger({ level: 'error' })),
  'bench',
);
const { name, queue } = watched;
const version = 'v1';
const deliveries = new Deliveries(store, queue, { worker: 'driver', lines: [`${name}:${version}`] });
const running: Map<string, Delivery[]> = new Map();
let step = 0;

serveCalls(
  {},
  {
    /** Makes tasks and begins them; gives their ids. */
    async begin(label: string, count: number): Promise<string[]> {
      const about = {
        host: 'bench',
        pid: process.pid,
        version: '0',
        clockMs: Date.now(),
        beside: 0,
        ageMs: 0,
        load: undefined,
        memoryBytes: 0,
        drain: undefined,
      };
      await deliveries.renew({ leaseMs: 3_600_000, slots: count, ...about }, []);
      const tasks = Array.from({ length: count }, () => ({
        id: createId(queue),
        name,
        definitionVersion: version,
        owner: 'anonymous',
        tags: [],
        input: '{}',
        policy: policyOf(watched),
      }));
      await store.createMany(queue, tasks);
      const hint = { hint: 'none', id: 'none' };
      const begun = await Promise.all(
        tasks.map(({ id }) => deliveries.begin(id, hint, { wake: false, takeSuspect: true })),
      );
      const all = begun.flatMap(({ delivery }) => delivery ?? []);
      running.set(label, all);
      return all.map(({ task }) => task.id);
    },

    /** Changes one after the other of those that were begun together. */
    async change(label: string, options: Pace): Promise<void> {
      const all = running.get(label) ?? [];
      await pace(options, async (turn) => {
        const delivery = all[turn % all.length];
        if (delivery === undefined) throw new Error('no task runs');
        step += 1;
        await deliveries.progress(delivery, { fraction: (step % 1_000) / 1_000, message: `step ${step}` });
      });
    },

    /** Tells the time as progress of the first of them, in a state of this size. */
    async tick(label: string, options: Pace, bytes = 0): Promise<void> {
      const [delivery] = running.get(label) ?? [];
      if (delivery === undefined) throw new Error('no task runs');
      await pace(options, async () => {
        const message = 'x'.repeat(bytes);
        await deliveries.progress(delivery, { current: 1, data: now(), message });
      });
    },
  },
);

import type { Figure } from '../harness/figure.ts';
import { alternate, type Contestant } from '../harness/rounds.ts';
import { rowOf } from '../harness/rows.ts';
import { workers } from './worker.ts';

/**
 * What a task costs the store: commands that clients send from when it is enqueued, by itself, until it has ended, seen by
 * MONITOR; and memory, while it waits and when it has ended. A worker runs 50 at a time.
 */
export const store: Figure = {
  name: 'store',
  async measure({ store, ...bench }) {
    const count = bench.quick ? 100 : 2_000;
    const results = await alternate(
      // Counted, not timed.
      1,
      workers({ store, ...bench }).map(({ name, missing, module: [path, ...args] }): Contestant => ({
        name,
        missing,
        async start() {
          const program = await bench.programs.start(path, ...args);
          // Scripts are loaded, and what there is once in a queue is written.
          await program.call('enqueue', 50);
          await program.call('empty', 50);
          return async () => {
            const before = await store.bytes();
            const enqueued = await store.commandsOf(() => program.call('enqueue', count));
            const waiting = await store.bytes();
            const run = await store.commandsOf(async () => void (await program.call('empty', count)));
            const ended = await store.bytes();
            return {
              commands: (enqueued.sent + run.sent) / count,
              executed: (enqueued.sent + run.sent + enqueued.inScripts + run.inScripts) / count,
              waiting: (waiting - before) / count,
              ended: (ended - before) / count,
            };
          };
        },
      })),
    );
    const fewer = { 'bare bee-queue': { atMost: 0.99 }, BullMQ: { atMost: 0.99 } };
    return [
      rowOf(results, {
        what: 'commands that a task sends to Redis',
        unit: '',
        quantity: 'commands',
        goals: fewer,
      }),
      rowOf(results, {
        what: 'commands that Redis executes for a task, those in scripts too',
        unit: '',
        quantity: 'executed',
        goals: fewer,
      }),
      rowOf(results, { what: 'memory of a task that waits', unit: 'bytes', quantity: 'waiting' }),
      rowOf(results, { what: 'memory of a task that has ended', unit: 'bytes', quantity: 'ended' }),
    ];
  },
};

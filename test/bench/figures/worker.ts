import type { Bench, Figure } from '../harness/figure.ts';
import { alternate, type Contestant } from '../harness/rounds.ts';
import { rowOf } from '../harness/rows.ts';

/** Taskwire's worker and those of others, which know the same calls. */
export function workers({
  store,
  noPeers,
}: Bench): { name: string; missing?: string | undefined; module: [string, ...string[]] }[] {
  return [
    { name: 'Taskwire', module: ['taskwire/worker.ts', store.url, 'waits'] },
    { name: 'BullMQ', missing: noPeers, module: ['peers/bullmq-worker.js', store.url] },
    { name: 'bare bee-queue', module: ['peers/bee-queue-worker.js', store.url] },
  ];
}

/**
 * How fast one worker process empties its queue, 50 at a time, of tasks that do nothing: from the start of the first run
 * to that of the last. The queue is filled beforehand; results are kept and events are sent.
 */
export const worker: Figure = {
  name: 'worker',
  async measure(bench) {
    const count = bench.quick ? 500 : 10_000;
    const results = await alternate(
      bench.rounds,
      workers(bench).map(({ name, missing, module: [path, ...args] }): Contestant => ({
        name,
        missing,
        async start() {
          const program = await bench.programs.start(path, ...args);
          const empty = async (count: number) => {
            const start = performance.now();
            // To the others this is what fills the queue.
            await program.call(name === 'Taskwire' ? 'batches' : 'fill', count);
            const batchMs = performance.now() - start;
            if (name === 'Taskwire') await program.call('fill', count);
            const [cpu, redis] = [program.cpuMs(), bench.store.cpuMs()];
            const ms = await program.call<number>('empty', count);
            return {
              perSecond: (count * 1_000) / ms,
              batched: (count * 1_000) / batchMs,
              cpuUs: ((program.cpuMs() - cpu) * 1_000) / count,
              redisUs: ((bench.store.cpuMs() - redis) * 1_000) / count,
            };
          };
          await empty(bench.quick ? 100 : 5_000);
          return () => empty(count);
        },
      })),
    );
    const what = 'tasks of one worker that do nothing, 50 at a time';
    return [
      rowOf(results, { what, unit: 'tasks/s', quantity: 'perSecond', goals: { BullMQ: { atLeast: 3 } } }),
      rowOf(results, { what: `${what}: CPU of the worker`, unit: 'µs', quantity: 'cpuUs' }),
      rowOf(results, { what: `${what}: CPU of Redis`, unit: 'µs', quantity: 'redisUs' }),
      rowOf(results, { what: 'tasks enqueued 1,000 at a time', unit: 'tasks/s', quantity: 'batched' }),
    ];
  },
};

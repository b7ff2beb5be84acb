import type { Figure } from '../harness/figure.ts';
import { alternate, type Measured } from '../harness/rounds.ts';
import { rowOf } from '../harness/rows.ts';
import { percentile } from '../report.ts';

/** How late begins what waits for its time, 50 ms: a retry of a task, and delayed tasks one at a time. */
export const lateness: Figure = {
  name: 'lateness',
  async measure(bench) {
    const count = bench.quick ? 3 : 19;
    const { programs, store } = bench;
    const load = await programs.start('load/lateness.ts');
    const results = await alternate(bench.rounds, [
      {
        name: 'Taskwire',
        async start() {
          const api = await programs.start('taskwire/api.ts', store.url);
          await programs.start('taskwire/worker.ts', store.url);
          return async () =>
            late(await load.call('retries', api.port, count), await load.call('delays', api.port, count));
        },
      },
      {
        name: 'setTimeout',
        start: async () => async () => {
          const times = await load.call<number[]>('timers', count);
          return late(times, times);
        },
      },
    ]);
    return [
      rowOf(results, { what: 'a retry is due → it begins: p50', unit: 'ms', quantity: 'retryP50' }),
      rowOf(results, { what: 'a retry is due → it begins: p99', unit: 'ms', quantity: 'retryP99' }),
      rowOf(results, { what: 'a delayed task is due → it begins: p50', unit: 'ms', quantity: 'delayP50' }),
      rowOf(results, { what: 'a delayed task is due → it begins: p99', unit: 'ms', quantity: 'delayP99' }),
    ];
  },
};

function late(retries: readonly number[], delays: readonly number[]): Measured {
  return {
    retryP50: percentile(retries, 0.5),
    retryP99: percentile(retries, 0.99),
    delayP50: percentile(delays, 0.5),
    delayP99: percentile(delays, 0.99),
  };
}

import type { Bench, Figure } from '../harness/figure.ts';
import { alternate, type Contestant } from '../harness/rounds.ts';
import { rowOf } from '../harness/rows.ts';
import { percentile } from '../report.ts';
import { type SocketServer, socketServers } from './socket-servers.ts';
import { SocketStage } from './socket-stage.ts';

/**
 * What it costs the server's process to tell sockets of changes: CPU for each state that has come to a client. The tasks
 * are real and run; a process in the place of their worker changes them by the scripts that a worker uses. Where all watch
 * one task the next change, or burst of 8, comes when all have the last one; tasks with one watcher each change in turn,
 * 2,000 a second. And how long a change takes to one socket.
 */
export const sockets: Figure = {
  name: 'sockets',
  async measure(bench) {
    const count = bench.quick ? 50 : 1_000;
    const results = await alternate(
      bench.rounds,
      socketServers(bench).map((server) => contestant(bench, server, count)),
    );
    const many = count.toLocaleString('en-US');
    return [
      rowOf(results, {
        what: `${many} sockets on one task: CPU per state`,
        unit: 'µs',
        quantity: 'single',
        goals: { 'raw ws': { atMost: 1.1 } },
      }),
      rowOf(results, {
        what: `${many} sockets on one task, in bursts of 8: CPU per state`,
        unit: 'µs',
        quantity: 'burst',
        goals: { 'raw ws': { atMost: 0.5 } },
      }),
      rowOf(results, {
        what: `${many} sockets on one task, in bursts of 8: states told`,
        unit: 'of 8',
        quantity: 'told',
      }),
      rowOf(results, {
        what: `${many} sockets on as many tasks: CPU per state`,
        unit: 'µs',
        quantity: 'own',
        goals: { 'Yoga + graphql-ws': { atMost: 0.5 } },
      }),
      rowOf(results, { what: 'change → one socket: p50', unit: 'ms', quantity: 'p50' }),
      rowOf(results, { what: 'change → one socket: p99', unit: 'ms', quantity: 'p99' }),
    ];
  },
};

function contestant(bench: Bench, server: SocketServer, count: number): Contestant {
  const { name, missing } = server;
  const [singles, bursts, owns, ticks] = bench.quick ? [3, 1, 100, 5] : [30, 6, 4_000, 50];
  return {
    name,
    missing,
    async start() {
      const load = await bench.programs.start('load/sockets.ts');
      const worker = await bench.programs.start(server.driver, bench.store.url);
      const program = await bench.programs.start(...server.server);
      const parts = { program, worker, load, protocol: server.protocol };
      const one = await SocketStage.open({ ...parts, label: `${name}, one` }, { sockets: count, tasks: 1 });
      const own = await SocketStage.open(
        { ...parts, label: `${name}, own` },
        { sockets: count, tasks: count },
      );
      const clock = `${name}, clock`;
      const ids = await worker.call<string[]>('begin', clock, 1);
      const [{ protocol } = server] = socketServers(bench, 'progress { data }').filter(
        (s) => s.name === name,
      );
      await load.call('clock', { port: program.port, protocol, ids });
      // What is compiled, and cached, by then.
      for (let turn = 0; turn < 5; turn += 1) await one.change(1, 1);
      await own.change(count, 1);
      return async () => {
        const single = await one.delivered(async () => {
          for (let turn = 0; turn < singles; turn += 1) await one.change(1, 1);
        });
        const burst = await one.delivered(async () => {
          for (let turn = 0; turn < bursts; turn += 1) await one.change(1, 8);
        });
        const owned = await own.delivered(() => own.change(owns, 1));
        await load.call('ages');
        await worker.call('tick', clock, { count: ticks, burst: 1, perSecond: 40 });
        const ages = await load.call<number[]>('ages');
        return {
          single: single.cpuUs,
          burst: burst.cpuUs,
          told: 8 * burst.part,
          own: owned.cpuUs,
          p50: percentile(ages, 0.5),
          p99: percentile(ages, 0.99),
        };
      };
    },
  };
}

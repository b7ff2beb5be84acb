import type { Bench, Figure } from '../harness/figure.ts';
import { Program } from '../harness/program.ts';
import { alternate, type Contestant } from '../harness/rounds.ts';
import { rowOf } from '../harness/rows.ts';
import { type SocketServer, socketServers } from './socket-servers.ts';
import { SocketStage } from './socket-stage.ts';

const folder = new URL('../', import.meta.url);

/**
 * What it costs the server's process to tell sockets of changes: CPU for each state that has come to a client. The tasks
 * are real and run; a process in the place of their worker changes them by the scripts that a worker uses. Where all watch
 * one task the next change, or burst of 8, comes when all have the last one; tasks with one watcher each change in turn,
 * 2,000 a second.
 */
export const sockets: Figure = {
  name: 'sockets',
  async measure(bench) {
    await using load = await Program.fork(new URL('load/sockets.ts', folder));
    const count = bench.quick ? 50 : 1_000;
    const results = await alternate(
      bench.rounds,
      socketServers(bench).map((server) => contestant(bench, server, load, count)),
    );
    const many = count.toLocaleString('en-US');
    const unit = 'µs';
    return [
      rowOf(results, {
        what: `${many} sockets on one task: CPU per state`,
        unit,
        quantity: 'single',
        goals: { 'raw ws': { atMost: 1.1 } },
      }),
      rowOf(results, {
        what: `${many} sockets on one task, in bursts of 8: CPU per state`,
        unit,
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
        unit,
        quantity: 'own',
        goals: { 'Yoga + graphql-ws': { atMost: 0.5 } },
      }),
    ];
  },
};

function contestant(bench: Bench, server: SocketServer, load: Program, count: number): Contestant {
  const { name, missing } = server;
  const [singles, bursts, owns] = bench.quick ? [3, 1, 100] : [30, 6, 4_000];
  return {
    name,
    missing,
    async start(stack) {
      const [program, worker] = await Promise.all(
        [server.server, server.driver].map(async ([module, ...args]) =>
          stack.use(await Program.fork(new URL(module, folder), ...args)),
        ),
      );
      if (program === undefined || worker === undefined) throw new Error('nothing was started');
      const parts = { program, worker, load, name, protocol: server.protocol };
      const one = await SocketStage.open(parts, { sockets: count, tasks: 1 });
      const own = await SocketStage.open(parts, { sockets: count, tasks: count });
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
        return { single: single.cpuUs, burst: burst.cpuUs, told: 8 * burst.part, own: owned.cpuUs };
      };
    },
  };
}

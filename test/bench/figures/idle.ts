import { setTimeout as delay } from 'node:timers/promises';
import type { Bench, Figure } from '../harness/figure.ts';
import { alternate, type Contestant } from '../harness/rounds.ts';
import { rowOf } from '../harness/rows.ts';
import { type SocketServer, socketServers } from './socket-servers.ts';
import { SocketStage } from './socket-stage.ts';

/**
 * What a subscription takes of the server's memory while nothing happens: resident memory with 10,000 sockets, each with
 * a subscription to a running task of its own, less that before they came, both after garbage was collected; and of its CPU in the 24 s after.
 */
export const idle: Figure = {
  name: 'idle',
  async measure(bench) {
    const count = bench.quick ? 100 : 10_000;
    const results = await alternate(
      // A server of its own for each measurement: memory isn't given back. Nothing else has a part in it.
      1,
      socketServers(bench).map((server) => contestant(bench, server, count)),
    );
    return [
      rowOf(results, {
        what: `idle subscription, at ${count.toLocaleString('en-US')}: memory`,
        unit: 'KB',
        quantity: 'kb',
        goal: { atMost: 20 },
      }),
      rowOf(results, {
        what: `idle subscription, at ${count.toLocaleString('en-US')}: CPU of the server, of a processor`,
        unit: '%',
        quantity: 'cpu',
        goal: { atMost: 5 },
      }),
    ];
  },
};

function contestant(bench: Bench, server: SocketServer, count: number): Contestant {
  const { programs, store } = bench;
  const { name, missing, driver, protocol } = server;
  return {
    name,
    missing,
    async start() {
      return async () => {
        const [load, worker] = [
          await programs.start('load/sockets.ts'),
          await programs.start(driver, store.url),
        ];
        const program = await programs.start(...server.server);
        const parts = { program, worker, load, protocol };
        // What the first ones bring into memory.
        await SocketStage.open({ ...parts, label: `${name}, first` }, { sockets: 50, tasks: 50 });
        const before = await program.memoryKb();
        await SocketStage.open({ ...parts, label: `${name}, idle` }, { sockets: count, tasks: count });
        const kb = ((await program.memoryKb()) - before) / count;
        // Two rounds of Taskwire's pings.
        const cpuMs = program.cpuMs();
        const begin = performance.now();
        await delay(bench.quick ? 1_000 : 24_000);
        const cpu = ((program.cpuMs() - cpuMs) * 100) / (performance.now() - begin);
        await load.call('close');
        return { kb, cpu };
      };
    },
  };
}

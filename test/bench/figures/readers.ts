import type { Bench, Figure } from '../harness/figure.ts';
import { alternate, type Contestant } from '../harness/rounds.ts';
import { rowOf } from '../harness/rows.ts';
import { percentile } from '../report.ts';
import { socketServers } from './socket-servers.ts';

/** Of a state, so that what the kernel takes of a connection is full within seconds. */
const stateBytes = 20_000;
const perSecond = 40;
/** After so many the kernel takes no more for any of the dead: it keeps 4 MB for each. */
const fillingStates = 320;

/**
 * What a subscriber notices of others that have stopped to read: a running task has states of 20 KB, 40 a second; how old
 * each is when the subscriber has it, with nobody else and beside 200 dead readers, a third of each kind: silent sockets, sockets
 * that send pongs, streams of events. And how long the server keeps those, and what they take of its memory.
 */
export const readers: Figure = {
  name: 'readers',
  async measure(bench) {
    const count = bench.quick ? 10 : 200;
    const results = await alternate(1, [contestant(bench, count)]);
    const row = (what: string, unit: string, quantity: string, atMost?: number) =>
      rowOf(results, { what, unit, quantity, ...(atMost === undefined ? {} : { goal: { atMost } }) });
    return [
      row('states of 20 KB → one subscriber: p99', 'ms', 'usual'),
      row(
        `the same beside ${count} dead readers, while the kernel still takes it for them: p99`,
        'ms',
        'filling',
      ),
      row(`the same beside ${count} dead readers, from then until they are closed: p99`, 'ms', 'stuck'),
      row(`the same beside ${count} dead readers, from then on: p99, of the usual one`, '×', 'ratio', 2),
      row(`states that it missed beside ${count} dead readers`, '', 'missed', 0),
      row(`${count} dead readers: all are closed after`, 's', 'seconds'),
      row(`${count} dead readers: memory of the server, each`, 'KB', 'kb'),
    ];
  },
};

function contestant(bench: Bench, count: number): Contestant {
  const { programs, store, quick } = bench;
  return {
    name: 'Taskwire',
    async start() {
      const [load, dead] = [
        await programs.start('load/sockets.ts'),
        await programs.start('load/dead-readers.ts'),
      ];
      const worker = await programs.start('taskwire/driver.ts', store.url);
      const program = await programs.start('taskwire/api.ts', store.url);
      const label = 'dead readers';
      const ids = await worker.call<string[]>('begin', label, 1);
      const [taskwire] = socketServers(bench, 'progress { data }');
      await load.call('clock', { port: program.port, protocol: taskwire?.protocol, ids });
      /** States for so many seconds; how old each was. */
      const states = async (seconds: number): Promise<number[]> => {
        const count = seconds * perSecond;
        await worker.call('tick', label, { count, burst: 1, perSecond }, stateBytes);
        return await load.call<number[]>('ages');
      };
      await states(2);
      return async () => {
        const usual = await states(quick ? 2 : 20);
        const [open, before] = [await program.call<number>('connections'), await program.memoryKb()];
        const query = 'subscription ($id: ID!) { taskUpdated(id: $id) { progress { data message } } }';
        await dead.call('open', { port: program.port, count, query, id: ids[0] });
        const begin = performance.now();
        const beside: number[] = [];
        let kb = 0;
        let sent = 0;
        do {
          beside.push(...(await states(1)));
          sent += perSecond;
          kb = Math.max(kb, program.residentKb() - before);
        } while ((await program.call<number>('connections')) > open && performance.now() - begin < 60_000);
        const seconds = (performance.now() - begin) / 1_000;
        const missed = sent - beside.length;
        const [filling, stuck] = [beside.slice(0, fillingStates), beside.slice(fillingStates)];
        const [one, other] = [percentile(usual, 0.99), percentile(stuck, 0.99)];
        return {
          usual: one,
          filling: percentile(filling, 0.99),
          stuck: other,
          ratio: other / one,
          missed,
          seconds,
          kb: kb / count,
        };
      };
    },
  };
}

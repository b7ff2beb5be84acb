import type { Bench, Figure } from '../harness/figure.ts';
import type { Program } from '../harness/program.ts';
import { alternate, type Contestant } from '../harness/rounds.ts';
import { rowOf } from '../harness/rows.ts';
import { echoMutation } from '../taskwire/definitions.ts';

const width = 32;

/**
 * What a mutation over HTTP costs the server's process: the same schema and a resolver that answers from memory for
 * all, so that what differs is the HTTP and GraphQL layer. 32 connections are kept, each with one request on its way.
 */
export const http: Figure = {
  name: 'http',
  async measure(bench) {
    const load = await bench.programs.start('load/http.ts');
    const results = await alternate(bench.quick ? 1 : bench.rounds * 2, [
      server(bench, load, 'Taskwire', 'taskwire/api.ts', [bench.store.url, 'memory']),
      server(bench, load, 'Yoga, defaults', 'peers/yoga-http.js'),
      {
        ...server(bench, load, 'mercurius + JIT', 'peers/mercurius-http.js'),
        missing: bench.noPeers,
      },
      server(bench, load, 'plain node:http', 'peers/node-http.js'),
    ]);
    const stored = await alternate(bench.rounds, [
      server(bench, load, 'Taskwire', 'taskwire/api.ts', [bench.store.url]),
      server(bench, load, 'signed in', 'taskwire/api.ts', [bench.store.url, 'token']),
      server(bench, load, 'signed in, without bounds', 'taskwire/api.ts', [bench.store.url, 'unbounded']),
    ]);
    return [
      rowOf(results, {
        what: 'mutation over HTTP, nothing enqueued: CPU',
        unit: 'µs',
        quantity: 'cpuUs',
        goals: { 'Yoga, defaults': { atMost: 0.25 }, 'mercurius + JIT': { atMost: 1.3 } },
      }),
      rowOf(stored, { what: 'mutation over HTTP, enqueued: CPU of the API', unit: 'µs', quantity: 'cpuUs' }),
      rowOf(stored, { what: 'mutation over HTTP, enqueued', unit: 'requests/s', quantity: 'perSecond' }),
      rowOf(stored, { what: 'mutation over HTTP, enqueued: mean time', unit: 'ms', quantity: 'meanMs' }),
    ];
  },
};

function server(
  bench: Bench,
  load: Program,
  name: string,
  module: string,
  args: readonly string[] = [],
): Contestant {
  const count = bench.quick ? 100 : 3_000;
  return {
    name,
    async start() {
      const program = await bench.programs.start(module, ...args);
      // Of Taskwire alone, where clients are to sign in.
      const token = module.startsWith('taskwire/')
        ? await program.call<string | undefined>('token')
        : undefined;
      const signIn = token === undefined ? {} : { token };
      const run = (count: number) =>
        load.call<number>('run', { port: program.port, query: echoMutation, count, width, ...signIn });
      // What is compiled, and cached, by then.
      await run(bench.quick ? 50 : 15_000);
      return async () => {
        const before = program.cpuMs();
        const ms = await run(count);
        return {
          cpuUs: ((program.cpuMs() - before) * 1_000) / count,
          perSecond: (count * 1_000) / ms,
          meanMs: (ms * width) / count,
        };
      };
    },
  };
}

import type { Bench, Figure } from '../harness/figure.ts';
import type { Program } from '../harness/program.ts';
import { alternate, type Contestant, type Measured } from '../harness/rounds.ts';
import { rowOf } from '../harness/rows.ts';
import { echoMutation } from '../taskwire/definitions.ts';
import { socketServers } from './socket-servers.ts';
import { SocketStage } from './socket-stage.ts';

/** One way in which a process may tell of itself. */
interface Way {
  readonly name: string;
  /** The last argument of its module. */
  readonly traces: readonly string[];
  readonly isScraped?: boolean;
}

/**
 * What metrics and traces cost the process that tells them: CPU for a mutation, for a task that does nothing and for a
 * state to a socket, beside a process that tells nothing. A collector takes the spans; metrics are asked for once a second.
 */
export const telemetry: Figure = {
  name: 'telemetry',
  async measure(bench) {
    const { port } = await bench.programs.start('load/collector.ts');
    const ways: readonly Way[] = [
      { name: 'Taskwire', traces: [] },
      { name: 'metrics, asked for each second', traces: ['scraped'], isScraped: true },
      { name: 'traces, none recorded', traces: [`traces=none:${port}`] },
      { name: 'traces, all recorded', traces: [`traces=all:${port}`] },
    ];
    const rounds = bench.quick ? 1 : bench.rounds * 2;
    const measured = async (part: (bench: Bench, way: Way) => Contestant) =>
      await alternate(
        rounds,
        ways.map((way) => part(bench, way)),
      );
    const scrapes = await alternate(rounds, [scrape(bench)]);
    const of = { unit: 'µs', quantity: 'cpuUs' };
    const goals = { 'metrics, asked for each second': { atLeast: 0.97 } };
    return [
      rowOf(await measured(mutations), {
        ...of,
        what: 'mutation over HTTP, enqueued: CPU of the API',
        goals,
      }),
      rowOf(await measured(tasks), { ...of, what: 'a task that does nothing: CPU of the worker', goals }),
      rowOf(await measured(states), { ...of, what: 'a state to a socket: CPU of the API', goals }),
      rowOf(scrapes, { ...of, what: 'metrics, asked for once: CPU of the API' }),
    ];
  },
};

function mutations({ programs, store, quick }: Bench, { name, traces, isScraped }: Way): Contestant {
  const [count, width] = [quick ? 100 : 3_000, 32];
  return {
    name,
    async start() {
      const load = await programs.start('load/http.ts');
      const program = await programs.start('taskwire/api.ts', store.url, 'store', ...traces);
      const run = (count: number) =>
        load.call<number>('run', { port: program.port, query: echoMutation, count, width });
      await run(quick ? 50 : 5_000);
      return async () => await cpuOf(program, isScraped, count, () => run(count));
    },
  };
}

function tasks({ programs, store, quick }: Bench, { name, traces, isScraped }: Way): Contestant {
  const count = quick ? 500 : 5_000;
  return {
    name,
    async start() {
      const program = await programs.start('taskwire/worker.ts', store.url, 'waits', ...traces);
      const empty = async (count: number) => {
        await program.call('fill', count);
        return await cpuOf(program, isScraped, count, () => program.call('empty', count));
      };
      await empty(quick ? 100 : 2_000);
      return () => empty(count);
    },
  };
}

function states(bench: Bench, { name, traces, isScraped }: Way): Contestant {
  const { programs, store, quick } = bench;
  const [sockets, turns] = quick ? [50, 100] : [200, 2_000];
  return {
    name,
    async start() {
      const [{ protocol, driver } = { protocol: undefined, driver: '' }] = socketServers(bench);
      if (protocol === undefined) throw new Error('Taskwire is the first of the servers');
      const load = await programs.start('load/sockets.ts');
      const worker = await programs.start(driver, store.url);
      const program = await programs.start('taskwire/api.ts', store.url, 'store', ...traces);
      const parts = { program, worker, load, protocol, label: `${name}, told` };
      const stage = await SocketStage.open(parts, { sockets, tasks: sockets });
      await stage.change(sockets, 1);
      return async () => {
        await using _scraping = scraping(program, isScraped);
        const { cpuUs } = await stage.delivered(() => stage.change(turns, 1));
        return { cpuUs };
      };
    },
  };
}

function scrape({ programs, store, quick }: Bench): Contestant {
  const count = quick ? 5 : 200;
  return {
    name: 'Taskwire',
    async start() {
      const program = await programs.start('taskwire/api.ts', store.url);
      const ask = async (count: number): Promise<void> => {
        for (let n = 0; n < count; n += 1)
          await (await fetch(`http://127.0.0.1:${program.port}/metrics`)).text();
      };
      await ask(count);
      return async () => await cpuOf(program, false, count, () => ask(count));
    },
  };
}

async function cpuOf(
  program: Program,
  isScraped: boolean | undefined,
  count: number,
  work: () => Promise<unknown>,
): Promise<Measured> {
  await using _scraping = scraping(program, isScraped);
  const before = program.cpuMs();
  await work();
  return { cpuUs: ((program.cpuMs() - before) * 1_000) / count };
}

/** Asks for a process' metrics at once and then each second, as a Prometheus does that is in a hurry. */
function scraping(program: Program, isScraped = false): AsyncDisposable {
  if (!isScraped) return { [Symbol.asyncDispose]: async () => undefined };
  let asked: Promise<unknown> = Promise.resolve();
  const ask = (): void => {
    asked = fetch(`http://127.0.0.1:${program.port}/metrics`).then((response) => response.text());
    asked.catch(() => undefined);
  };
  ask();
  const timer = setInterval(ask, 1_000);
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await asked;
    },
  };
}

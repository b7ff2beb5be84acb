import type { Bench, Figure } from '../harness/figure.ts';
import type { Program } from '../harness/program.ts';
import { alternate, type Contestant, type Measured, type Result } from '../harness/rounds.ts';
import { rowOf } from '../harness/rows.ts';
import { percentile } from '../report.ts';
import { bullmq, celery, type SystemKind, taskwire } from './systems.ts';

/** How often clients poll who have many tasks under way, in ms. */
const manyPollMs = 250;
/** How often one polls who has one, in ms, and how many tasks it tries. */
const polls = { 5: 120, 250: 10, 1000: 3 };

/**
 * From the mutation until the client has been told the result. As many as go: 64 tasks are always under way, of Celery
 * so many that polling doesn't hold it up; CPU is that of the API, the workers and Redis. And one at a time.
 */
export const endToEnd: Figure = {
  name: 'end-to-end',
  async measure(bench) {
    const load = await bench.programs.start('load/tasks.ts');
    const results = await alternate(bench.rounds, [
      contestant(bench, load, taskwire(bench), { count: 4_000, width: 64, by: 'subscription' }),
      {
        ...contestant(bench, load, taskwire(bench), { count: 4_000, width: 64, by: 'run' }),
        name: oneOperation,
      },
      contestant(bench, load, bullmq(bench), { count: 3_000, width: 64, by: 'subscription' }),
      contestant(bench, load, celery(bench), { count: 1_000, width: 256, by: { pollMs: manyPollMs } }),
    ]);
    const [twoSteps, oneStep] = [without(results, oneOperation), asTaskwire(results)];
    return [
      ...rows('mutation → client told', twoSteps),
      ...rows('run<Name>, the mutation and the watch in one operation → client told', oneStep),
    ];
  },
};

/** Taskwire by the subscription that enqueues. */
const oneOperation = 'Taskwire, one operation';

function without(results: ReadonlyMap<string, Result>, name: string): Map<string, Result> {
  return new Map([...results].filter(([other]) => other !== name));
}

/** The same with Taskwire's one operation in the place of its two. */
function asTaskwire(results: ReadonlyMap<string, Result>): Map<string, Result> {
  const one = results.get(oneOperation);
  return new Map([
    ...(one === undefined ? [] : [['Taskwire', one] as const]),
    ...without(without(results, oneOperation), 'Taskwire'),
  ]);
}

function rows(what: string, results: ReadonlyMap<string, Result>) {
  const oneAtATime = latencies(results);
  return [
    rowOf(results, {
      what: `${what}: rate`,
      unit: 'tasks/s',
      quantity: 'perSecond',
      goals: { 'FastAPI + Celery': { atLeast: 8 }, 'BullMQ + Yoga': { atLeast: 2 } },
    }),
    rowOf(results, {
      what: `${what}: CPU per task`,
      unit: 'µs',
      quantity: 'cpuUs',
      goals: { 'FastAPI + Celery': { atMost: 1 / 6 } },
    }),
    rowOf(oneAtATime, {
      what: `${what}, one at a time: p50`,
      unit: 'ms',
      quantity: 'p50',
      goals: { [polled(5)]: { atMost: 1 / 3 } },
    }),
    rowOf(oneAtATime, { what: `${what}, one at a time: p99`, unit: 'ms', quantity: 'p99' }),
  ];
}

/** How many at a time in the first part, and how their clients hear of them. */
interface Many {
  readonly count: number;
  readonly width: number;
  readonly by: 'subscription' | 'run' | { readonly pollMs: number };
}

function contestant(bench: Bench, load: Program, kind: SystemKind, { count, width, by }: Many): Contestant {
  return {
    name: kind.name,
    missing: kind.missing,
    async start() {
      const { port, cpuMs } = await kind.start();
      const run = (count: number, width: number, by: Many['by']) =>
        load.call<{ ms: number; times: number[] }>('run', { port, count, width, by });
      await run(bench.quick ? 20 : count, width, by);
      return async () => {
        const tasks = bench.quick ? 50 : count;
        const before = cpuMs();
        const { ms } = await run(tasks, width, by);
        const cpuUs = ((cpuMs() - before) * 1_000) / tasks;
        const single: Record<string, number> = {};
        const ways = typeof by === 'string' ? [['told', 300]] : Object.entries(polls);
        for (const [way, tries] of ways) {
          const how = typeof by === 'string' ? by : { pollMs: Number(way) };
          const { times } = await run(bench.quick ? 2 : Number(tries), 1, how);
          single[`p50 ${way}`] = percentile(times, 0.5);
          single[`p99 ${way}`] = percentile(times, 0.99);
        }
        return { perSecond: (tasks * 1_000) / ms, cpuUs, ...single };
      };
    },
  };
}

/** What was measured one at a time: Celery is a peer for each way to poll. */
function latencies(results: ReadonlyMap<string, Result>): Map<string, Result> {
  return new Map(
    [...results].flatMap(([name, result]) => {
      const ways = name === 'FastAPI + Celery' ? Object.keys(polls) : ['told'];
      return ways.map((way): [string, Result] => [
        way === 'told' ? name : polled(Number(way)),
        { ...result, rounds: result.rounds.map((measured) => latencyOf(measured, way)) },
      ]);
    }),
  );
}

function latencyOf(measured: Measured, way: string): Measured {
  return { p50: measured[`p50 ${way}`] ?? NaN, p99: measured[`p99 ${way}`] ?? NaN };
}

function polled(ms: number): string {
  return `FastAPI + Celery, polled every ${ms.toLocaleString('en-US')} ms`;
}

import { writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { endToEnd } from './figures/end-to-end.ts';
import { http } from './figures/http.ts';
import { idle } from './figures/idle.ts';
import { sockets } from './figures/sockets.ts';
import { store as storeFigure } from './figures/store.ts';
import { telemetry } from './figures/telemetry.ts';
import { worker } from './figures/worker.ts';
import { readers } from './figures/readers.ts';
import { lateness } from './figures/lateness.ts';
import type { Bench, Figure, Row } from './harness/figure.ts';
import { nodePeers, pythonPeers } from './harness/peers.ts';
import { Programs } from './harness/programs.ts';
import { hasProc } from './harness/proc.ts';
import { Store } from './harness/store.ts';
import { readOptions, usage } from './options.ts';
import { linesOf, tableOf } from './report.ts';

/**
 * `npm run bench`: what Taskwire does beside what others do, in one run, in turns, in real processes. Prints one table and
 * writes the same as JSON; docs/performance.md says how each figure is measured.
 */
const figures: readonly Figure[] = [
  endToEnd,
  worker,
  sockets,
  idle,
  http,
  storeFigure,
  lateness,
  readers,
  telemetry,
];

if (process.argv.includes('--help')) {
  process.stdout.write(`${usage}\nFigures: ${figures.map(({ name }) => name).join(', ')}\n`);
  process.exit();
}
if (!hasProc())
  throw new Error('The benchmark reads CPU and memory of processes from /proc, which is not here.');

const options = readOptions(
  process.argv.slice(2),
  figures.map(({ name }) => name),
);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
await using store = await Store.start();
const { quick, rounds } = options;
const bench: Omit<Bench, 'programs'> = {
  store,
  quick,
  rounds,
  noPeers: await nodePeers(quick),
  python: await pythonPeers(quick),
};
const rows: Row[] = [];
const startedAt = performance.now();
// A quick run has one set of processes; else each figure has its own, and an empty store.
await using all = new Programs();
for (const figure of figures) {
  if (options.only?.includes(figure.name) === false) continue;
  process.stderr.write(`${figure.name} …
`);
  await using own = new Programs();
  try {
    rows.push(...(await figure.measure({ ...bench, programs: quick ? all : own })));
  } catch (error) {
    // What the others measure is worth having all the same.
    console.error(error);
    process.exitCode = 1;
  }
  if (!quick) await store.clear();
}
const lines = linesOf(rows);
const about = {
  at: new Date().toISOString(),
  rounds,
  quick,
  seconds: Math.round((performance.now() - startedAt) / 1_000),
  store: store.name,
  node: process.version,
  processors: cpus().length,
  processor: cpus()[0]?.model ?? 'unknown',
};
await writeFile(options.json, `${JSON.stringify({ ...about, figures: lines }, null, 2)}\n`);
process.stdout.write(`${tableOf(lines)}\n\n`);
process.stdout.write(
  `Medians of ${rounds} round(s), on ${store.name}, Node ${about.node}, ${about.processors} × ${about.processor}; ` +
    `${about.seconds} s. As JSON: ${options.json}\n`,
);

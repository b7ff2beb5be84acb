import { systemPackage } from '../support/system-packages.ts';
import { readOptions } from './options.ts';
import { brokenPromises, runChaos } from './run.ts';
import { tableOf } from './table.ts';

/**
 * `npm run chaos [-- --long --seed 7 --tasks 10000 …]`: real processes are killed, frozen and cut off at random times
 * while tasks are enqueued and watched. Prints what was promised and what was found; ends with 1 where they differ.
 * Numbers in bold must be 0. `--logs` shows the first of each warning that the processes logged.
 */
const options = readOptions(process.argv.slice(2));
const found = await systemPackage('redis-server');
if ('missing' in found) {
  console.error(`This needs redis-server. ${found.missing}`);
  process.exit(1);
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(1));
const { seed, workers, concurrency, apis, leaseMs } = options;
console.log(
  `seed ${seed}; ${workers} workers of ${concurrency} slots, ${apis} APIs, leases of ${leaseMs} ms, Node ${process.version}`,
);
const report = await runChaos(found.path, options, console.log);
console.log(`\n${tableOf(report, options)}\n`);
console.log(`Bold: a promise, which 0 keeps. ${report.seconds.toFixed(0)} s in all.`);
for (const [message, { times, first }] of report.logged) {
  console.log(
    `  logged ${times} times: ${message}${process.argv.includes('--logs') ? `\n    ${first}` : ''}`,
  );
}
const broken = brokenPromises(report);
for (const promise of broken) console.error(`BROKEN: ${promise}`);
process.exitCode = broken.length > 0 ? 1 : 0;

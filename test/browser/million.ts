import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { systemPackage } from '../support/system-packages.ts';
import { figuresOf, tableOf } from './million/figures.ts';
import { measureMillion } from './million/run.ts';
import { searches } from './million/searches.ts';

/**
 * `npm run million [-- --tasks 1000000]`: fills a Redis of its own with tasks, opens the dashboard in a browser, and prints how
 * long it takes to show, jump and filter, and what tab and API hold. Ends with 1 where something is beyond its bound. Takes some
 * five minutes, most of them to enqueue. With `--json FILE` it writes all that was measured.
 */
const { values } = parseArgs({
  options: { tasks: { type: 'string', default: '1000000' }, json: { type: 'string' } },
});
await promisify(execFile)(process.execPath, [
  fileURLToPath(new URL('../../scripts/dashboard.js', import.meta.url)),
]);
const [redisServer, browser] = await Promise.all([
  programOf('redis-server'),
  programOf('chromium-headless-shell', 'chromium'),
]);
const startedAt = performance.now();
const report = await measureMillion({
  redisServer,
  browser,
  tasks: Number(values.tasks),
  tabs: 5,
  searches,
  onStep: (step) => console.error(`${Math.round((performance.now() - startedAt) / 1000)} s: ${step}`),
});
console.log(tableOf(report));
if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(report, undefined, 2)}\n`);
const missed = figuresOf(report).filter(({ isMet }) => !isMet);
for (const { what, value, bound } of missed)
  console.error(`Beyond its bound: ${what}: ${value}, expected ${bound}.`);
process.exitCode = missed.length === 0 ? 0 : 1;

async function programOf(...names: readonly [string, ...string[]]): Promise<string> {
  const found = await systemPackage(...names);
  if ('missing' in found) throw new Error(`This needs ${names[0]}. ${found.missing}`);
  return found.path;
}

import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { systemPackage } from '../support/system-packages.ts';
import { backlogForms, measureBacklog, type BacklogForm, type BacklogReport } from './backlog-run.ts';

/**
 * `npm run bench:backlog [-- --tasks 1000000 --keys 10000 --rounds 20 --form plain]`: what each call costs while a
 * million tasks wait, beside the same call on an empty queue of the same run, and the memory of a task that waits.
 * Prints a table and, with `--json FILE`, writes the figures.
 */
const { values } = parseArgs({
  options: {
    tasks: { type: 'string', default: '1000000' },
    keys: { type: 'string', default: '10000' },
    rounds: { type: 'string', default: '20' },
    form: { type: 'string' },
    json: { type: 'string' },
  },
});
const found = await systemPackage('redis-server');
if ('missing' in found) {
  console.error(`This needs redis-server. ${found.missing}`);
  process.exit(1);
}
const forms = Object.keys(backlogForms).filter((form) => values.form === undefined || form === values.form);
const reports: BacklogReport[] = [];
for (const form of forms) {
  const report = await measureBacklog(found.path, {
    // Its keys are these.
    form: form as BacklogForm,
    tasks: Number(values.tasks),
    keys: Number(values.keys),
    rounds: Number(values.rounds),
  });
  console.log(`\n${tableOf(report)}`);
  reports.push(report);
}
if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(reports, undefined, 2)}\n`);

function tableOf(report: BacklogReport): string {
  const { form, tasks, keys, fillSeconds, bytesPerTask, inputBytes, calls } = report;
  const rows = calls.map(({ what, empty, full, ratio }) => [
    what,
    number(empty.serverUs),
    number(full.serverUs),
    `${ratio.toFixed(2)}×`,
    `${number(empty.p50Us)} / ${number(full.p50Us)}`,
    `${number(empty.p99Us)} / ${number(full.p99Us)}`,
  ]);
  const lines = [
    [
      'call',
      'empty, µs of Redis',
      'full, µs of Redis',
      'ratio',
      'p50 µs, empty / full',
      'p99 µs, empty / full',
    ],
    ['---', '---:', '---:', '---:', '---:', '---:'],
    ...rows,
  ].map((cells) => `| ${cells.join(' | ')} |`);
  const memory = `${number(bytesPerTask)} bytes a waiting task beyond its input of ${inputBytes}`;
  const about = `${tasks.toLocaleString('en-US')} tasks, ${keys.toLocaleString('en-US')} keys; filled in ${number(fillSeconds)} s`;
  return `**${form}: ${backlogForms[form]}** (${about}; ${memory})\n\n${lines.join('\n')}`;
}

function number(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

// Writes the tables that documents have from the sources, or with --check says whether they are in step.
import { readFileSync, writeFileSync } from 'node:fs';
import { commands, fallbackOf, settingsOf, table } from '../src/config.ts';
import { checks } from '../src/tasks/doctor/checks.ts';
import { joins, meetings, returns, wakes } from '../src/tasks/decisions.ts';
import { apiMetrics } from '../src/prometheus/api-metrics.ts';
import { processMetrics } from '../src/prometheus/process-metrics.ts';
import { workerMetrics } from '../src/prometheus/worker-monitor.ts';
import { moves } from '../src/tasks/moves.ts';
import { accessOf } from '../src/graphql/access.ts';
import { buildSchema } from '../src/graphql/schema.ts';
import { slotDecisions } from '../src/tasks/slot-decisions.ts';

const check = process.argv.includes('--check');
put('README.md', 'settings', settingsTable());
put('docs/life-of-a-task.md', 'moves', movesTable());
put('docs/limits.md', 'meetings', meetingsTable());
put('docs/limits.md', 'returns', decisionsTable(returns));
put('docs/limits.md', 'joins', decisionsTable(joins));
put('docs/limits.md', 'wakes', decisionsTable(wakes));
put('docs/schedules.md', 'slots', slotsTable());
put('docs/access.md', 'scopes', scopesTable());
put('docs/operations.md', 'checks', checksTable());
put('docs/metrics.md', 'metrics', metricsTable());

/** Writes what stands between a file's `<!-- name -->` and `<!-- /name -->`, or says that it isn't that. */
function put(path, name, text) {
  const file = new URL(`../${path}`, import.meta.url);
  const [begin, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const written = readFileSync(file, 'utf8');
  const [from, to] = [written.indexOf(begin), written.indexOf(end)];
  if (from === -1 || to < from) fail(`${path} has no ${begin} … ${end} to write between.`);
  const wanted = `${written.slice(0, from + begin.length)}\n\n${text}\n\n${written.slice(to)}`;
  if (wanted === written) return;
  if (check) fail(`The ${name} in ${path} aren't those of the sources. Write them with: npm run docs`);
  writeFileSync(file, wanted);
}

/** From each status, where a task may go and when. */
function movesTable() {
  const rows = moves.map(({ from, to, when }) => [`\`${from}\``, `\`${to}\``, when]);
  return aligned([['From', 'To', 'When'], ...rows]);
}

/** What is looked at for what needs attention, and from when on. */
function checksTable() {
  const rows = checks.map(({ name, of, warn, fail }) => [`\`${name}\``, of, warn, fail]);
  return aligned([['Check', 'of', '`warn`, `WARNING`', '`FAIL`, `FAILURE`'], ...rows]);
}

/** What is told to Prometheus, and by whom. */
function metricsTable() {
  const told = [
    ['API, worker', processMetrics],
    ['API', apiMetrics],
    ['worker', workerMetrics],
  ];
  const rows = told.flatMap(([by, metrics]) =>
    metrics.map(({ name, type, labels, help }) => [
      `\`${name}\``,
      type,
      labels.map((label) => `\`${label}\``).join(', '),
      by,
      help,
    ]),
  );
  return aligned([['Metric', 'Type', 'Labels', 'Told by', 'What it says'], ...rows]);
}

/** By what each field may be used that every API has. */
function scopesTable() {
  const schema = buildSchema([]);
  const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()];
  const rows = roots.flatMap((root) =>
    Object.values(root.getFields()).map((field) => {
      const { scope, watch } = accessOf(field);
      const rights = watch.map((right) => `\`${right}\``).join(' or ');
      return [root.name, `\`${field.name}\``, needed(scope), rights];
    }),
  );
  return aligned([['', 'Field', 'Scope', 'or a watch token with'], ...rows]);
}

function needed(scope) {
  if (scope === undefined) return '';
  return scope === 'anyone' ? 'none' : `\`${scope}\``;
}

/** What a new task meets at a queue and a limit. */
function meetingsTable() {
  const code = (word) => (/^[A-Z_]+$/.test(word) ? `\`${word}\`` : word);
  const rows = meetings.map(({ queue, due, limit, whenFull, result }) => [
    queue,
    due,
    limit,
    code(whenFull),
    result,
  ]);
  return aligned([['The queue', 'The task is due', 'Its limit', '`whenFull`', 'Then'], ...rows]);
}

/** Situations and what comes of them. */
function decisionsTable(decisions) {
  return aligned([['When', 'Then'], ...decisions.map(({ when, result }) => [when, result])]);
}

/** What becomes of three slots, by the policies of their schedule. */
function slotsTable() {
  const names = ['earlier', '1st', '2nd', '3rd'];
  const list = (indexes) => indexes.map((index) => names[index]).join(', ');
  const cell = ({ made, canceled }) =>
    `${made.length === 0 ? 'none' : list(made)}${canceled.length === 0 ? '' : `; cancels ${list(canceled)}`}`;
  const rows = slotDecisions.map(({ missed, overlap, onTime, late, busy }) => [
    `\`${missed}\``,
    `\`${overlap}\``,
    ...[onTime, late, busy].map(cell),
  ]);
  const head = [
    '`missed`',
    '`overlap`',
    '3rd is on time',
    'all are late',
    '3rd is on time, an earlier task runs',
  ];
  return aligned([head, ...rows]);
}

function settingsTable() {
  const rows = Object.entries(table).map(([name, setting]) => [
    `\`${setting.flag}\``,
    `\`${setting.env}\``,
    fallbacks(name, setting),
    setting.help.replaceAll('|', '\\|'),
  ]);
  return aligned([['Flag', 'Environment', 'Default', 'What it sets'], ...rows]);
}

/** One default where all commands share it, else each with its commands. */
function fallbacks(name, setting) {
  const reading = commands.filter((command) => settingsOf(command).some(([key]) => key === name));
  const groups = Object.entries(Object.groupBy(reading, (command) => fallbackOf(setting, command)));
  return groups.map(([words, who]) => `${words} (${who.join(', ')})`).join('; ');
}

/** As the formatter would lay it out. */
function aligned([head, ...rows]) {
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column].length)));
  const line = (cells) => `| ${cells.map((cell, column) => cell.padEnd(widths[column])).join(' | ')} |`;
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  return [line(head), rule, ...rows.map(line)].join('\n');
}

function fail(message) {
  console.error(message);
  process.exit(1);
}

// Writes README's table of settings from src/config.ts, or with --check says whether it is in step.
import { readFileSync, writeFileSync } from 'node:fs';
import { commands, fallbackOf, settingsOf, table } from '../src/config.ts';

const readme = new URL('../README.md', import.meta.url);
const [begin, end] = ['<!-- settings -->', '<!-- /settings -->'];

const written = readFileSync(readme, 'utf8');
const [from, to] = [written.indexOf(begin), written.indexOf(end)];
if (from === -1 || to < from) fail(`README.md has no ${begin} … ${end} to write the settings between.`);
const wanted = `${written.slice(0, from + begin.length)}\n\n${settingsTable()}\n\n${written.slice(to)}`;
if (process.argv.includes('--check')) {
  if (wanted !== written)
    fail("README.md's settings aren't those of src/config.ts. Write them with: npm run docs");
} else if (wanted !== written) writeFileSync(readme, wanted);

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

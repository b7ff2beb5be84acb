import type { MillionReport } from './run.ts';

/** A figure beside what it may be at most. */
export interface Figure {
  readonly what: string;
  readonly value: string;
  readonly bound: string;
  readonly isMet: boolean;
}

/** Bounds of what the machine decides leave room for one that is slow and has other work. */
const [openMs, filterMs, jumpMs, countMs, newRowMs] = [3000, 3000, 3000, 3000, 1500];
/** Twice as many rows as fit on the screen would be a list that isn't virtual. */
const mostRows = 80;
/** Beside what is held with 200 tasks in the store. */
const [tabRatio, apiBytes] = [2, 16_000_000];

/** All that has a bound. */
export function figuresOf(report: MillionReport): readonly Figure[] {
  const { opened, openedByOwner, jumps, searches, memory, newRowMs: newRows, whileAway, problems } = report;
  const { few, before, after } = memory;
  const rows = [report.rows, ...jumps.map(({ rows }) => rows), ...searches.map(({ rows }) => rows)];
  // As exact as a scroll bar is; of a batch a hundred are created in one millisecond, and filters know no less.
  const place = Math.max(20, report.tasks / 2000) + 100;
  return [
    ms(
      `first row after the page is opened (median of ${opened.length} tabs)`,
      median(opened.map(firstMs)),
      openMs,
    ),
    ms('the same for somebody who sees its own tasks alone', openedByOwner.firstMs, openMs),
    ...jumps.map((jump) => ms(`rows after a jump ${where(jump.share)}`, jump.allMs, jumpMs)),
    figure('place of a row after a jump, off by', Math.max(...jumps.map(({ off }) => off)), place, 'rows'),
    said(
      'rows that a jump shows',
      jumps.every(({ isInOrder }) => isInOrder),
      'as in the list',
    ),
    ms('first row after a filter is chosen (slowest)', Math.max(...searches.map(firstMs)), filterMs),
    ms(
      'all rows on the screen after a filter is chosen (slowest)',
      Math.max(...searches.map(({ allMs }) => allMs)),
      filterMs,
    ),
    ms(
      'count before a bulk action (slowest)',
      Math.max(...searches.map((search) => search.countMs)),
      countMs,
    ),
    figure('rows in the document (most)', Math.max(...rows), mostRows, ''),
    ms('new task to its row (median of 5)', median(newRows), newRowMs),
    ms('300 new tasks told while one looks elsewhere', whileAway.ms, newRowMs),
    said('rows that one looks at meanwhile', whileAway.hasStayed, 'stay'),
    figure('tab, after all this beside 200 tasks in the store', after.tab / few.tab, tabRatio, '×'),
    mb('tab, with the page just opened', before.tab, few.tab * tabRatio),
    mb('tab, after all this', after.tab, few.tab * tabRatio),
    mb('API, more than with 200 tasks in the store', after.api - few.api, apiBytes),
    said('errors in the console', problems.length === 0, 'none'),
  ];
}

/** Two tables in Markdown: the figures, and what each filter came to. */
export function tableOf(report: MillionReport): string {
  const { tasks, fillSeconds, storeBytes, memory, searches } = report;
  const about =
    `${count(tasks)} tasks, enqueued in ${count(fillSeconds)} s; ${count(storeBytes / 1e6)} MB in the store. ` +
    `The API's process: ${count(memory.few.resident / 1e6)} MB with 200 tasks, ${count(memory.before.resident / 1e6)} MB ` +
    `with the page just opened, ${count(memory.after.resident / 1e6)} MB after all this.`;
  const figures = figuresOf(report).map(({ what, value, bound, isMet }) => [
    what,
    value,
    bound,
    isMet ? 'met' : 'not met',
  ]);
  const filters = searches.map((search) => [
    `\`${search.words}\``,
    search.total,
    count(search.firstMs),
    count(search.allMs),
    count(search.countMs),
    search.asked,
  ]);
  return [
    about,
    table(['figure', 'is', 'bound', ''], '---:', figures),
    table(
      ['filter', 'the page says', 'first row, ms', 'all rows, ms', 'dry run, ms', 'it asks'],
      '---:',
      filters,
    ),
  ].join('\n\n');
}

function ms(what: string, value: number, most: number): Figure {
  return figure(what, value, most, 'ms');
}

function mb(what: string, value: number, most: number): Figure {
  return figure(what, value / 1e6, most / 1e6, 'MB');
}

function figure(what: string, value: number, most: number, unit: string): Figure {
  const text = (number: number) => `${count(number)} ${unit}`.trim();
  return { what, value: text(value), bound: `≤ ${text(most)}`, isMet: value <= most };
}

function said(what: string, isMet: boolean, bound: string): Figure {
  return { what, value: isMet ? bound : `not: ${bound}`, bound, isMet };
}

function where(share: number): string {
  if (share === 0) return 'back to the head';
  return share === 1 ? 'to the end' : share === 0.5 ? 'to the middle' : `to ${share * 100} %`;
}

function firstMs(shown: { readonly firstMs: number }): number {
  return shown.firstMs;
}

function count(number: number): string {
  return number.toLocaleString('en-US', { maximumFractionDigits: Math.abs(number) < 10 ? 1 : 0 });
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}

function table(head: readonly string[], align: string, rows: readonly (readonly string[])[]): string {
  const lines = [head, head.map((_, index) => (index === 0 ? '---' : align)), ...rows];
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

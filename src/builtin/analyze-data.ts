import { setImmediate } from 'node:timers/promises';
import { defineTask, type ProgressUpdate, type TaskContext } from '../index.ts';
import { columnTypes, type ColumnSummary } from './column.ts';
import { csvBatches, jsonBatches, readField } from './rows.ts';
import { Table } from './table.ts';

/** Says of each column of a table what is in it. */
export const analyzeData = defineTask({
  name: 'analyzeData',
  description:
    'Describes the columns of a table, given as CSV or as JSON rows: type, missing values, range, mean, standard deviation, quartiles and most frequent values.',
  input: (t) => ({
    csv: t.string({ description: 'The table as CSV (RFC 4180). Give either this or `rows`.' }),
    rows: t.field({
      type: ['JSONObject'],
      description: 'The table as JSON objects, one per row, the columns by name. Give either this or `csv`.',
    }),
    delimiter: t.string({
      required: true,
      defaultValue: ',',
      description: 'What separates the fields of the CSV: one character, such as `;` or a tab.',
    }),
    hasHeader: t.boolean({
      required: true,
      defaultValue: true,
      description: 'Whether the first line of the CSV names the columns.',
    }),
    missingValues: t.stringList({
      required: true,
      defaultValue: ['', 'NA', 'N/A', 'null', 'NULL'],
      description:
        'Texts that stand for a missing value, such as `-999`; compared without surrounding spaces.',
    }),
    mostFrequent: t.field({
      type: 'NonNegativeInt',
      required: true,
      defaultValue: 5,
      description: 'How many of the most frequent values to give for each column, up to 100.',
    }),
  }),
  output: (t) => ({
    rows: t.int({ description: 'The number of rows, without the header.' }),
    raggedRows: t.int({
      description:
        'Rows of the CSV with more or fewer fields than its first line; what they lack counts as missing.',
    }),
    columns: t.objectList(
      'ColumnSummary',
      (t) => ({
        name: t.string({
          description: 'Its name in the header or the JSON rows; else `column 1`, `column 2` and so on.',
        }),
        type: t.enum('ColumnType', columnTypes, {
          description: 'What its values are.',
          typeDescription: 'What the values of a column are, missing ones aside.',
        }),
        count: t.int({ description: 'Rows with a value in this column.' }),
        missing: t.int({ description: 'Rows without one.' }),
        distinct: t.int({ description: 'Different values.' }),
        min: t.float({ nullable: true, description: 'The smallest number; of INTEGER and FLOAT columns.' }),
        max: t.float({ nullable: true, description: 'The largest number; of INTEGER and FLOAT columns.' }),
        mean: t.float({
          nullable: true,
          description: 'The arithmetic mean; of INTEGER and FLOAT columns whose sum a number can hold.',
        }),
        standardDeviation: t.float({
          nullable: true,
          description:
            "The sample standard deviation (divided by n - 1, Bessel's correction), from two numbers on.",
        }),
        firstQuartile: t.float({
          nullable: true,
          description:
            'A quarter of the numbers is at most this, by linear interpolation (type 7 of Hyndman and Fan, the default of R and NumPy).',
        }),
        median: t.float({ nullable: true, description: 'Half of the numbers is at most this, likewise.' }),
        thirdQuartile: t.float({
          nullable: true,
          description: 'Three quarters of the numbers are at most this, likewise.',
        }),
        earliest: t.string({
          nullable: true,
          description: 'The first day or point in time, as it is written; of DATE columns.',
        }),
        latest: t.string({ nullable: true, description: 'The last one, as it is written; of DATE columns.' }),
        mostFrequent: t.objectList(
          'ValueFrequency',
          (t) => ({
            value: t.string({ description: 'The value as it is written, cut after 200 characters.' }),
            count: t.int({ description: 'Rows that have it.' }),
          }),
          {
            description:
              'The most frequent values, the most frequent first; of equals the one that came first.',
            typeDescription: 'A value of a column and how often it occurs.',
          },
        ),
      }),
      {
        description: 'One summary per column, in the order of the table.',
        typeDescription: 'What is in one column of a table.',
      },
    ),
  }),
  validate({ csv, rows, delimiter, mostFrequent }) {
    const issues = [];
    const given = [csv, rows].filter((table) => table !== undefined && table !== null);
    if (given.length !== 1)
      issues.push(`Give the table as csv or as rows${given.length ? ', not both' : ''}.`);
    if (delimiter.length !== 1 || /["\r\n]/.test(delimiter)) {
      issues.push({
        path: ['delimiter'],
        message: 'Expected one character other than a quote or a line break.',
      });
    }
    if (mostFrequent > 100) issues.push({ path: ['mostFrequent'], message: 'Expected at most 100.' });
    return issues;
  },
  timeout: '5m',
  async run({ csv, rows, delimiter, hasHeader, missingValues, mostFrequent }, context) {
    const table = new Table(missingValues, csv ? readField : (value) => value);
    const pause = pauses(context);
    // The summaries are the last tenth of the work.
    for await (const { rows: batch, fraction } of csv
      ? csvBatches(csv, { delimiter, hasHeader })
      : jsonBatches(rows ?? [])) {
      for (const row of batch) table.add(row);
      await pause({ fraction: fraction * 0.9, current: table.rows, message: 'reading rows' });
    }
    const columns: ColumnSummary[] = [];
    for (const column of table.columns) {
      const fraction = 0.9 + (columns.length / table.columns.length) * 0.1;
      const progress = { fraction, current: table.rows, message: 'summing up' };
      columns.push(await column.summarize(table.rows, mostFrequent, () => pause(progress)));
      await pause(progress);
    }
    await context.progress({ fraction: 1, current: table.rows, total: table.rows, message: 'done' });
    return { rows: table.rows, raggedRows: table.raggedRows, columns };
  },
});

/** Lets other work have its turn every 5 ms, says how far it is, and stops where the task was canceled. */
function pauses({ progress, signal }: TaskContext): (update: ProgressUpdate) => Promise<void> {
  let last = performance.now();
  return async (update) => {
    if (performance.now() - last < 5) return;
    signal.throwIfAborted();
    await progress(update);
    await setImmediate();
    last = performance.now();
  };
}

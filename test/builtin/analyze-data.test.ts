import { expect, test } from 'vitest';
import { analyzeData } from '../../src/builtin/analyze-data.ts';
import { sortNumbers } from '../../src/builtin/sort-numbers.ts';
import { BadUserInputError, NonRetryableError, type ProgressUpdate } from '../../src/index.ts';
import { contextOf, runTask } from './run-task.ts';

const analyze = async (wire: Record<string, unknown>) => (await runTask(analyzeData, wire)).output;
const columnsOf = async (wire: Record<string, unknown>) => (await analyze(wire)).columns;

/** The only column of a table that has one. */
async function only(wire: Record<string, unknown>) {
  const [column, ...others] = await columnsOf(wire);
  if (!column || others.length > 0) throw new Error('not one column');
  return column;
}

const values = (...rows: unknown[]) => ({ rows: rows.map((v) => ({ v })) });

test('a table of several types is summed up column by column', async () => {
  const { output, progress } = await runTask(analyzeData, {
    csv: 'city,people,area,capital,founded\nBerlin,3769495,891.7,true,1237-10-28\nParis,2161000,105.4,TRUE,\nOslo,NA,454,true,1048-01-01\nYork,141685,,false,0071-01-01\n',
  });

  expect(output).toEqual({
    rows: 4,
    raggedRows: 0,
    columns: [
      expect.objectContaining({ name: 'city', type: 'STRING', count: 4, missing: 0, distinct: 4, min: null }),
      expect.objectContaining({
        name: 'people',
        type: 'INTEGER',
        count: 3,
        missing: 1,
        min: 141_685,
        max: 3_769_495,
        mean: 2_024_060,
        median: 2_161_000,
      }),
      expect.objectContaining({ name: 'area', type: 'FLOAT', count: 3, missing: 1, min: 105.4, max: 891.7 }),
      expect.objectContaining({
        name: 'capital',
        type: 'BOOLEAN',
        distinct: 3,
        mostFrequent: [
          { value: 'true', count: 2 },
          { value: 'TRUE', count: 1 },
          { value: 'false', count: 1 },
        ],
      }),
      expect.objectContaining({
        name: 'founded',
        type: 'DATE',
        count: 3,
        missing: 1,
        earliest: '0071-01-01',
        latest: '1237-10-28',
        min: null,
      }),
    ],
  });
  expect(progress.at(-1)).toEqual({ fraction: 1, current: 4, total: 4, message: 'done' });
});

test('CSV and JSON rows of the same table give the same', async () => {
  const csv = await analyze({ csv: 'n,s\n1,a\n2,b\n,a\n' });
  const rows = await analyze({ rows: [{ n: 1, s: 'a' }, { n: 2, s: 'b' }, { s: 'a' }] });

  expect(rows).toEqual(csv);
});

test('numbers are summed up as R and NumPy do by default', async () => {
  // R: x <- c(2,4,4,4,5,5,7,9); mean(x); sd(x); quantile(x, c(.25,.5,.75))
  expect(await only(values(2, 4, 4, 4, 5, 5, 7, 9))).toMatchObject({
    mean: 5,
    standardDeviation: expect.closeTo(2.138_089_935, 9),
    firstQuartile: 4,
    median: 4.5,
    thirdQuartile: 5.5,
  });
  // R: x <- c(6,7,15,36,39,40,41,42,43,47,49)
  expect(await only(values(49, 6, 7, 15, 36, 39, 40, 41, 42, 43, 47))).toMatchObject({
    firstQuartile: 25.5,
    median: 40,
    thirdQuartile: 42.5,
  });
  expect(await only(values(7))).toMatchObject({
    type: 'INTEGER',
    mean: 7,
    median: 7,
    firstQuartile: 7,
    standardDeviation: null,
  });
});

test.for([
  ['INTEGER', ['1', '-2', '+3', '0']],
  ['FLOAT', ['1', '2.5', '-.5', '1e3', '2.']],
  ['BOOLEAN', ['true', 'False']],
  ['DATE', ['2026-03-01', '2026-03-01T09:30:00Z', '2026-03-01 09:30', '2026-03-01T09:30:00.123+02:00']],
  ['STRING', ['a', '01067', '1,5', '0x10', 'Infinity', 'NaN', '2026-02-30', '2026-13-01', '1e999', '--1']],
  ['MIXED', ['1', 'one']],
  ['MIXED', ['true', '1']],
  ['MIXED', ['2026-03-01', 'soon']],
  ['EMPTY', ['NA', '', 'null', 'N/A']],
] as const)('a column is %s where its fields are such as %s', async ([type, fields]) => {
  const csv = `v;x\n${fields.map((field) => `${field};x`).join('\n')}`;

  const [column] = await columnsOf({ csv, delimiter: ';' });

  expect(column?.type).toBe(type);
});

test('JSON values keep the types that they have', async () => {
  expect(await only(values('1', '2'))).toMatchObject({ type: 'STRING' });
  expect(await only(values(1, 2.5))).toMatchObject({ type: 'FLOAT' });
  expect(await only(values(true, false))).toMatchObject({ type: 'BOOLEAN' });
  expect(await only(values(null, undefined, ''))).toMatchObject({ type: 'EMPTY', count: 0, missing: 3 });
  expect(await only(values([1, 2], { a: 1 }))).toMatchObject({
    type: 'STRING',
    mostFrequent: [
      { value: '[1,2]', count: 1 },
      { value: '{"a":1}', count: 1 },
    ],
  });
});

test('quotes, line breaks in fields, a byte order mark and any line ending are read as RFC 4180 says', async () => {
  const csv = '\uFEFF"a, or b",c\r\n"say ""hi""","two\r\nlines"\r\n x , " y "\r\n';

  expect(await columnsOf({ csv })).toMatchObject([
    {
      name: 'a, or b',
      mostFrequent: [
        { value: 'say "hi"', count: 1 },
        { value: 'x', count: 1 },
      ],
    },
    {
      name: 'c',
      mostFrequent: [
        { value: 'two\r\nlines', count: 1 },
        { value: ' y ', count: 1 },
      ],
    },
  ]);
});

test('a tab can be the delimiter, with empty fields between two', async () => {
  expect(await columnsOf({ csv: 'a\tb\tc\n1\t\t3\n', delimiter: '\t' })).toMatchObject([
    { name: 'a', count: 1 },
    { name: 'b', count: 0, missing: 1 },
    { name: 'c', count: 1 },
  ]);
});

test('nothing, a header alone and empty lines are no rows', async () => {
  expect(await analyze({ csv: '' })).toEqual({ rows: 0, raggedRows: 0, columns: [] });
  expect(await analyze({ csv: '\n\r\n\n' })).toEqual({ rows: 0, raggedRows: 0, columns: [] });
  expect(await analyze({ rows: [] })).toEqual({ rows: 0, raggedRows: 0, columns: [] });
  expect(await analyze({ csv: 'a,b' })).toMatchObject({
    rows: 0,
    columns: [
      { name: 'a', type: 'EMPTY', count: 0, missing: 0, mean: null, mostFrequent: [] },
      { name: 'b', type: 'EMPTY' },
    ],
  });
});

test('short rows miss values, long rows open columns, and both are counted', async () => {
  expect(await analyze({ csv: 'a,b\n1,2\n3\n4,5,6\n' })).toMatchObject({
    rows: 3,
    raggedRows: 2,
    columns: [
      { name: 'a', count: 3, missing: 0 },
      { name: 'b', count: 2, missing: 1 },
      { name: 'column 3', count: 1, missing: 2 },
    ],
  });
});

test('columns without a name or with the same one can be told apart', async () => {
  const columns = await columnsOf({ csv: 'a,a,,a (2),__proto__,constructor\n1,2,3,4,5,6\n' });

  expect(columns.map(({ name, max }) => [name, max])).toEqual([
    ['a', 1],
    ['a (2)', 2],
    ['column 3', 3],
    ['a (2) (2)', 4],
    ['__proto__', 5],
    ['constructor', 6],
  ]);
});

test('a table without header names its columns by number', async () => {
  expect(await analyze({ csv: '1,2\n3,4\n', hasHeader: false })).toMatchObject({
    rows: 2,
    columns: [
      { name: 'column 1', max: 3 },
      { name: 'column 2', max: 4 },
    ],
  });
});

test('huge numbers stay numbers, and what no number can hold is left out', async () => {
  expect(await only({ csv: 'v\n12345678901234567890\n1e308\n1.7e308\n' })).toMatchObject({
    type: 'INTEGER',
    max: 1.7e308,
    mean: null,
    standardDeviation: null,
    median: 1e308,
    mostFrequent: [{ value: '12345678901234567890', count: 1 }, expect.anything(), expect.anything()],
  });
});

test('texts of any script survive, also across the pieces in which they are read', async () => {
  const words = ['🙂', 'Ærøskøbing', '東京', 'مرحبا', '👩‍👩‍👧'];
  const lines = Array.from({ length: 20_000 }, (_, n) => words[n % words.length]);

  const column = await only({ csv: `wörd\n${lines.join('\n')}`, mostFrequent: 10 });

  expect(column.name).toBe('wörd');
  expect(column.mostFrequent).toEqual(words.map((value) => ({ value, count: 4_000 })));
});

test('the most frequent values come first, of equals the one that came first', async () => {
  const csv = 'v\nd\nb\na\nb\nc\na\nb\nc\n';

  expect((await only({ csv, mostFrequent: 3 })).mostFrequent).toEqual([
    { value: 'b', count: 3 },
    { value: 'a', count: 2 },
    { value: 'c', count: 2 },
  ]);
  expect((await only({ csv, mostFrequent: 0 })).mostFrequent).toEqual([]);
  expect((await only({ csv: `v\n${'x'.repeat(1_000)}` })).mostFrequent[0]?.value).toHaveLength(201);
});

test('a sentinel such as -999 can stand for missing', async () => {
  expect(await only({ csv: 'v\n1\n-999\n 3 \n', missingValues: ['-999'] })).toMatchObject({
    count: 2,
    missing: 1,
    min: 1,
    max: 3,
  });
  expect(await only(values('a', ' NA '))).toMatchObject({ count: 1, missing: 1 });
  expect(await only({ ...values(1, -999), missingValues: ['-999'] })).toMatchObject({ count: 1, missing: 1 });
});

test.for([
  [{}, '', 'Give the table as csv or as rows.'],
  [{ csv: 'a', rows: [] }, '', 'Give the table as csv or as rows, not both.'],
  [{ csv: 'a', delimiter: ',,' }, 'delimiter', 'Expected one character other than a quote or a line break.'],
  [{ csv: 'a', delimiter: '"' }, 'delimiter', 'Expected one character other than a quote or a line break.'],
  [{ csv: 'a', mostFrequent: 101 }, 'mostFrequent', 'Expected at most 100.'],
] as const)('%j is refused at the door', async ([wire, path, message]) => {
  const error: unknown = await analyze(wire).catch((error: unknown) => error);

  expect(error).toBeInstanceOf(BadUserInputError);
  expect(error).toMatchObject({ issues: [{ path: path === '' ? [] : [path], message }] });
});

test.for([
  ['a,b\n"open', /line 2/],
  ['a\n"x"y\n', /line 2/],
  ['5" pipe', /line 1/],
] as const)('broken CSV fails for good and says where: %j', async ([csv, where]) => {
  const error: unknown = await analyze({ csv }).catch((error: unknown) => error);

  expect(error).toBeInstanceOf(NonRetryableError);
  expect(error).toMatchObject({ code: 'INVALID_CSV', message: expect.stringMatching(where) });
});

test('a table of too many columns fails for good', async () => {
  const csv = Array.from({ length: 1_001 }, (_, n) => `c${n}`).join(',');

  await expect(analyze({ csv })).rejects.toMatchObject({ code: 'TOO_MANY_COLUMNS' });
});

test('a wide header of few bytes costs no time, whatever its names', async () => {
  const before = process.cpuUsage();
  await expect(analyze({ csv: `${'a,'.repeat(20_000)}a` })).rejects.toMatchObject({
    code: 'TOO_MANY_COLUMNS',
  });
  const { columns } = await analyze({ csv: `${'a,'.repeat(999)}a` });
  const { user } = process.cpuUsage(before);

  expect(columns).toHaveLength(1_000);
  expect(columns.at(-1)?.name).toBe('a (1000)');
  expect(user / 1_000).toBeLessThan(1_000);
});

/** 100,000 rows of five columns, about 5 MB. */
function largeCsv(): string {
  const rows = Array.from(
    { length: 100_000 },
    (_, n) =>
      `${n},${(n * 7919) % 1000},name ${n % 977},2026-01-${String((n % 28) + 1).padStart(2, '0')},${n / 3}`,
  );
  return `id,bucket,name,day,third\n${rows.join('\n')}\n`;
}

/** The longest turn of this thread while `work` is under way, in milliseconds of its own CPU time. */
async function longestTurn(work: () => Promise<void>): Promise<number> {
  let longest = 0;
  // Not by the clock: what other processes of a busy machine take isn't ours.
  let before = process.threadCpuUsage();
  const turn = () => {
    const { user, system } = process.threadCpuUsage(before);
    longest = Math.max(longest, (user + system) / 1_000);
    before = process.threadCpuUsage();
    next = setImmediate(turn);
  };
  let next = setImmediate(turn);
  await work();
  clearImmediate(next);
  // The last one, which is the only one where the work never let go.
  turn();
  clearImmediate(next);
  return longest;
}

test(
  'a hundred thousand rows are summed up without keeping the process for long',
  { timeout: 60_000 },
  async () => {
    const csv = largeCsv();
    const progress: ProgressUpdate[] = [];
    const context = contextOf({ onProgress: (update) => progress.push(update) });
    const input = { csv, delimiter: ',', hasHeader: true, missingValues: [''], mostFrequent: 5 };
    // The first run compiles what the second then measures.
    await analyzeData.run({ ...input, csv: csv.slice(0, 100_000) }, contextOf());
    const before = process.threadCpuUsage();

    const longest = await longestTurn(async () => {
      expect(await analyzeData.run(input, context)).toMatchObject({
        rows: 100_000,
        columns: [
          { name: 'id', type: 'INTEGER', distinct: 100_000, median: 49_999.5 },
          { name: 'bucket', distinct: 1_000, min: 0, max: 999 },
          { name: 'name', type: 'STRING', distinct: 977 },
          { name: 'day', type: 'DATE', earliest: '2026-01-01', latest: '2026-01-28' },
          { name: 'third', type: 'FLOAT' },
        ],
      });
    });

    const { user, system } = process.threadCpuUsage(before);
    expect((user + system) / 1_000).toBeLessThan(10_000);
    // Some ten milliseconds at a time; the whole takes nearly a second, and garbage is collected in between.
    expect(longest).toBeLessThan(150);
    const fractions = progress.map(({ fraction = 0 }) => fraction);
    expect(fractions).toEqual(fractions.toSorted((a, b) => a - b));
    expect(fractions.filter((fraction) => fraction > 0.1 && fraction < 0.8).length).toBeGreaterThan(5);
  },
);

test('a million numbers are sorted right and in many turns', async () => {
  const numbers = Array.from({ length: 1_000_000 }, (_, n) => ((n * 7_919) % 1_000_003) - 500_000.5);
  numbers[3] = Infinity;
  numbers[4] = -Infinity;
  let turns = 0;

  const sorted = await sortNumbers(numbers, async () => void (turns += 1));

  expect(turns).toBeGreaterThan(300);
  // As bytes: to show the difference of a million numbers takes minutes.
  const expected = Float64Array.from(numbers).toSorted();
  expect(Buffer.from(sorted.buffer).equals(Buffer.from(expected.buffer))).toBe(true);
  expect(await sortNumbers([], async () => {})).toEqual(new Float64Array());
});

test('a cancel stops the work in the middle, with JSON rows, too', async () => {
  const large = { csv: largeCsv() };
  const rows = { rows: Array.from({ length: 200_000 }, (_, n) => ({ n, text: `text ${n}` })) };
  for (const wire of [large, rows]) {
    const controller = new AbortController();
    const seen: number[] = [];
    const reason = new Error('canceled by a test');

    const outcome = runTask(analyzeData, wire, {
      signal: controller.signal,
      onProgress: ({ fraction = 0 }) => {
        seen.push(fraction);
        if (fraction > 0.2) controller.abort(reason);
      },
    });

    await expect(outcome).rejects.toBe(reason);
    expect(seen.at(-1)).toBeLessThan(0.8);
  }
});

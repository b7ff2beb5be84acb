import { expect, test } from 'vitest';
import { LogBook, type LogLevel, textOfLog } from '../../src/dashboard/pages/task/log-book.ts';
import { LogSearch, piecesOf } from '../../src/dashboard/pages/task/log-search.ts';

function line(index: number, message = `line ${index}`, level: LogLevel = 'INFO', attempt = 1) {
  return { index, at: '2026-01-01T00:00:00.000Z', attempt, level, message, fields: null };
}

function lines(from: number, to: number) {
  const entries = Array.from({ length: to - from + 1 }, (_, n) => line(from + n));
  return { entries, lastIndex: to };
}

const shown = (book: Pick<LogBook, 'rows'>): string[] =>
  book.rows.map((row) =>
    row.kind === 'line'
      ? row.line.message
      : row.kind === 'hole'
        ? `${row.count} missing`
        : `attempt ${row.attempt}`,
  );

test('lines come once and in order, whatever is told again after a reconnect', () => {
  const book = new LogBook();

  book.take(lines(0, 2));
  book.take(lines(1, 3));
  const wasNew = book.take(lines(0, 3));

  expect(shown(book)).toEqual(['attempt 1', 'line 0', 'line 1', 'line 2', 'line 3']);
  expect(book.lastIndex).toBe(3);
  expect(wasNew).toBe(false);
});

test('where another attempt begins to speak, the log says so', () => {
  const book = new LogBook();

  book.take({ entries: [line(0, 'a'), line(1, 'b', 'INFO', 2), line(2, 'c', 'INFO', 2)], lastIndex: 2 });

  expect(shown(book)).toEqual(['attempt 1', 'a', 'attempt 2', 'b', 'c']);
});

test('what is missing is said where it is missing: at the beginning, in between and at the end', () => {
  const book = new LogBook();

  book.take({ entries: [line(5), line(8)], lastIndex: 8 });
  book.take({ entries: [], lastIndex: 10 });

  expect(shown(book)).toEqual(['5 missing', 'attempt 1', 'line 5', '2 missing', 'line 8', '2 missing']);
});

test('a log that is too long loses its beginning, and says how much', () => {
  const book = new LogBook(100);

  book.take(lines(0, 200));

  expect(shown(book).slice(0, 2)).toEqual(['101 missing', 'line 101']);
  expect(book.counts.INFO).toBe(100);
  book.take(lines(201, 299));
  expect(shown(book).slice(0, 2)).toEqual(['200 missing', 'line 200']);
  expect(shown(book).at(-1)).toBe('line 299');
});

test('a search finds words in messages and fields, in any case, and says where', () => {
  const book = new LogBook();
  const fields = { host: 'DB-7' };
  book.take({
    entries: [line(0, 'one'), { ...line(1, 'two'), fields }, line(2, 'db-7 again')],
    lastIndex: 2,
  });

  const all = new LogSearch({ level: 'DEBUG', text: 'db-7', onlyMatches: false }).read(book);
  const only = new LogSearch({ level: 'DEBUG', text: 'db-7', onlyMatches: true }).read(book);

  expect(all.matches).toEqual([2, 3]);
  expect(shown(all)).toEqual(['attempt 1', 'one', 'two', 'db-7 again']);
  expect(shown(only)).toEqual(['attempt 1', 'two', 'db-7 again']);
  expect(only.matches).toEqual([1, 2]);
});

test('a level leaves out what is less important, of what has come and of what comes', () => {
  const book = new LogBook();
  const search = new LogSearch({ level: 'WARN', text: '', onlyMatches: false });

  book.take({ entries: [line(0, 'a', 'DEBUG'), line(1, 'b', 'WARN')], lastIndex: 1 });
  search.read(book);
  book.take({ entries: [line(2, 'c'), line(3, 'd', 'ERROR')], lastIndex: 3 });

  expect(shown(search.read(book))).toEqual(['attempt 1', 'b', 'd']);
  expect(book.counts).toEqual({ DEBUG: 1, INFO: 1, WARN: 1, ERROR: 1 });
});

test('a search goes on over a log that has lost its beginning', () => {
  const book = new LogBook(100);
  const search = new LogSearch({ level: 'DEBUG', text: 'line 15', onlyMatches: true });

  book.take(lines(0, 99));
  search.read(book);
  book.take(lines(100, 199));

  expect(shown(search.read(book))).toEqual([
    '100 missing',
    ...Array.from({ length: 10 }, (_, n) => `line 15${n}`),
  ]);
});

test('what was found is marked, and nothing of the text is lost', () => {
  expect(piecesOf('Abc abc', 'ABC')).toEqual([
    { text: 'Abc', isMatch: true },
    { text: ' ', isMatch: false },
    { text: 'abc', isMatch: true },
  ]);
  // In lower case this letter is two.
  expect(piecesOf('İx', 'x')).toEqual([{ text: 'İx', isMatch: false }]);
});

test('the log as text has a line for each line, with its fields', () => {
  const book = new LogBook();
  book.take({ entries: [{ ...line(0, 'hello', 'WARN'), fields: { n: 1 } }, line(2)], lastIndex: 2 });

  expect(textOfLog(book.rows)).toBe(
    '--- attempt 1 ---\n2026-01-01T00:00:00.000Z WARN  hello {"n":1}\n--- 1 lines are missing here ---\n' +
      '2026-01-01T00:00:00.000Z INFO  line 2\n',
  );
});

test('however long a log is, each of its lines is searched once', () => {
  const book = new LogBook();
  const search = new LogSearch({ level: 'DEBUG', text: '9999', onlyMatches: false });
  let reads = 0;
  const counted = (index: number) => ({
    ...line(index),
    get message() {
      reads += 1;
      return `line ${index}`;
    },
  });

  for (let from = 0; from < 100_000; from += 100) {
    const entries = Array.from({ length: 100 }, (_, n) => counted(from + n));
    book.take({ entries, lastIndex: from + 99 });
    search.read(book);
  }

  expect(book.lineCount).toBe(100_000);
  expect(search.matches).toHaveLength(19);
  expect(reads).toBe(100_000);
});

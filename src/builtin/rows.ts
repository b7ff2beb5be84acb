import { CsvError, parse, type Parser } from 'csv-parse';
import { NonRetryableError } from '../index.ts';

/** A row, or the header. */
export interface Row {
  /** The columns that it has, or opens. */
  readonly names: readonly string[];
  /** What stands in them, in the same order; the header has no values. */
  readonly values: readonly unknown[];
  readonly isHeader: boolean;
  /** True where a row of a CSV file has more or fewer fields than its first. */
  readonly isRagged: boolean;
}

/** Some rows, few enough to take in one turn. */
export interface Batch {
  readonly rows: readonly Row[];
  /** How far into the input they end, from 0 to 1. */
  readonly fraction: number;
}

const batchLength = 256;

/** Gives the rows of a list of JSON objects. */
export function* jsonBatches(rows: readonly Readonly<Record<string, unknown>>[]): Generator<Batch> {
  for (let start = 0; start < rows.length; start += batchLength) {
    const batch = rows.slice(start, start + batchLength);
    yield {
      rows: batch.map((row) => ({
        names: Object.keys(row),
        values: Object.values(row),
        isHeader: false,
        isRagged: false,
      })),
      fraction: (start + batch.length) / rows.length,
    };
  }
}

export interface CsvOptions {
  readonly delimiter: string;
  /** Whether the first line names the columns. */
  readonly hasHeader: boolean;
}

// About as many rows as a batch of JSON.
const pieceBytes = 8_192;

/**
 * Parses CSV by RFC 4180, with or without a byte order mark, piece by piece. A short row lacks its last cells,
 * what a long row has more gets columns of its own.
 *
 * @throws {NonRetryableError} INVALID_CSV, with the line, where quotes aren't closed or stand in a bare field.
 */
export async function* csvBatches(text: string, { delimiter, hasHeader }: CsvOptions): AsyncGenerator<Batch> {
  const bytes = Buffer.from(text);
  // `trim`, as `a, "b"` is common.
  const parser = parse({
    bom: true,
    delimiter,
    relax_column_count: true,
    skip_empty_lines: true,
    trim: true,
  });
  // It is thrown below, from where it is known or from `toArray`.
  parser.on('error', () => {});
  const header = new Header(hasHeader);
  try {
    // Of the bytes, as a cut of the text could go through the middle of a character.
    for (let start = 0; start < bytes.length; start += pieceBytes) {
      parser.write(bytes.subarray(start, start + pieceBytes));
      if (parser.errored) throw parser.errored;
      const rows: Row[] = [];
      for (let fields = read(parser); fields; fields = read(parser)) rows.push(header.rowOf(fields));
      yield { rows, fraction: Math.min(1, (start + pieceBytes) / bytes.length) };
    }
    parser.end();
    const rest: string[][] = await parser.toArray();
    yield { rows: rest.map((fields) => header.rowOf(fields)), fraction: 1 };
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw new NonRetryableError(`The CSV can't be read: ${error.message}.`, {
      code: 'INVALID_CSV',
      cause: error,
    });
  } finally {
    parser.destroy();
  }
}

function read(parser: Parser): string[] | null {
  // Without the option `columns` a record is a list of texts.
  return parser.read() as string[] | null;
}

const mostColumns = 1_000;

/** @throws {NonRetryableError} TOO_MANY_COLUMNS */
export function checkWidth(columns: number): void {
  if (columns <= mostColumns) return;
  throw new NonRetryableError(`The table has more than ${mostColumns} columns.`, {
    code: 'TOO_MANY_COLUMNS',
  });
}

/** The names of the columns, which grow with the longest row. */
class Header {
  readonly #names: string[] = [];
  readonly #taken = new Set<string>();
  /** By the name that was wanted, the number that the next column of that name tries first. */
  readonly #next = new Map<string, number>();
  #isNext: boolean;
  #width: number | undefined;

  constructor(hasHeader: boolean) {
    this.#isNext = hasHeader;
  }

  rowOf(fields: readonly string[]): Row {
    const isHeader = this.#isNext;
    this.#isNext = false;
    this.#width ??= fields.length;
    // Before any is named: naming is what a wide row of a few kilobytes would make expensive.
    checkWidth(fields.length);
    for (const field of fields.slice(this.#names.length)) this.#open(isHeader ? field : '');
    return {
      // The list is shared: a short row ends before it does.
      names: this.#names,
      values: isHeader ? [] : fields,
      isHeader,
      isRagged: fields.length !== this.#width,
    };
  }

  /** Names the next column: as it says, by its number where it says nothing, with a number where that is taken. */
  #open(wanted: string): void {
    const name = wanted.trim() || `column ${this.#names.length + 1}`;
    let free = name;
    let number = this.#next.get(name) ?? 2;
    for (; this.#taken.has(free); number += 1) free = `${name} (${number})`;
    this.#next.set(name, number);
    this.#taken.add(free);
    this.#names.push(free);
  }
}

/** Reads a field of a CSV file, where everything is text, as the number or boolean that it looks like. */
export function readField(text: string): string | number | boolean {
  if (numberPattern.test(text)) {
    const number = Number(text);
    // Not 1e999.
    if (Number.isFinite(number)) return number;
  }
  const lower = text.toLowerCase();
  return lower === 'true' || lower === 'false' ? lower === 'true' : text;
}

// Without leading zeros: `01067` is a postal code.
const numberPattern = /^[+-]?(?:(?:0|[1-9]\d*)(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;

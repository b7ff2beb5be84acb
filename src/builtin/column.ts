import { mean, quantileSorted, sampleStandardDeviation } from 'simple-statistics';
import { sortNumbers } from './sort-numbers.ts';

/** What the values of a column are; MIXED for more than one of the others, EMPTY for none. */
export const columnTypes = {
  INTEGER: 'Whole numbers.',
  FLOAT: 'Numbers, at least one of them not whole.',
  BOOLEAN: 'Only true and false, in any case.',
  DATE: 'ISO 8601 days or points in time, such as 2026-03-01 or 2026-03-01T09:30:00Z.',
  STRING: 'Texts. Digits with leading zeros, such as a postal code, are texts.',
  MIXED: 'Values of more than one of these types.',
  EMPTY: 'No values at all.',
} as const;
export type ColumnType = keyof typeof columnTypes;

/** What is known of a column once all rows are in. */
export interface ColumnSummary {
  readonly name: string;
  readonly type: ColumnType;
  readonly count: number;
  readonly missing: number;
  readonly distinct: number;
  readonly min: number | null;
  readonly max: number | null;
  readonly mean: number | null;
  readonly standardDeviation: number | null;
  readonly firstQuartile: number | null;
  readonly median: number | null;
  readonly thirdQuartile: number | null;
  readonly earliest: string | null;
  readonly latest: string | null;
  readonly mostFrequent: readonly { readonly value: string; readonly count: number }[];
}

/** Takes the values of one column as they come; numbers are kept, as quartiles need them all. */
export class Column {
  readonly name: string;
  readonly #numbers: number[] = [];
  readonly #frequencies = new Map<string, number>();
  readonly #kinds = new Set<ColumnType>();
  #count = 0;
  #earliest: Moment | undefined;
  #latest: Moment | undefined;

  constructor(name: string) {
    this.name = name;
  }

  /** Adds a value that isn't missing, and how it is written. */
  add(value: unknown, text: string): void {
    const { kind, number } = classify(value);
    this.#count += 1;
    this.#kinds.add(kind);
    this.#frequencies.set(text, (this.#frequencies.get(text) ?? 0) + 1);
    if (number === undefined) return;
    if (kind !== 'DATE') {
      this.#numbers.push(number);
      return;
    }
    if (!this.#earliest || number < this.#earliest.ms) this.#earliest = { ms: number, text };
    if (!this.#latest || number > this.#latest.ms) this.#latest = { ms: number, text };
  }

  /** Sums up; `pause` is called often enough for other work to go on meanwhile. */
  async summarize(rows: number, mostFrequent: number, pause: () => Promise<void>): Promise<ColumnSummary> {
    const type = this.#type();
    const numbers = type === 'INTEGER' || type === 'FLOAT' ? this.#numbers : [];
    return {
      name: this.name,
      type,
      count: this.#count,
      missing: rows - this.#count,
      distinct: this.#frequencies.size,
      ...summarizeNumbers(await sortNumbers(numbers, pause)),
      earliest: type === 'DATE' && this.#earliest ? this.#earliest.text : null,
      latest: type === 'DATE' && this.#latest ? this.#latest.text : null,
      mostFrequent: await top(this.#frequencies, mostFrequent, pause),
    };
  }

  #type(): ColumnType {
    const [first = 'EMPTY', ...others] = this.#kinds;
    if (others.length === 0) return first;
    return this.#kinds.size === 2 && this.#kinds.has('INTEGER') && this.#kinds.has('FLOAT')
      ? 'FLOAT'
      : 'MIXED';
  }
}

interface Moment {
  readonly ms: number;
  readonly text: string;
}

interface Classified {
  readonly kind: ColumnType;
  /** The number of a number, the milliseconds since 1970 of a date. */
  readonly number?: number;
}

const datePattern = /^(\d{4}-\d{2}-\d{2})(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?$/;

function classify(value: unknown): Classified {
  if (typeof value === 'number')
    return { kind: Number.isInteger(value) ? 'INTEGER' : 'FLOAT', number: value };
  if (typeof value === 'boolean') return { kind: 'BOOLEAN' };
  const ms = typeof value === 'string' ? readDate(value) : undefined;
  // Also a list or an object of a JSON row, as its JSON.
  return ms === undefined ? { kind: 'STRING' } : { kind: 'DATE', number: ms };
}

function readDate(text: string): number | undefined {
  const [, day] = datePattern.exec(text) ?? [];
  if (day === undefined) return undefined;
  const dayMs = Date.parse(`${day}T00:00:00Z`);
  // JavaScript takes the 30th of February for the 1st of March.
  if (new Date(dayMs).getUTCDate() !== Number(day.slice(8))) return undefined;
  const ms = text === day ? dayMs : Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms;
}

function summarizeNumbers(numbers: Float64Array) {
  // The functions only go through it by index; a copy as a list would cost more than they do.
  const sorted = numbers as unknown as readonly number[];
  const some = sorted.length > 0;
  return {
    min: finite(sorted[0]),
    max: finite(sorted[sorted.length - 1]),
    mean: finite(some ? mean(sorted) : undefined),
    standardDeviation: finite(sorted.length > 1 ? sampleStandardDeviation(sorted) : undefined),
    firstQuartile: finite(some ? quantileSorted(sorted, 0.25) : undefined),
    median: finite(some ? quantileSorted(sorted, 0.5) : undefined),
    thirdQuartile: finite(some ? quantileSorted(sorted, 0.75) : undefined),
  };
}

// Sums of numbers near 1e308 overflow: nothing is better than Infinity, which JSON doesn't have.
function finite(number: number | undefined): number | null {
  return number !== undefined && Number.isFinite(number) ? number : null;
}

// A cell may hold a whole article.
const longestText = 200;

// One pass with a short list: a column of a hundred thousand different values isn't sorted for five of them.
async function top(
  frequencies: ReadonlyMap<string, number>,
  length: number,
  pause: () => Promise<void>,
): Promise<{ value: string; count: number }[]> {
  const best: { value: string; count: number }[] = [];
  let passed = 0;
  for (const [value, count] of frequencies) {
    passed += 1;
    if (passed % 4_096 === 0) await pause();
    const last = best.at(-1);
    if (best.length >= length && (!last || count <= last.count)) continue;
    const index = best.findIndex((other) => other.count < count);
    best.splice(index === -1 ? best.length : index, 0, { value, count });
    if (best.length > length) best.pop();
  }
  return best.map(({ value, count }) => ({
    value: value.length > longestText ? `${value.slice(0, longestText)}…` : value,
    count,
  }));
}

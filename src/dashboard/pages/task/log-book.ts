export type LogLevel = 'DEBUG' | 'INFO' | 'WARN' | 'ERROR';

export interface LogLine {
  readonly index: number;
  readonly at: string;
  readonly attempt: number;
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: unknown;
}

/** What comes at once: lines in order. */
export interface LogBatch {
  readonly entries: readonly LogLine[];
  readonly lastIndex: number;
}

/** A row of a log: a line, where another attempt begins to speak, or how many lines are missing. */
export type LogRow =
  | { readonly kind: 'line'; readonly key: string; readonly line: LogLine }
  | { readonly kind: 'attempt'; readonly key: string; readonly attempt: number; readonly at: string }
  | { readonly kind: 'hole'; readonly key: string; readonly count: number };

/** A log as it has come so far. It grows in place, so that a line costs the same after a hundred thousand others. */
export class LogBook {
  readonly rows: LogRow[] = [];
  /** Lines of each level. */
  readonly counts: Record<LogLevel, number> = { DEBUG: 0, INFO: 0, WARN: 0, ERROR: 0 };
  /** Whether anything was told at all, if only that there is nothing yet. */
  hasBegun = false;
  /** What to go on after. */
  lastIndex = -1;
  /** Raised when rows have gone from the beginning, as the log was too long. */
  epoch = 0;
  readonly #most: number;
  #attempt = 0;

  /** Keeps `most` rows, and up to a tenth more. */
  constructor(most = 200_000) {
    this.#most = most;
  }

  /** Takes what is new of a batch: one that comes again, as after a reconnect, adds nothing. Answers whether anything was. */
  take({ entries, lastIndex }: LogBatch): boolean {
    const before = this.lastIndex;
    this.hasBegun = true;
    for (const line of entries) {
      if (line.index <= this.lastIndex) continue;
      this.#missUntil(line.index);
      this.#add(line);
      this.lastIndex = line.index;
    }
    this.#missUntil(lastIndex + 1);
    this.lastIndex = Math.max(this.lastIndex, lastIndex);
    if (this.rows.length > this.#most * 1.1) this.#shorten();
    return this.lastIndex > before;
  }

  get lineCount(): number {
    return this.counts.DEBUG + this.counts.INFO + this.counts.WARN + this.counts.ERROR;
  }

  #shorten(): void {
    const gone = this.rows.splice(0, this.rows.length - this.#most);
    let count = 0;
    for (const row of gone) {
      if (row.kind === 'line') this.counts[row.line.level] -= 1;
      if (row.kind !== 'attempt') count += row.kind === 'hole' ? row.count : 1;
    }
    this.rows.unshift({ kind: 'hole', key: 'gone', count });
    this.epoch += 1;
  }

  #add(line: LogLine): void {
    if (line.attempt !== this.#attempt) {
      this.#attempt = line.attempt;
      this.rows.push({ kind: 'attempt', key: `a${line.index}`, attempt: line.attempt, at: line.at });
    }
    this.counts[line.level] += 1;
    this.rows.push({ kind: 'line', key: String(line.index), line });
  }

  /** Indexes that are passed over were dropped: by the store's limits, or as it could not keep up. */
  #missUntil(index: number): void {
    const from = this.lastIndex + 1;
    if (index > from) this.rows.push({ kind: 'hole', key: `h${from}`, count: index - from });
  }
}

/** The log as plain text, a line each. */
export function textOfLog(rows: readonly LogRow[]): string {
  return rows
    .map((row) => {
      if (row.kind === 'attempt') return `--- attempt ${row.attempt} ---`;
      if (row.kind === 'hole') return `--- ${row.count} lines are missing here ---`;
      const { at, level, message, fields } = row.line;
      const more = fields === null || fields === undefined ? '' : ` ${JSON.stringify(fields)}`;
      return `${at} ${level.padEnd(5)} ${message}${more}`;
    })
    .map((line) => `${line}\n`)
    .join('');
}

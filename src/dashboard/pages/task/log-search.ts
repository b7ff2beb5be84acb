import type { LogBook, LogLevel, LogLine, LogRow } from './log-book.ts';

export interface LogQuery {
  /** Lines that are less important aren't shown. */
  readonly level: LogLevel;
  /** What is looked for in message and fields, in any case; empty for nothing. */
  readonly text: string;
  /** Only lines in which it was found are shown. */
  readonly onlyMatches: boolean;
}

const order: Readonly<Record<LogLevel, number>> = { DEBUG: 0, INFO: 1, WARN: 2, ERROR: 3 };

/** What a query leaves of a growing log: each row is looked at once. */
export class LogSearch {
  readonly query: LogQuery;
  readonly rows: LogRow[] = [];
  /** Where in `rows` something was found. */
  readonly matches: number[] = [];
  /** How many of `rows` are lines. */
  lineCount = 0;
  readonly #wanted: string;
  #seen = 0;
  #epoch = 0;

  constructor(query: LogQuery) {
    this.query = query;
    this.#wanted = query.text.toLowerCase();
  }

  /** Looks at what the log has got since the last time; at all of it where rows have gone from its beginning. */
  read({ rows, epoch }: Pick<LogBook, 'rows' | 'epoch'>): this {
    if (epoch !== this.#epoch) {
      this.rows.length = 0;
      this.matches.length = 0;
      this.lineCount = 0;
      this.#seen = 0;
      this.#epoch = epoch;
    }
    for (; this.#seen < rows.length; this.#seen++) {
      const row = rows[this.#seen];
      if (row !== undefined) this.#look(row);
    }
    return this;
  }

  #look(row: LogRow): void {
    if (row.kind !== 'line') {
      this.rows.push(row);
      return;
    }
    if (order[row.line.level] < order[this.query.level]) return;
    const isFound = this.#wanted !== '' && matches(row.line, this.#wanted);
    if (!isFound && this.query.onlyMatches && this.#wanted !== '') return;
    if (isFound) this.matches.push(this.rows.length);
    this.lineCount += 1;
    this.rows.push(row);
  }
}

function matches({ message, fields }: LogLine, wanted: string): boolean {
  if (message.toLowerCase().includes(wanted)) return true;
  return fields !== null && fields !== undefined && JSON.stringify(fields).toLowerCase().includes(wanted);
}

/** A piece of a text, which is what was looked for or isn't. */
export interface Piece {
  readonly text: string;
  readonly isMatch: boolean;
}

/** Cuts a text where what is looked for begins and ends, in any case. */
export function piecesOf(text: string, wanted: string): Piece[] {
  const low = text.toLowerCase();
  const sought = wanted.toLowerCase();
  // A few letters are longer in lower case: then places in the one are none in the other.
  if (sought === '' || low.length !== text.length) return [{ text, isMatch: false }];
  const pieces: Piece[] = [];
  let from = 0;
  for (let at = low.indexOf(sought); at !== -1; at = low.indexOf(sought, from)) {
    if (at > from) pieces.push({ text: text.slice(from, at), isMatch: false });
    from = at + sought.length;
    pieces.push({ text: text.slice(at, from), isMatch: true });
  }
  if (from < text.length) pieces.push({ text: text.slice(from), isMatch: false });
  return pieces;
}

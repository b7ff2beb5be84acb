import { Column } from './column.ts';
import { checkWidth, type Row } from './rows.ts';

/** The columns of a table by name, in the order in which they first come. */
export class Table {
  rows = 0;
  raggedRows = 0;
  readonly #missing: ReadonlySet<string>;
  // A map, as a column may be called `__proto__`.
  readonly #columns = new Map<string, Column>();

  readonly #read: (value: string) => unknown;

  /** `read` turns a text into the value that it stands for. */
  constructor(missingValues: readonly string[], read: (value: string) => unknown) {
    this.#missing = new Set(missingValues);
    this.#read = read;
  }

  get columns(): readonly Column[] {
    return [...this.#columns.values()];
  }

  add({ names, values, isHeader, isRagged }: Row): void {
    if (!isHeader) this.rows += 1;
    if (isRagged) this.raggedRows += 1;
    for (const [index, name] of names.entries()) {
      const column = this.#columns.get(name) ?? this.#open(name);
      const cell = values[index];
      if (cell === undefined || cell === null) continue;
      const text = typeof cell === 'string' ? cell : JSON.stringify(cell);
      if (this.#missing.has(text.trim())) continue;
      column.add(typeof cell === 'string' ? this.#read(cell) : cell, text);
    }
  }

  #open(name: string): Column {
    checkWidth(this.#columns.size + 1);
    const column = new Column(name);
    this.#columns.set(name, column);
    return column;
  }
}

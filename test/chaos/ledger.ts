import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What a run says of itself, beside Taskwire: one line of its process' file. */
export interface LedgerEntry {
  readonly id: string;
  readonly attempt: number;
  readonly pid: number;
  readonly what: 'began' | 'returned' | 'threw';
}

/** Where a worker process writes. */
export function ledgerFile(folder: string, pid: number): string {
  return join(folder, `${pid}.jsonl`);
}

/** What really ran. */
export class Ledger {
  readonly #entries: ReadonlySet<string>;
  /** Runs that began. */
  readonly began: number;
  /** Runs that neither returned nor threw: their process was killed. */
  readonly cutShort: number;
  /** Tasks that began more than once. */
  readonly ranAgain: number;

  private constructor(entries: readonly LedgerEntry[]) {
    this.#entries = new Set(entries.map(keyOf));
    const begins = entries.filter(({ what }) => what === 'began');
    this.began = begins.length;
    this.cutShort = begins.length - (entries.length - begins.length);
    const times = Map.groupBy(begins, ({ id }) => id);
    this.ranAgain = [...times.values()].filter(({ length }) => length > 1).length;
  }

  static async read(folder: string, ids: ReadonlySet<string>): Promise<Ledger> {
    const entries: LedgerEntry[] = [];
    for (const name of await readdir(folder)) {
      const lines = (await readFile(join(folder, name), 'utf8')).split('\n').filter((line) => line !== '');
      // Lines of `record` in definitions.ts, which a SIGKILL can't leave half written.
      for (const line of lines) entries.push(JSON.parse(line) as LedgerEntry);
    }
    return new Ledger(entries.filter(({ id }) => ids.has(id)));
  }

  has(entry: LedgerEntry): boolean {
    return this.#entries.has(keyOf(entry));
  }
}

function keyOf({ id, attempt, pid, what }: LedgerEntry): string {
  return `${id} ${attempt} ${pid} ${what}`;
}

import { entryBytes } from '../tasks/journal.ts';
import { itemsPerCall } from '../tasks/scripts/bounds.ts';

/** At most one write in this time, unless a whole piece waits: about 40 a second. */
const writeIntervalMs = 25;

/** A piece has at most so many bytes, or one entry. */
const pieceBytes = 65_536;

/** Who waits for room does so while more than this waits to be written. */
const roomBytes = 65_536;

/** More than this, and the oldest of what waits are dropped. */
const mostBytes = 1_048_576;

export interface JournalWriterOptions {
  /** Appends entries, the first of which has a place among all that were added. Repeats until it is done; never throws. */
  readonly write: (place: number, entries: readonly string[]) => Promise<void>;
  /** What the store keeps: more than this never waits. */
  readonly mostEntries: number;
}

/**
 * Collects the entries of one journal of an attempt and writes them in pieces, one at a time, in order. What waits is
 * bounded: where the store can't keep up the oldest are dropped, which leaves a hole in the places.
 */
export class JournalWriter {
  readonly #options: JournalWriterOptions;
  #waiting: string[] = [];
  #bytes = 0;
  /** The place of the first that waits. */
  #place = 0;
  #writing: Promise<void> | undefined;
  #skipPause: (() => void) | undefined;
  #flushing = false;
  #room: PromiseWithResolvers<void> | undefined;
  #closed: unknown;

  constructor(options: JournalWriterOptions) {
    this.#options = options;
  }

  /** Why nothing is written any more, once that is so. */
  get closedBy(): unknown {
    return this.#closed;
  }

  /** Takes an entry, as JSON. */
  add(entry: string): void {
    if (this.#closed !== undefined) return;
    this.#waiting.push(entry);
    this.#bytes += entry.length + entryBytes;
    this.#dropOldest();
    if (this.#hasPiece) this.#skipPause?.();
    this.#writing ??= this.#writeAll();
  }

  /** Resolves when there is room for more; rejects when it is closed, or nobody shall wait any more. */
  async room(): Promise<void> {
    if (this.#closed !== undefined) throw this.#closed;
    if (this.#bytes <= roomBytes) return;
    this.#room ??= Promise.withResolvers();
    await this.#room.promise;
  }

  /** Ends all waits for room. */
  interrupt(reason: unknown): void {
    // Who doesn't look at the promise any more isn't to be told.
    this.#room?.promise.catch(() => undefined);
    this.#room?.reject(reason);
    this.#room = undefined;
  }

  /** Resolves when all that was added is written; to be called before the outcome. */
  async flush(): Promise<void> {
    this.#flushing = true;
    this.#skipPause?.();
    await this.#writing;
  }

  /** Nothing more is written. */
  close(reason: unknown): void {
    this.#closed ??= reason;
    this.#waiting = [];
    this.#bytes = 0;
    this.#skipPause?.();
    this.interrupt(reason);
  }

  get #hasPiece(): boolean {
    return this.#waiting.length >= itemsPerCall || this.#bytes >= pieceBytes;
  }

  async #writeAll(): Promise<void> {
    // What comes in one go is written in one.
    await new Promise<void>((resolve) => void setImmediate(resolve));
    while (this.#waiting.length > 0) {
      const place = this.#place;
      const piece = this.#take();
      if (this.#bytes <= roomBytes) {
        this.#room?.resolve();
        this.#room = undefined;
      }
      await this.#options.write(place, piece);
      if (!this.#flushing && !this.#hasPiece) await this.#pause();
    }
    // At once: what is added next begins anew, also before those who wait for this go on.
    this.#writing = undefined;
  }

  #take(): string[] {
    let [count, bytes] = [0, 0];
    for (const entry of this.#waiting) {
      const size = entry.length + entryBytes;
      if (count === itemsPerCall || (count > 0 && bytes + size > pieceBytes)) break;
      count += 1;
      bytes += size;
    }
    this.#place += count;
    this.#bytes -= bytes;
    return this.#waiting.splice(0, count);
  }

  #dropOldest(): void {
    const { mostEntries } = this.#options;
    // Many at once, and seldom: taking the first out of a long list moves all others.
    if (this.#bytes <= 2 * mostBytes && this.#waiting.length <= 2 * mostEntries) return;
    let count = Math.max(0, this.#waiting.length - mostEntries);
    let bytes = 0;
    for (const [place, entry] of this.#waiting.entries()) {
      if (place >= count && this.#bytes - bytes <= mostBytes) break;
      count = Math.max(count, place + 1);
      bytes += entry.length + entryBytes;
    }
    this.#waiting.splice(0, count);
    this.#place += count;
    this.#bytes -= bytes;
  }

  async #pause(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, writeIntervalMs);
    this.#skipPause = resolve;
    await promise;
    this.#skipPause = undefined;
    clearTimeout(timer);
  }
}

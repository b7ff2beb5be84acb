import type { JournalBatch } from './journal.ts';

/** What was published and not taken yet may have this many characters; a slower reader reads from the store. */
const mostHeld = 131_072;

/** Batches that follow each other are told as one, up to so many entries. */
const mostMerged = 1_000;

/** What one follower of a journal hears: new batches as long as it keeps up, else that it has to read. */
export class JournalInbox {
  #batches: JournalBatch[] = [];
  #held = 0;
  #isBehind = true;
  #hasEnded = false;
  #isClosed = false;
  #error: unknown;
  #wake: (() => void) | undefined;

  /** True where something may have been missed, as before the first read. */
  get isBehind(): boolean {
    return this.#isBehind;
  }

  /** True once no more entries are written. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Takes a batch as it was published, of so many characters. */
  push(batch: JournalBatch, size: number): void {
    // The read that is to come finds it.
    if (this.#isBehind) return;
    this.#held += size;
    if (this.#held > mostHeld) return this.fallBehind();
    this.#batches.push(batch);
    this.#wake?.();
  }

  /** Something was missed: what is here is read anew. */
  fallBehind(): void {
    this.#isBehind = true;
    this.#clear();
    this.#wake?.();
  }

  /** A read begins: what is pushed from now on may be newer. */
  catchUp(): void {
    this.#isBehind = false;
    this.#clear();
  }

  /** The task has ended: one read more, and everything is known. */
  end(): void {
    this.#hasEnded = true;
    this.fallBehind();
  }

  /** What there is may still be taken; then the follower fails. */
  fail(error: unknown): void {
    this.#error = error;
    this.#wake?.();
  }

  /** Nobody follows any more. */
  close(): void {
    this.#isClosed = true;
    this.#wake?.();
  }

  /** The oldest batch together with those that follow it, where there is one. */
  take(): JournalBatch | undefined {
    const first = this.#batches.shift();
    if (first === undefined) {
      this.#held = 0;
      if (this.#error !== undefined) throw this.#error;
      return undefined;
    }
    const values = [first.values];
    let count = first.values.length;
    for (let next; (next = this.#batches[0]); this.#batches.shift()) {
      if (next.attempt !== first.attempt || next.from !== first.from + count || count >= mostMerged) break;
      values.push(next.values);
      count += next.values.length;
    }
    if (this.#batches.length === 0) this.#held = 0;
    return values.length === 1 ? first : { ...first, values: values.flat() };
  }

  /** Resolves when there is something to do. */
  async wait(): Promise<void> {
    if (this.#batches.length > 0 || this.#isBehind || this.#isClosed || this.#error !== undefined) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    await promise;
    this.#wake = undefined;
  }

  #clear(): void {
    this.#batches = [];
    this.#held = 0;
  }
}

/**
 * A mailbox for many things, of each the newest: what comes within some time after the last taking is taken together. So
 * a reader is told something at most so often, and a slow one holds no more than there are things.
 */
export class Gathered<Value> {
  readonly #keyOf: (value: Value) => string;
  readonly #pauseMs: number;
  readonly #values: Map<string, Value> = new Map();
  #notBefore = -Infinity;
  #wake: (() => void) | undefined;
  #isPausing = false;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(pauseMs: number, keyOf: (value: Value) => string) {
    this.#pauseMs = pauseMs;
    this.#keyOf = keyOf;
  }

  /** How many things wait to be taken. */
  get size(): number {
    return this.#values.size;
  }

  set(value: Value): void {
    if (this.#isClosed) return;
    const key = this.#keyOf(value);
    // Behind all others, as it is newer.
    this.#values.delete(key);
    this.#values.set(key, value);
    if (!this.#isPausing) this.#wake?.();
  }

  /** Resolves with all that has come, oldest first, or with undefined once closed. One taker at a time. */
  async take(): Promise<Value[] | undefined> {
    if (this.#values.size === 0 && !this.#isClosed) await this.#rest(undefined);
    const leftMs = this.#notBefore - performance.now();
    if (leftMs > 0 && !this.#isClosed) await this.#rest(leftMs);
    if (this.#isClosed) return undefined;
    this.#notBefore = performance.now() + this.#pauseMs;
    const values = [...this.#values.values()];
    this.#values.clear();
    return values;
  }

  /** Ends a waiting taker; nothing is taken any more. */
  close(): void {
    this.#isClosed = true;
    this.#values.clear();
    this.#wake?.();
  }

  /** Until the time is over, or without one until something comes; a close ends both. */
  async #rest(ms: number | undefined): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#isPausing = ms !== undefined;
    this.#wake = resolve;
    if (ms !== undefined) this.#timer = setTimeout(resolve, ms);
    await promise;
    clearTimeout(this.#timer);
    this.#wake = undefined;
    this.#isPausing = false;
  }
}

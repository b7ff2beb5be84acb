/** A mailbox with few places, by default one: the newest values win, a slow taker skips what came between. */
export class Latest<T extends object> {
  readonly #places: number;
  readonly #values: T[] = [];
  #waiting: ((value: T | undefined) => void) | undefined;
  #closed = false;

  constructor(places = 1) {
    this.#places = places;
  }

  set(value: T): void {
    if (this.#closed) return;
    if (this.#waiting === undefined) {
      if (this.#values.push(value) > this.#places) this.#values.shift();
      return;
    }
    this.#waiting(value);
    this.#waiting = undefined;
  }

  /** Sets a value that mustn't take the place of one that wasn't taken yet. */
  setIfEmpty(value: T): void {
    if (this.#values.length === 0) this.set(value);
  }

  /** Resolves with the oldest value that is still there, or with undefined once closed. One taker at a time. */
  take(): Promise<T | undefined> {
    const value = this.#values.shift();
    if (value !== undefined || this.#closed) return Promise.resolve(value);
    return new Promise((resolve) => {
      this.#waiting = resolve;
    });
  }

  /** Ends a waiting taker; nothing is taken any more. */
  close(): void {
    this.#closed = true;
    this.#values.length = 0;
    this.#waiting?.(undefined);
    this.#waiting = undefined;
  }
}

/** A mailbox with one place: the newest value wins, a slow taker skips what came between. */
export class Latest<T extends object> {
  #value: T | undefined;
  #waiting: ((value: T | undefined) => void) | undefined;
  #closed = false;

  set(value: T): void {
    if (this.#closed) return;
    if (this.#waiting === undefined) {
      this.#value = value;
      return;
    }
    this.#waiting(value);
    this.#waiting = undefined;
  }

  /** Sets a value that mustn't take the place of one that wasn't taken yet. */
  setIfEmpty(value: T): void {
    if (this.#value === undefined) this.set(value);
  }

  /** Resolves with the newest value that wasn't taken yet, or with undefined once closed. One taker at a time. */
  take(): Promise<T | undefined> {
    const value = this.#value;
    this.#value = undefined;
    if (value !== undefined || this.#closed) return Promise.resolve(value);
    return new Promise((resolve) => {
      this.#waiting = resolve;
    });
  }

  /** Ends a waiting taker; nothing is taken any more. */
  close(): void {
    this.#closed = true;
    this.#value = undefined;
    this.#waiting?.(undefined);
    this.#waiting = undefined;
  }
}

/** Counts how many of something each holder has, such as sockets of an address; none has more than it may. */
export class Places {
  readonly #most: number;
  readonly #taken: Map<string, number> = new Map();

  constructor(most: number) {
    this.#most = most;
  }

  /** False where the holder has as many as it may; else it has one more, until `free` is called for it. */
  take(holder: string): boolean {
    const taken = this.#taken.get(holder) ?? 0;
    if (taken >= this.#most) return false;
    this.#taken.set(holder, taken + 1);
    return true;
  }

  /** Gives one back that was taken. */
  free(holder: string): void {
    const taken = this.#taken.get(holder) ?? 0;
    if (taken > 1) this.#taken.set(holder, taken - 1);
    else this.#taken.delete(holder);
  }
}

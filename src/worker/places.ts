/** The places of one worker's slots, in which attempts run; one that waits for its children leaves its place to others. */
export class Places {
  readonly #count: number;
  #taken = 0;
  /** Runs that want to go on; they come before new ones. */
  readonly #resuming: Set<() => void> = new Set();
  readonly #starting: Set<() => void> = new Set();

  constructor(count: number) {
    this.#count = count;
  }

  /** True while someone waits who comes before the next task. */
  get isWanted(): boolean {
    return this.#resuming.size > 0;
  }

  /** Waits for a place; false where aborted before there was one. */
  async take(kind: 'START' | 'RESUME', signal: AbortSignal): Promise<boolean> {
    if (signal.aborted) return false;
    if (this.#taken < this.#count) {
      this.#taken += 1;
      return true;
    }
    const waiting = kind === 'RESUME' ? this.#resuming : this.#starting;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const next = (): void => resolve(true);
    const abort = (): void => resolve(false);
    waiting.add(next);
    signal.addEventListener('abort', abort, { once: true });
    const isTaken = await promise;
    waiting.delete(next);
    signal.removeEventListener('abort', abort);
    return isTaken;
  }

  /** Gives a place back, to whoever waits. */
  give(): void {
    const [next] = [...this.#resuming, ...this.#starting];
    if (next === undefined) {
      this.#taken -= 1;
      return;
    }
    this.#resuming.delete(next);
    this.#starting.delete(next);
    next();
  }
}

/** How soon a renewal that failed is tried again. */
const renewAgainMs = 1_000;

/** When a worker renews its lease: at its interval, when asked to, and soon again where that failed; one at a time. */
export class Renewals {
  readonly #renew: () => Promise<void>;
  #now: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  #interval: NodeJS.Timeout | undefined;
  #again: NodeJS.Timeout | undefined;
  #isOver = false;

  constructor(renew: () => Promise<void>) {
    this.#renew = renew;
  }

  /** Renews at an interval from now on. */
  start(everyMs: number): void {
    this.#interval = setInterval(() => void this.renew(), everyMs);
  }

  /** Renews; resolves when that is done, however it went. */
  async renew(): Promise<void> {
    if (this.#now === undefined) return await this.#start();
    // While the store is away one more waits for it, however many intervals go by.
    this.#next ??= this.#now.then(() => this.#start());
    await this.#next;
  }

  /** To be called where one failed: a store that refuses may come to itself long before the next regular one. */
  again(): void {
    clearTimeout(this.#again);
    this.#again = setTimeout(() => void this.renew(), renewAgainMs).unref();
  }

  /** Ends them: another one would bring the worker back that takes its leave. */
  stop(): void {
    this.#isOver = true;
    clearInterval(this.#interval);
    clearTimeout(this.#again);
  }

  async #start(): Promise<void> {
    this.#next = undefined;
    if (this.#isOver) return;
    this.#now = this.#renew().finally(() => {
      this.#now = undefined;
    });
    await this.#now;
  }
}

/** Measures how long a worker takes from the first of some runs to the last. */
export class Countdown {
  #left = 0;
  #startedAt = 0;
  #done: PromiseWithResolvers<number> = Promise.withResolvers();

  /** Counts so many from now on. */
  start(count: number): void {
    this.#left = count;
    this.#startedAt = 0;
    this.#done = Promise.withResolvers();
  }

  /** One more runs. */
  count(): void {
    if (this.#startedAt === 0) this.#startedAt = performance.now();
    this.#left -= 1;
    if (this.#left === 0) this.#done.resolve(performance.now() - this.#startedAt);
  }

  /** Resolves when the last one runs, with ms since the first. */
  get done(): Promise<number> {
    return this.#done.promise;
  }
}

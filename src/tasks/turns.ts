import { UnavailableError } from '../errors.ts';

/** Lets so much happen at a time; the rest waits, in the order in which it came. */
export class Turns {
  readonly #most: number;
  readonly #waiting: PromiseWithResolvers<void>[] = [];
  #taken = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** Does some work when its turn has come. Where one finds the store away, all that wait are told so at once. */
  async take<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#taken < this.#most) {
      this.#taken += 1;
    } else {
      const turn = Promise.withResolvers<void>();
      this.#waiting.push(turn);
      await turn.promise;
    }
    try {
      return await work();
    } catch (error) {
      // Each would wait for the store until its own deadline.
      if (error instanceof UnavailableError) for (const turn of this.#waiting.splice(0)) turn.reject(error);
      throw error;
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#taken -= 1;
      else next.resolve();
    }
  }
}

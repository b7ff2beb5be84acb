/** So many a second, and as many at once: one number, as there is one for each socket. */
export class Allowance {
  readonly #perSecond: number;
  /** When all that was used will be there again, in ms. */
  #fullAt = 0;

  constructor(perSecond: number) {
    this.#perSecond = perSecond;
  }

  /** False where more was used than is allowed. */
  use(now: number): boolean {
    const fullAt = Math.max(this.#fullAt, now) + 1000 / this.#perSecond;
    // Rounding must not take one away from who uses all at once.
    if (fullAt - now > 1000.001) return false;
    this.#fullAt = fullAt;
    return true;
  }
}

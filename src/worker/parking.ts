/** What an attempt holds while it runs, and what it takes to leave and to get it again. */
export interface Seat {
  /** Gives up the slot and the places in limits. */
  leave(signal: AbortSignal): Promise<void>;
  /** Gets all of it again; gives up where the signal fires, as the attempt waits anew or is over. */
  comeBack(signal: AbortSignal): Promise<void>;
}

/** An attempt holds nothing as long as it waits for one of its children: so no wait can be in the way of another. */
export class Parking {
  readonly #seat: Seat;
  readonly #over: AbortSignal;
  #waits = 0;
  #isAway = false;
  #moving: Promise<void> | undefined;
  #comingBack: AbortController | undefined;

  /** `over` fires when the attempt is aborted or has ended: then nothing is taken again. */
  constructor(seat: Seat, over: AbortSignal) {
    this.#seat = seat;
    this.#over = over;
  }

  /** Waits without a seat; resolves in it, unless something else is still waited for. */
  async during<T>(wait: () => Promise<T>): Promise<T> {
    this.#waits += 1;
    this.#comingBack?.abort();
    // Nobody waits for the leaving: what is waited for may be there before.
    this.#move().catch(() => undefined);
    try {
      return await wait();
    } finally {
      this.#waits -= 1;
      if (!this.#over.aborted) await this.#move();
    }
  }

  /** Resolves when no move is under way any more, once it is over. */
  async settled(): Promise<void> {
    await this.#moving?.catch(() => undefined);
  }

  #move(): Promise<void> {
    this.#moving ??= this.#moveAll().finally(() => {
      this.#moving = undefined;
    });
    return this.#moving;
  }

  async #moveAll(): Promise<void> {
    while (!this.#over.aborted && this.#isAway !== this.#waits > 0) {
      if (!this.#isAway) {
        await this.#seat.leave(this.#over);
        this.#isAway = true;
        continue;
      }
      this.#comingBack = new AbortController();
      const { signal } = this.#comingBack;
      await this.#seat.comeBack(AbortSignal.any([signal, this.#over]));
      this.#comingBack = undefined;
      // Where it waits anew, whatever was noted of its coming back is taken away by leaving again.
      this.#isAway = false;
    }
  }
}

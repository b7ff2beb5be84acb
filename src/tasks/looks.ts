import type { Failures } from './mistakes.ts';

/** What a look has seen. */
export interface Look<Seen> {
  /** Of two looks of this process the one that began later has the higher number, and knows more: clocks of stores can go back. */
  readonly number: number;
  readonly seen: Seen;
}

let begun = 0;

/** Looks at once, as for one who begins to watch. */
export async function lookNow<Seen>(look: () => Promise<Seen>): Promise<Look<Seen>> {
  begun += 1;
  const number = begun;
  return { number, seen: await look() };
}

export interface LooksOptions<Seen> {
  /** At least so long is from the end of one look to the next, in ms. */
  readonly pauseMs: number;
  /** At most so much of the time is spent with looks: one that took long is followed by a longer pause. @default 1 */
  readonly share?: number;
  /** Sees to it that what happens from its begin on is heard of, and reads. */
  readonly look: () => Promise<Seen>;
  /** Hears of each look, in their order. */
  readonly tell: (look: Look<Seen>) => void;
  /** Takes note of looks that fail, which are made again. */
  readonly failures: Failures;
  /** What tells them from looks at others of the kind. */
  readonly about?: object;
  /** Hears of a look that failed. */
  readonly fail?: (error: unknown) => void;
}

/** Looks again at something whenever it may have changed, one look after the other and with a pause between them. */
export class Looks<Seen> {
  readonly #options: LooksOptions<Seen>;
  /** Of the next look, or of the one under way. */
  #timer: NodeJS.Timeout | undefined;
  #notBefore = -Infinity;
  /** Something has happened since the last look began. */
  #isBehind = false;

  constructor(options: LooksOptions<Seen>) {
    this.#options = options;
  }

  /** Looks as soon as it may: something has happened. */
  soon(): void {
    this.#isBehind = true;
    this.#timer ??= setTimeout(() => void this.#look(), Math.max(0, this.#notBefore - performance.now()));
  }

  /** Puts the next look off as one that was just made does. */
  rest(ms = this.#options.pauseMs): void {
    this.#notBefore = performance.now() + ms;
  }

  /** Looks no more, and tells nothing of a look under way, until something happens again. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#notBefore = -Infinity;
  }

  /** Never rejects. */
  async #look(): Promise<void> {
    const timer = this.#timer;
    this.#isBehind = false;
    const waitMs = await this.#lookOnce(() => this.#timer === timer);
    // It was stopped, and others may have begun anew.
    if (this.#timer !== timer) return;
    this.#timer = undefined;
    this.rest(waitMs);
    if (this.#isBehind) this.soon();
  }

  /** Gives for how long to rest then, in ms. */
  async #lookOnce(isWanted: () => boolean): Promise<number> {
    const { look, tell, fail, failures, about, pauseMs, share = 1 } = this.#options;
    const began = performance.now();
    try {
      const made = await lookNow(look);
      failures.passed(about);
      if (isWanted()) tell(made);
      return Math.max(pauseMs, (performance.now() - began) * (1 / share - 1));
    } catch (error) {
      this.#isBehind = true;
      if (!isWanted()) return pauseMs;
      fail?.(error);
      return failures.failed(error, pauseMs, about);
    }
  }
}

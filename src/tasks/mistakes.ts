import { UnavailableError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import { isBug } from '../redis/answer.ts';

/** While a bug lasts it is told in the log this often, in ms. */
const againMs = 60_000;

/** The longest pause between two tries while a bug lasts, in ms. */
const longestPauseMs = 30_000;

/** Whether an error is a bug of ours: nothing that a store that is away or unwell makes, and nothing that passes by itself. */
export function isMistake(error: unknown): boolean {
  // A wait with a deadline takes whatever fails in it for the store's absence.
  if (error instanceof UnavailableError) return isMistake(error.cause);
  return isBug(error) || error instanceof TypeError;
}

/** A bug that makes the same fail again and again. */
interface Lasting {
  /** How often it has failed since that was told last. */
  failures: number;
  toldAt: number;
  /** How often it has failed without a success between, for each who tries. */
  readonly inTurn: Map<object, number>;
  /** Whether it is told when it is over. */
  isTold: boolean;
}

/**
 * Failures of one thing that is tried again and again. A bug of ours is an error in the log when it begins, once a minute
 * while it lasts, and told when it is over; as it won't pass by itself, tries become ever fewer. What a store that is away
 * or unwell makes fail is for the debugger alone, and tried again as often as ever.
 */
export class Failures {
  readonly #logger: Logger;
  readonly #message: string;
  readonly #againMs: number;
  readonly #lasting: Map<string, Lasting> = new Map();

  /** The message says what could not be done: 'the workers could not be looked at'. */
  constructor(logger: Logger, message: string, options: { readonly againMs?: number } = {}) {
    this.#logger = logger;
    this.#message = message;
    this.#againMs = options.againMs ?? againMs;
  }

  /**
   * Takes note of a failure, of one of several things where they are told apart; gives when to try again, in ms from now.
   * Where several try the same, each of them has pauses of its own, and it is over when nobody fails any more.
   */
  failed(error: unknown, retryMs: number, about: object = {}, who: object = this): number {
    if (!isMistake(error)) {
      this.#logger.debug({ err: error, ...about }, `${this.#message}, trying again`);
      return retryMs;
    }
    const key = JSON.stringify(about);
    const bug = this.#lasting.get(key) ?? {
      failures: 0,
      toldAt: -Infinity,
      inTurn: new Map(),
      isTold: false,
    };
    this.#lasting.set(key, bug);
    bug.failures += 1;
    const inTurn = (bug.inTurn.get(who) ?? 0) + 1;
    bug.inTurn.set(who, inTurn);
    const now = performance.now();
    if (now >= bug.toldAt + this.#againMs) {
      const { failures } = bug;
      this.#logger.error({ err: error, ...about, failures }, `${this.#message}, trying again`);
      Object.assign(bug, { failures: 0, toldAt: now, isTold: true });
    }
    return Math.max(retryMs, Math.min(longestPauseMs, retryMs * 2 ** (inTurn - 1)));
  }

  /** Takes note of a success. */
  passed(about: object = {}, who: object = this): void {
    if (this.#lasting.size === 0) return;
    const key = JSON.stringify(about);
    const bug = this.#lasting.get(key);
    if (bug === undefined) return;
    bug.inTurn.delete(who);
    if (bug.inTurn.size > 0) return;
    if (bug.isTold) this.#logger.info(about, `${this.#message}: this is over`);
    bug.isTold = false;
    // One that comes and goes is told no more often than one that lasts.
    if (performance.now() >= bug.toldAt + this.#againMs) this.#lasting.delete(key);
  }

  /** One who may have failed tries no more. */
  left(who: object): void {
    for (const { inTurn } of this.#lasting.values()) inTurn.delete(who);
  }
}

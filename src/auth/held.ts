import { UnavailableError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import type { ApiTokens } from './api-tokens.ts';

/** How often the store is asked which of the held tokens are gone, in ms. */
const lookMs = 2_000;
/** So many tokens are asked for at once. */
const piece = 1_000;

/**
 * The API tokens that live connections were opened with. Who holds one hears of its revocation: at once by `end`, and at
 * the latest by the next look, one for all of them. While the store is away they stay.
 */
export class Held {
  readonly #tokens: ApiTokens;
  readonly #logger: Logger;
  readonly #holders: Map<string, Set<() => void>> = new Map();
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(tokens: ApiTokens, logger: Logger) {
    this.#tokens = tokens;
    this.#logger = logger;
  }

  /** Calls `revoked` once, until what it returns is called. */
  add(id: string, revoked: () => void): () => void {
    // Of its own, as the same function may be there twice.
    const holder = () => revoked();
    const holders = this.#holders.get(id) ?? new Set();
    this.#holders.set(id, holders.add(holder));
    this.#lookLater();
    return () => {
      holders.delete(holder);
      if (holders.size === 0 && this.#holders.get(id) === holders) this.#holders.delete(id);
    };
  }

  /** Tells all who hold a token that it is revoked. */
  end(id: string): void {
    const holders = this.#holders.get(id) ?? [];
    this.#holders.delete(id);
    for (const holder of holders) holder();
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#holders.clear();
  }

  #lookLater(): void {
    if (this.#timer !== undefined || this.#isClosed) return;
    this.#timer = setTimeout(() => void this.#look(), lookMs).unref();
  }

  async #look(): Promise<void> {
    const ids = [...this.#holders.keys()];
    try {
      for (let from = 0; from < ids.length; from += piece) {
        for (const id of await this.#tokens.revokedOf(ids.slice(from, from + piece))) this.end(id);
      }
    } catch (error) {
      // Whether they were revoked can't be known, and is asked again.
      if (!(error instanceof UnavailableError))
        this.#logger.error({ err: error }, 'the look for revoked API tokens failed');
    }
    this.#timer = undefined;
    if (this.#holders.size > 0) this.#lookLater();
  }
}

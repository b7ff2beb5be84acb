import { itemsPerCall } from './scripts/bounds.ts';

/** A call with more bytes than this takes no more items: it would hold up the store, and all who wait for it. */
const mostBytes = 256 * 1_024;

/** What became of one of the items that were done together. */
export type Answer<Result> = { readonly result: Result } | { readonly error: unknown };

interface Entry<Item, Result> {
  readonly item: Item;
  readonly promise: PromiseWithResolvers<Result>;
}

/**
 * Does together what is asked for within one turn of the event loop: one call of the store costs as much as what it does
 * for several items. Who asks alone waits for nobody.
 */
export class Bundle<Item, Result> {
  readonly #run: (items: readonly Item[]) => Promise<readonly Answer<Result>[]>;
  readonly #bytesOf: (item: Item) => number;
  #entries: Entry<Item, Result>[] = [];
  #bytes = 0;

  /** `run` answers in the order of the items; where it throws, each of them has failed. */
  constructor(
    run: (items: readonly Item[]) => Promise<readonly Answer<Result>[]>,
    bytesOf: (item: Item) => number,
  ) {
    this.#run = run;
    this.#bytesOf = bytesOf;
  }

  /** Does one item with all others of this turn. */
  async add(item: Item): Promise<Result> {
    const promise = Promise.withResolvers<Result>();
    if (this.#entries.length === 0) setImmediate(() => void this.#flush());
    this.#entries.push({ item, promise });
    this.#bytes += this.#bytesOf(item);
    if (this.#entries.length === itemsPerCall || this.#bytes >= mostBytes) void this.#flush();
    return await promise.promise;
  }

  async #flush(): Promise<void> {
    const entries = this.#entries;
    // All of them went with a call that was full.
    if (entries.length === 0) return;
    this.#entries = [];
    this.#bytes = 0;
    try {
      const answers = await this.#run(entries.map(({ item }) => item));
      for (const [index, { promise }] of entries.entries()) {
        const answer = answers[index] ?? { error: new Error('the store gave too few answers') };
        if ('error' in answer) promise.reject(answer.error);
        else promise.resolve(answer.result);
      }
    } catch (error) {
      for (const { promise } of entries) promise.reject(error);
    }
  }
}

/** The answer of a script of which one item failed, as a store's own error of a call that had only this item. */
export function itemError(message: string): Error {
  // Before Redis 7 a refusal has the place in the script before it; and of what a script throws by itself Redis says ERR.
  const [, refusal = message] = /^@user_script: ?\d+: -([A-Z]+ .*)$/s.exec(message) ?? [];
  const error = new Error(/^[A-Z]+ /.test(refusal) ? refusal : `ERR ${refusal}`);
  error.name = 'ReplyError';
  return error;
}

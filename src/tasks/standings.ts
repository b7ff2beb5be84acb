import { chunks } from './replies.ts';
import { standing } from './scripts/standing.ts';
import { nowhere, parseStandings, type Standing } from './standing.ts';
import type { Store } from './store.ts';

/** How many tasks one look is for at most. */
const idsPerLook = 20;

type Asked = Map<string, PromiseWithResolvers<Standing>>;

/** Asks where tasks stand, in few looks: those of a queue that are asked for at the same moment share one. */
export class Standings {
  readonly #store: Store;
  readonly #asked: Map<string, Asked> = new Map();
  /** What was just seen, by task. */
  readonly #seen: Map<string, Standing> = new Map();

  constructor(store: Store) {
    this.#store = store;
  }

  /** @throws UnavailableError */
  async of({ id, queue }: { readonly id: string; readonly queue: string }): Promise<Standing> {
    const seen = this.#seen.get(id);
    if (seen !== undefined) return seen;
    let asked = this.#asked.get(queue);
    if (asked === undefined) {
      asked = new Map();
      this.#asked.set(queue, asked);
      setImmediate(() => void this.#look(queue));
    }
    const answer = asked.get(id) ?? Promise.withResolvers();
    asked.set(id, answer);
    return await answer.promise;
  }

  /** Answers with what was just seen those who ask as they are told so: before anything else can be heard. */
  share(seen: Iterable<readonly [id: string, standing: Standing]>): void {
    for (const [id, standing] of seen) this.#seen.set(id, standing);
    // After all that follows from this by promises alone.
    process.nextTick(() => this.#seen.clear());
  }

  async #look(queue: string): Promise<void> {
    const asked: Asked = this.#asked.get(queue) ?? new Map();
    this.#asked.delete(queue);
    await Promise.all(chunks([...asked.keys()], idsPerLook).map((ids) => this.#answer(queue, ids, asked)));
  }

  async #answer(queue: string, ids: readonly string[], asked: Asked): Promise<void> {
    try {
      const standings = parseStandings(queue, await this.#store.run(standing, queue, ids));
      for (const [index, id] of ids.entries()) asked.get(id)?.resolve(standings[index] ?? nowhere);
    } catch (error) {
      for (const id of ids) asked.get(id)?.reject(error);
    }
  }
}

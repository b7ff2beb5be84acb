/**
 * A watch that shows each state as its watcher may see it, and throws where it may not. It ends at once where it is left,
 * as a generator around a watch would not.
 */
export class ShownWatch<State> implements AsyncGenerator<State, void, undefined> {
  readonly #states: AsyncGenerator<State, void, undefined>;
  readonly #show: (state: State) => State;

  constructor(states: AsyncGenerator<State, void, undefined>, show: (state: State) => State) {
    this.#states = states;
    this.#show = show;
  }

  async next(): Promise<IteratorResult<State, void>> {
    const next = await this.#states.next();
    if (next.done === true) return next;
    try {
      return { done: false, value: this.#show(next.value) };
    } catch (error) {
      await this.#states.return();
      throw error;
    }
  }

  async return(): Promise<IteratorResult<State, void>> {
    return await this.#states.return();
  }

  async throw(error: unknown): Promise<IteratorResult<State, void>> {
    return await this.#states.throw(error);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#states.return();
  }
}

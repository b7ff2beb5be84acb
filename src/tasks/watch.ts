import { Latest } from './latest.ts';
import type { News, Watchable, WatchOptions } from './watchable.ts';

/** Puts a mailbox where news of an id arrive; resolves, with what ends that, once none can be missed any more. */
export type Listen<State> = (id: string, mailbox: Latest<News<State>>) => Promise<() => void>;

/**
 * One watch of one thing, taken from by one taker. Unlike a generator it ends at once where it is left while a state is
 * waited for, and holds no more than it needs: there may be very many that wait for long.
 */
export class Watch<State extends { readonly version: number }> implements AsyncGenerator<
  State,
  void,
  undefined
> {
  readonly #id: string;
  readonly #watchable: Watchable<State>;
  readonly #listen: Listen<State>;
  readonly #signal: AbortSignal | undefined;
  readonly #mailbox: Latest<News<State>>;
  #stop: (() => void) | undefined;
  #abort: (() => void) | undefined;
  #state: State | undefined;
  #isOver = false;

  constructor(
    id: string,
    watchable: Watchable<State>,
    listen: Listen<State>,
    { signal, keep }: Pick<WatchOptions, 'signal' | 'keep'>,
  ) {
    this.#id = id;
    this.#watchable = watchable;
    this.#listen = listen;
    this.#signal = signal;
    this.#mailbox = new Latest(keep);
  }

  async next(): Promise<IteratorResult<State, void>> {
    try {
      const value = await (this.#state === undefined ? this.#first() : this.#newer(this.#state));
      if (value !== undefined) return { done: false, value: (this.#state = value) };
    } catch (error) {
      this.#end();
      throw error;
    }
    this.#end();
    return { done: true, value: undefined };
  }

  async return(): Promise<IteratorResult<State, void>> {
    this.#end();
    return { done: true, value: undefined };
  }

  async throw(error: unknown): Promise<never> {
    this.#end();
    throw error;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end();
  }

  async #first(): Promise<State | undefined> {
    if (this.#isOver || this.#signal?.aborted === true) return undefined;
    if (this.#signal !== undefined) {
      this.#abort = () => this.#end();
      this.#signal.addEventListener('abort', this.#abort, { once: true });
    }
    // Listen first, read second: a change between the two arrives twice, never not at all.
    const stop = await this.#listen(this.#id, this.#mailbox);
    // Left meanwhile.
    if (this.#isOver) {
      stop();
      return undefined;
    }
    this.#stop = stop;
    const [state] = await this.#watchable.read([this.#id]);
    if (this.#isOver) return undefined;
    if (state === undefined) throw this.#watchable.notFound(this.#id);
    return state;
  }

  async #newer(state: State): Promise<State | undefined> {
    const watchable = this.#watchable;
    if (watchable.isFinal(state)) return undefined;
    for (;;) {
      const news = await this.#mailbox.take();
      if (news === undefined) return undefined;
      if ('isAgain' in news) return state;
      if (news.state === undefined) throw watchable.lost(this.#id);
      const { version } = news.state;
      const passes =
        version > state.version ||
        ((news.certain || watchable.isFinal(news.state)) && version !== state.version);
      if (passes) return news.state;
    }
  }

  #end(): void {
    this.#isOver = true;
    this.#mailbox.close();
    this.#stop?.();
    this.#stop = undefined;
    if (this.#abort !== undefined) this.#signal?.removeEventListener('abort', this.#abort);
    this.#abort = undefined;
  }
}

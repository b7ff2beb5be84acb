type Watch<State> = (signal: AbortSignal) => AsyncGenerator<State>;

/** A subscriber's states of something; `return` closes the watch at once, also while a state is waited for. */
export interface Stream<State> {
  next(): Promise<IteratorResult<State, void>>;
  return(): Promise<IteratorResult<State, void>>;
  [Symbol.asyncIterator](): AsyncIterator<State, void>;
}

/** Opens a watch for one subscriber. */
export function openStream<State>(watch: Watch<State>): Stream<State> {
  const controller = new AbortController();
  const states = watch(controller.signal);
  return {
    next: () => states.next(),
    async return() {
      // A generator's own `return` waits for the `next` under way: the signal ends that one first.
      controller.abort();
      await states.return(undefined);
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

/**
 * Opens a watch that tells a state at once, and waits for that state: what `watch` or `check` throws then is an
 * error of the subscription, not of a stream that had already begun. Ends when the client has `gone` meanwhile:
 * nobody would ever read, and so end, what it had asked for.
 */
export async function openStartedStream<State>(
  watch: Watch<State>,
  gone: AbortSignal | undefined,
): Promise<Stream<State>> {
  const stream = openStream(watch);
  // Never rejects: what fails here fails in `next`, too.
  const stop = () => void stream.return().catch(() => {});
  gone?.addEventListener('abort', stop, { once: true });
  try {
    return await started(stream);
  } finally {
    gone?.removeEventListener('abort', stop);
  }
}

/** The same for a watch that ends at once where it is left, and whose start takes no longer than the store has to answer. */
export async function started<State>(
  states: Stream<State>,
  check: (first: State) => void = () => {},
): Promise<Stream<State>> {
  try {
    const first = await states.next();
    if (first.done !== true) check(first.value);
    return new Started(first, states);
  } catch (error) {
    await states.return();
    throw error;
  }
}

class Started<State> implements Stream<State> {
  readonly #states: Stream<State>;
  #first: IteratorResult<State, void> | undefined;

  constructor(first: IteratorResult<State, void>, states: Stream<State>) {
    this.#first = first;
    this.#states = states;
  }

  next(): Promise<IteratorResult<State, void>> {
    const first = this.#first;
    if (first === undefined) return this.#states.next();
    this.#first = undefined;
    return Promise.resolve(first);
  }

  return(): Promise<IteratorResult<State, void>> {
    return this.#states.return();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

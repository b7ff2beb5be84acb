type Watch<State> = (signal: AbortSignal) => AsyncGenerator<State>;

/** A subscriber's states of something; `return` closes the watch at once, also while a state is waited for. */
export interface Stream<State> extends AsyncIterableIterator<State, undefined> {
  return(): Promise<IteratorResult<State, undefined>>;
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
  check: (first: State) => void = () => {},
): Promise<Stream<State>> {
  const stream = openStream(watch);
  // Never rejects: what fails here fails in `next`, too.
  const stop = () => void stream.return().catch(() => {});
  gone?.addEventListener('abort', stop, { once: true });
  try {
    const first = await stream.next();
    if (first.done !== true) check(first.value);
    return startingWith(first, stream);
  } catch (error) {
    await stream.return();
    throw error;
  } finally {
    gone?.removeEventListener('abort', stop);
  }
}

function startingWith<State>(first: IteratorResult<State, undefined>, rest: Stream<State>): Stream<State> {
  let isTaken = false;
  return {
    async next() {
      if (isTaken) return rest.next();
      isTaken = true;
      return first;
    },
    return: () => rest.return(),
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

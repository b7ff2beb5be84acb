/**
 * The same states, at least `ms` apart: of those that come sooner the newest. One that is urgent comes at once, and so
 * does the end. Whoever ends this ends the states.
 */
export async function* throttled<State>(
  states: AsyncGenerator<State, void, undefined>,
  ms: number,
  isUrgent: (state: State) => boolean,
): AsyncGenerator<State, void, undefined> {
  try {
    let toldAt = -Infinity;
    let coming = ahead(states);
    for (;;) {
      let taken = await coming;
      if (taken.done === true) return;
      coming = ahead(states);
      while (!isUrgent(taken.value)) {
        const leftMs = toldAt + ms - performance.now();
        const newer = leftMs > 0 ? await within(leftMs, coming) : undefined;
        if (newer === undefined) break;
        if (newer.done === true) {
          yield taken.value;
          return;
        }
        taken = newer;
        coming = ahead(states);
      }
      toldAt = performance.now();
      yield taken.value;
    }
  } finally {
    await states.return();
  }
}

/** The next state, asked for before anyone waits for it: what it throws is thrown where it is awaited. */
function ahead<State>(states: AsyncGenerator<State, void, undefined>): Promise<IteratorResult<State, void>> {
  const next = states.next();
  next.catch(() => undefined);
  return next;
}

/** What a promise gives, or undefined when the time is over before. */
async function within<Value>(ms: number, promise: Promise<Value>): Promise<Value | undefined> {
  const { promise: over, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(resolve, ms);
  try {
    return await Promise.race([promise, over]);
  } finally {
    clearTimeout(timer);
  }
}

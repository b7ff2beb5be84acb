/**
 * What a subscription's field says in its `extensions` where each event is the whole state of one thing, the newer one
 * with the higher version: those who ask for the same with the same rights may then share what is made of it.
 */
export interface SharedStates<State> {
  readonly versionOf: (state: State) => number;
}

/** The `extensions` of such a field. */
export function sharedStates<State>(versionOf: (state: State) => number) {
  const shared: SharedStates<State> = { versionOf };
  return { sharedStates: shared };
}

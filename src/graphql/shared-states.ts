/**
 * What a subscription's field says in its `extensions` where each event is the whole state of one thing, the newer one
 * with the higher version: those who ask for the same with the same rights may then share what is made of it.
 */
export interface SharedStates<State> {
  readonly versionOf: (state: State) => number;
  /** What it is the state of: the same words may come to mean another thing, as a key does when its task is gone. */
  readonly idOf: (state: State) => string;
}

/** The `extensions` of such a field. */
export function sharedStates<State>(
  versionOf: SharedStates<State>['versionOf'],
  idOf: SharedStates<State>['idOf'],
) {
  const shared: SharedStates<State> = { versionOf, idOf };
  return { sharedStates: shared };
}

/** Those of states that have an id and a version. */
export const versionedStates = sharedStates<{ readonly id: string; readonly version: number }>(
  ({ version }) => version,
  ({ id }) => id,
);

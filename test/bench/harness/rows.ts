import type { Goal, Row } from './figure.ts';
import { type Result, valuesOf } from './rounds.ts';

/** How one quantity becomes a row. */
export interface RowOf {
  readonly what: string;
  readonly unit: string;
  readonly quantity: string;
  /** What Taskwire is to be beside a peer, by its name. */
  readonly goals?: Readonly<Record<string, Goal>>;
  /** What Taskwire's value itself is to be. */
  readonly goal?: Goal;
  /** Names of the peers of which it is told. @default all */
  readonly peers?: readonly string[];
}

/** Makes a row of what all measured: the first of them is Taskwire. */
export function rowOf(results: ReadonlyMap<string, Result>, of: RowOf): Row {
  const { what, unit, quantity, goals = {}, goal, peers: named } = of;
  const [ours, ...others] = results;
  const peers = others
    .filter(([name]) => named?.includes(name) ?? true)
    .map(([name, result]) => ({
      name,
      values: valuesOf(result, quantity),
      ...(result.missing === undefined ? {} : { missing: result.missing }),
      goal: goals[name],
    }));
  return {
    what,
    unit,
    values: valuesOf(ours?.[1], quantity),
    peers,
    ...(goal === undefined ? {} : { goal }),
  };
}

import type { Programs } from './programs.ts';
import type { Store } from './store.ts';

/** What all figures of a run are measured with. */
export interface Bench {
  readonly store: Store;
  readonly programs: Programs;
  /** A smoke run: everything once, and little of it. */
  readonly quick: boolean;
  /** How often the measured ones take turns. */
  readonly rounds: number;
  /** Why the peers of npm can't be measured; undefined where they can. */
  readonly noPeers: string | undefined;
  /** The Python that has FastAPI and Celery, or why there is none. */
  readonly python: { readonly path: string } | { readonly missing: string };
}

/** What a peer is to be beaten by: the ratio Taskwire / peer is to be at most, or at least, so much. */
export type Goal = { readonly atMost: number } | { readonly atLeast: number };

export interface Peer {
  readonly name: string;
  /** One value for each round. */
  readonly values: readonly number[];
  /** Why there are none. */
  readonly missing?: string;
  readonly goal?: Goal | undefined;
}

/** One measured quantity: Taskwire's, and that of each peer in the same rounds. */
export interface Row {
  readonly what: string;
  readonly unit: string;
  readonly values: readonly number[];
  readonly peers: readonly Peer[];
  /** What the value itself is to be. */
  readonly goal?: Goal;
}

/** One figure of the benchmark: a file in figures/. */
export interface Figure {
  /** For `--only`. */
  readonly name: string;
  measure(bench: Bench): Promise<Row[]>;
}

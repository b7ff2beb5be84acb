import { TaskLostError, TaskNotFoundError } from '../errors.ts';
import { queueOf } from './id.ts';
import { parseTask } from './replies.ts';
import type { Standing } from './standing.ts';
import type { Store } from './store.ts';
import { isFinal, type Task } from './task.ts';

/** What can be watched by its id: something with states, of which the higher version is the newer one. */
export interface Watchable<State extends { readonly version: number }> {
  /** The queue that an id names; undefined where it names none. */
  queueOf(id: string): string | undefined;
  /** The states as they are now, in the order of the ids. */
  read(ids: readonly string[]): Promise<(State | undefined)[]>;
  /** A state as it is published. */
  parse(message: string): State;
  isFinal(state: State): boolean;
  /** What is thrown where there is nothing to watch. */
  notFound(id: string): Error;
  /** What is thrown where it vanishes meanwhile. */
  lost(id: string): Error;
}

/** How something is watched. */
export interface WatchOptions {
  /** Ends the watch. */
  readonly signal?: AbortSignal | undefined;
  /** States that are kept for a taker who is busy, the newest ones; what came before them is skipped. @default 1 */
  readonly keep?: number | undefined;
  /** The least time between two states, in ms: of those that come sooner the newest is told, and a final one at once. @default 0 */
  readonly throttleMs?: number | undefined;
  /** Tells a task again, as the same state, when one of these parts of its standing has changed: at most once a second. @default none */
  readonly tellsStanding?: readonly (keyof Standing)[] | undefined;
}

/** What a watch of tasks needs. */
export function watchableTasks(store: Store): Watchable<Task> {
  return {
    queueOf,
    read: (ids) => store.getMany(ids),
    parse: parseTask,
    isFinal: ({ status }) => isFinal(status),
    notFound: (id) => new TaskNotFoundError(id),
    lost: (id) => new TaskLostError(id),
  };
}

/** What a watcher's mailbox holds: a state, or that the record is gone; or that the state is the same, and to be told again. */
export type News<State> =
  | {
      readonly state: State | undefined;
      /** Passes whatever its version: after a gap the store may have lost writes. */
      readonly certain: boolean;
    }
  | typeof again;

/** What is asked beside a state has changed. */
export const again = { isAgain: true } as const;

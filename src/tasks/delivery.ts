import type { Task, TaskFailure } from './task.ts';

/** A promise of the store to wake a slot: pushed to the lane as a Bee-Queue job by whoever was told. */
export interface Hint {
  /** The Bee-Queue job's id. */
  readonly hint: string;
  readonly id: string;
  readonly delivery: number;
}

/** One handing of a task to a slot; its token is what every word about it must carry. */
export interface Delivery {
  readonly token: string;
  readonly task: Task;
  /** Wire JSON, as text. */
  readonly input: string;
}

/** How a delivery ended. `SUPERSEDED` gives the task back without spending an attempt. */
export type Outcome =
  | { readonly outcome: 'SUCCEEDED'; readonly output: string }
  | { readonly outcome: 'FAILED'; readonly failure: TaskFailure }
  | { readonly outcome: 'SUPERSEDED' };

/** A slot's worker and what it serves: each line is `name:definitionVersion`. */
export interface Server {
  readonly worker: string;
  readonly lines: readonly string[];
}

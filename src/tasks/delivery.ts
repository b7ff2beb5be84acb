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
  /** How long it may run from when it was handed over; undefined = as long as it wants. */
  readonly timeoutMs: number | undefined;
  /** How long its `run` may go on after its signal has fired. */
  readonly graceMs: number;
  /** True where it may have killed its last worker. */
  readonly isSuspect: boolean;
}

/**
 * How a delivery ended. `SUPERSEDED` gives the task back without spending an attempt; `TIMED_OUT` is for the
 * store to say how. `retryAfterMs` is what the error asked for instead of the backoff.
 */
export type Outcome =
  | { readonly outcome: 'SUCCEEDED'; readonly output: string }
  | { readonly outcome: 'FAILED'; readonly failure: TaskFailure; readonly retryAfterMs?: number | undefined }
  | { readonly outcome: 'TIMED_OUT' }
  | { readonly outcome: 'SUPERSEDED' };

/** A slot's worker and what it serves: each line is `name:definitionVersion`, with `=n` where it may run only n side by side. */
export interface Server {
  readonly worker: string;
  readonly lines: readonly string[];
}

/** What a worker tells of itself when it renews its lease. */
export interface Presence {
  readonly leaseMs: number;
  /** Slots that can take tasks. */
  readonly slots: number;
  readonly host: string;
  readonly pid: number;
  /** Of the package. */
  readonly version: string;
  /** The time by the worker's clock, in ms. */
  readonly clockMs: number;
  /** Attempts that its process runs in other queues. */
  readonly beside: number;
  /** For how long it has been there, in ms. */
  readonly ageMs: number;
  /** The processor use of its process since it told it before: 1 = one core. */
  readonly load: number | undefined;
  /** The memory of its process (RSS). */
  readonly memoryBytes: number;
  /** The act by which it was drained, as the store has told it; undefined where it isn't. */
  readonly drain: string | undefined;
}

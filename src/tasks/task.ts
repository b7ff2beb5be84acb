/** Every status a task can have; the last four are final. */
export const taskStatuses = [
  'SCHEDULED',
  'QUEUED',
  'RUNNING',
  'RETRYING',
  'CANCELING',
  'SUCCEEDED',
  'FAILED',
  'CANCELED',
  'EXPIRED',
] as const;
export type TaskStatus = (typeof taskStatuses)[number];

/**
 * How an attempt ended. `FAILED` and `TIMED_OUT` spend `retry.attempts`, `LOST` spends `maxDeliveries`;
 * `SUPERSEDED` spends nothing: it was given back, by a worker that stopped or because others were to blame.
 */
export const attemptOutcomes = [
  'SUCCEEDED',
  'FAILED',
  'TIMED_OUT',
  'LOST',
  'CANCELED',
  'SUPERSEDED',
] as const;
export type AttemptOutcome = (typeof attemptOutcomes)[number];

/** Why a task or an attempt failed, in words that a client may read. */
export interface TaskFailure {
  /** A constant such as `TIMED_OUT`, or the `code` that the thrown error carries. */
  readonly code: string;
  readonly message: string;
  /** False where trying again can't help. */
  readonly retryable: boolean;
  /** The attempt that failed, counted from 1. */
  readonly attempt: number;
  readonly details?: unknown;
}

/** How far an attempt has come. At least one of `fraction` and `current` is set. */
export interface TaskProgress {
  /** From 0 to 1. */
  readonly fraction?: number;
  readonly current?: number;
  readonly total?: number;
  readonly message?: string;
  readonly data?: unknown;
}

/** One delivery of a task to a worker. Times are milliseconds since 1970 by the store's clock. */
export interface TaskAttempt {
  readonly number: number;
  readonly worker: string;
  readonly startedAt: number;
  readonly finishedAt?: number;
  readonly outcome?: AttemptOutcome;
  readonly failure?: TaskFailure;
}

/** Who asked for a cancel, when and why. */
export interface Cancellation {
  readonly requestedAt: number;
  readonly reason?: string;
  readonly actor?: string;
}

/**
 * A task's whole small state as of its `version`: what is published on every change and read as a snapshot.
 * Times are milliseconds since 1970 by the store's clock. The input is read apart (`Tasks.input`), and so
 * is an output above 4 KB (`Tasks.output`).
 */
export interface Task {
  readonly id: string;
  readonly name: string;
  readonly queue: string;
  readonly status: TaskStatus;
  /** Raised by every change, also over a failover that lost writes; never goes back. */
  readonly version: number;
  /** Deliveries so far. */
  readonly attempt: number;
  /** Attempts that may fail or time out before the task fails for good: its definition's `retry.attempts`. */
  readonly maxAttempts: number;
  /** How many have, since it was enqueued or last retried by hand. */
  readonly failedAttempts: number;
  /** The last 20 deliveries, oldest first. */
  readonly attempts: readonly TaskAttempt[];
  readonly createdAt: number;
  /** The same in microseconds: with the id, its place in every list. */
  readonly createdUs: number;
  readonly startedAt?: number;
  readonly finishedAt?: number;
  /** When it was to begin, where it was delayed. */
  readonly runAt?: number;
  /** Seconds of head start; absent where it has none. */
  readonly priority?: number;
  /** The key of its definition's limit, where that has one. */
  readonly limitKey?: string;
  /** When it waits for its next attempt, or for its first: when that is due. */
  readonly nextAttemptAt?: number;
  /** Until when its first attempt must have begun, while it hasn't. */
  readonly expiresAt?: number;
  /** Until when it must have ended. */
  readonly deadlineAt?: number;
  readonly progress?: TaskProgress;
  /** The names of the streams that its `run` has written to, in the order in which they began; absent where it has none. */
  readonly streams?: readonly string[];
  readonly failure?: TaskFailure;
  readonly cancellation?: Cancellation;
  readonly tags: readonly string[];
  readonly owner: string;
  readonly parent?: string;
  /** The batch that it was enqueued in. */
  readonly batch?: string;
  /** The schedule that enqueued it. */
  readonly schedule?: string;
  /** The task of which this one is a replay. */
  readonly replayOf?: string;
  /** W3C `traceparent` of the request that enqueued it. */
  readonly trace?: string;
  /** The version of the definition's input type that the input was checked against. */
  readonly definitionVersion: string;
  /** Bytes of the output as JSON; absent until there is one. */
  readonly outputBytes?: number;
  /** The output itself where it is small. */
  readonly output?: unknown;
}

const finalStatuses: ReadonlySet<TaskStatus> = new Set(['SUCCEEDED', 'FAILED', 'CANCELED', 'EXPIRED']);

/** True for a status that nothing but a retry by hand changes any more. */
export function isFinal(status: TaskStatus): boolean {
  return finalStatuses.has(status);
}

/** True where a retry by hand would put it back. */
export function canRetry(status: TaskStatus): boolean {
  return isFinal(status) && status !== 'SUCCEEDED';
}

/** True where a cancel would still change something. */
export function canCancel(status: TaskStatus): boolean {
  return !isFinal(status) && status !== 'CANCELING';
}

import type { AllChildren, EnqueueChild } from './children.ts';

/** How far an attempt has come: a fraction from 0 to 1, or a count with or without a total. */
export interface ProgressUpdate {
  readonly fraction?: number;
  readonly current?: number;
  readonly total?: number;
  /** A short line for people, such as `downloaded`. */
  readonly message?: string;
  /** Anything JSON can hold, up to 4 KB, for a frontend that shows more than a bar. */
  readonly data?: unknown;
}

type Log = (message: string, fields?: Readonly<Record<string, unknown>>) => void;

/** What `run` gets beside its input: one attempt's view of the task. Its functions need no `this`. */
export interface TaskContext {
  /** The task's id, the same in every attempt: an idempotency key for what `run` calls. */
  readonly id: string;
  /** This attempt's number, counted from 1. */
  readonly attempt: number;
  /**
   * Aborts when the task is canceled, times out, or is given to another worker. Pass it on, and stop when it fires.
   * `signal.reason.code` is `CANCELED`, `TIMED_OUT`, `STALE` (another attempt has the task) or `STOPPING` (its worker).
   */
  readonly signal: AbortSignal;
  /**
   * Tells watchers how far the attempt is; call it as often as you like, the newest wins. It never goes back
   * within an attempt. Throws once the attempt is no longer the task's.
   *
   * @example await progress({ current: 3, total: 12, message: 'page 3' });
   */
  readonly progress: (update: number | ProgressUpdate) => Promise<void>;
  /** Writes to the worker's log, with the task's id, name and attempt. */
  readonly log: { readonly debug: Log; readonly info: Log; readonly warn: Log; readonly error: Log };
  /**
   * Enqueues a task as this one's child: canceled with it, found again by its next attempt.
   *
   * @throws BadUserInputError where the input isn't as defined; the signal's reason once that has fired
   * @example const child = await enqueue(resizeImage, { url, width: 100 });
   */
  readonly enqueue: EnqueueChild;
  /**
   * Waits for several children at once and gives their outputs, in their order. Throws the first failure, as
   * `result()` does; with `failure: 'IGNORE'` the output of a child that didn't succeed is undefined.
   *
   * @example const [small, large] = await all([await enqueue(resizeImage, a), await enqueue(resizeImage, b)]);
   */
  readonly all: AllChildren;
}

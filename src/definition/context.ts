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

/** A stream of a task: chunks of text, in order, each with an index that goes on over all attempts. */
export interface TaskStream {
  /**
   * Appends a chunk of up to 16 KB; an empty one is none. Resolves when there is room for another, which is at once
   * unless the store can't keep up; what is written without waiting for that may be dropped, and readers are told so.
   *
   * @throws TypeError where it isn't such a text; the signal's reason where that fires while it waits
   */
  write(chunk: string): Promise<void>;
}

type Log = (message: string, fields?: Readonly<Record<string, unknown>>) => void;

/** What `run` gets beside its input: one attempt's view of the task. Its functions need no `this`. */
export interface TaskContext {
  /** The task's id, the same in every attempt: an idempotency key for what `run` calls. */
  readonly id: string;
  /** This attempt's number, counted from 1. */
  readonly attempt: number;
  /**
   * The W3C `traceparent` of this attempt's span, to pass on to what `run` calls; where there are no traces, that of the
   * request which enqueued the task, if it brought one.
   */
  readonly traceparent: string | undefined;
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
  /**
   * Writes a line to the task's log, which clients can read and follow, and to the worker's own. A message or its
   * fields may have 8 KB each: what is longer is cut.
   */
  readonly log: { readonly debug: Log; readonly info: Log; readonly warn: Log; readonly error: Log };
  /**
   * One of the task's streams, up to 16: text that clients follow piece by piece, as an answer that is being written.
   * The name matches `^[a-z][A-Za-z0-9_-]{0,31}$`.
   *
   * @example for await (const token of answer) await stream('tokens').write(token);
   */
  readonly stream: (name: string) => TaskStream;
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

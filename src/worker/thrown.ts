import type { TaskFailure } from '../tasks/task.ts';

/** What a `run` threw in a thread, as it crosses to the main thread: only what can be cloned. */
export interface Thrown {
  /** JSON of the `TaskFailure`: its details needn't be cloneable, only JSON. */
  readonly failure: string;
  readonly name: string;
  readonly stack: string | undefined;
  /** As NonRetryableError tells of it: seconds from now, or a time. */
  readonly retryAfter: number | Date | undefined;
}

/** On the main thread, what a `run` threw in a thread: `failureOf` gives the failure that was told there. */
export class ThrownInThread extends Error {
  readonly retryAfter?: number | Date;
  // Private, as the log writes what an error has of its own, and the stack says this already.
  readonly #failure: TaskFailure;

  constructor({ failure, name, stack, retryAfter }: Thrown) {
    // `tellThrown` in thread.ts is where the text comes from.
    const told = JSON.parse(failure) as TaskFailure;
    super(told.message);
    this.#failure = told;
    // Plain assignments would show both in the log once more.
    Object.defineProperty(this, 'name', { value: name, configurable: true });
    if (stack !== undefined) this.stack = stack;
    if (retryAfter !== undefined) this.retryAfter = retryAfter;
  }

  get failure(): TaskFailure {
    return this.#failure;
  }
}

import { GraphQLError } from 'graphql';
import type { OperationTime as Time } from '../graphql/context.ts';
import { maxWaitMs } from '../graphql/wait.ts';

/**
 * The time that one operation may take. It counts from `bound` on; what asks for its signals before or after gets such as
 * never abort by time.
 */
export class OperationTime implements Time {
  readonly #timeoutMs: number;
  readonly #origin: { readonly signal?: AbortSignal | undefined };
  #ends: AbortController | undefined;
  #expired: AbortController | undefined;
  #stopListening: (() => void) | undefined;
  #began = 0;
  #endsAt = 0;
  #timer: NodeJS.Timeout | undefined;
  #expire: (() => void) | undefined;

  /** The signal of `origin`, which may be made when it is asked for, aborts when the client has gone. */
  constructor(timeoutMs: number, origin: { readonly signal?: AbortSignal | undefined }) {
    this.#timeoutMs = timeoutMs;
    this.#origin = origin;
  }

  /** Aborts when the time is over or the client has gone, until the operation is answered, or its stream has begun. */
  get signal(): AbortSignal {
    if (this.#ends !== undefined) return this.#ends.signal;
    const ends = (this.#ends = new AbortController());
    const gone = this.#origin.signal;
    const leave = (): void => ends.abort(gone?.reason);
    if (gone?.aborted === true) leave();
    else gone?.addEventListener('abort', leave, { once: true });
    this.#stopListening = () => gone?.removeEventListener('abort', leave);
    return ends.signal;
  }

  /** Aborts when the time is over. */
  get expired(): AbortSignal {
    return (this.#expired ??= new AbortController()).signal;
  }

  /** Gives the operation so much longer from now on, as its client asked it to wait; five minutes at most in all. */
  extend(ms: number): void {
    const now = performance.now();
    const endsAt = Math.min(now + ms, this.#began + maxWaitMs) + this.#timeoutMs;
    if (this.#timer === undefined || endsAt <= this.#endsAt) return;
    clearTimeout(this.#timer);
    this.#arm(now, endsAt);
  }

  /**
   * What the operation comes to, if in time. What comes later goes to `undo`, and an error is nobody's any more.
   *
   * @throws GraphQLError with the code OPERATION_TIMED_OUT
   */
  bound<Value>(work: Promise<Value>, undo: (late: Value) => void = () => {}): Promise<Value> {
    const { promise, resolve, reject } = Promise.withResolvers<Value>();
    let isLate = false;
    this.#expire = () => {
      isLate = true;
      this.#end();
      const error = timedOut(this.#endsAt - this.#began);
      this.#expired?.abort(error);
      this.#ends?.abort(error);
      reject(error);
    };
    this.#began = performance.now();
    this.#arm(this.#began, this.#began + this.#timeoutMs);
    work.then(
      (value) => {
        if (isLate) return undo(value);
        this.#end();
        resolve(value);
      },
      (error: Error) => {
        if (isLate) return;
        this.#end();
        reject(error);
      },
    );
    return promise;
  }

  #arm(now: number, endsAt: number): void {
    this.#endsAt = endsAt;
    this.#timer = setTimeout(() => this.#expire?.(), endsAt - now);
    // A process that is about to end doesn't wait for it.
    this.#timer.unref();
  }

  #end(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#stopListening?.();
  }
}

function timedOut(ms: number): GraphQLError {
  return new GraphQLError(
    `The operation took longer than the ${Math.round(ms)} ms that it may take. A mutation may have been carried out: ` +
      'repeat it with the same idempotency key, or look first.',
    { extensions: { code: 'OPERATION_TIMED_OUT', http: { status: 503, headers: { 'retry-after': '1' } } } },
  );
}

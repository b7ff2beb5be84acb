import type { MaskError } from '../graphql/errors.ts';
import { Line } from './line.ts';
import { payloadOf } from './payload.ts';
import type { Client } from './subscriber.ts';

/** A result that is JSON already, as Yoga takes it. */
interface Result {
  readonly stringify: () => string;
}

type Taken = IteratorResult<Result, undefined>;

/**
 * A subscription's results for who asks for one after the other, as Yoga does: one waits to be taken, and until then the
 * line to its client is full.
 */
export class PulledResults implements AsyncIterableIterator<Result, undefined> {
  readonly line: Line;
  readonly client: Client;
  readonly #onEnd: () => void;
  readonly #results: Result[] = [];
  #taker: ((taken: Taken) => void) | undefined;
  #drained: (() => void) | undefined;
  #isOver = false;

  /** `onEnd` is called once: when the last result has come, or its client has left. */
  constructor(maskError: MaskError, onEnd: () => void) {
    this.#onEnd = onEnd;
    const results = this.#results;
    const stream = {
      get writableNeedDrain() {
        return results.length > 0;
      },
      writableLength: 0,
      on: (_: 'drain', listener: () => void) => (this.#drained = listener),
      off: () => undefined,
    };
    // Nothing is written to it: it says whether there is room.
    this.line = new Line(
      stream,
      () => undefined,
      () => undefined,
    );
    this.client = {
      next: (payload) => this.#tell(payload),
      complete: () => this.#end(),
      fail: (error) => {
        this.#tell(payloadOf({ errors: [maskError(error)] }));
        this.#end();
      },
    };
  }

  next(): Promise<Taken> {
    const value = this.#results.shift();
    if (value !== undefined) {
      this.#drained?.();
      return Promise.resolve({ done: false, value });
    }
    if (this.#isOver) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve) => {
      this.#taker = resolve;
    });
  }

  /** Its client has left. */
  return(): Promise<Taken> {
    this.#results.length = 0;
    this.#end();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #tell(payload: string): void {
    if (this.#isOver) return;
    const value = { stringify: () => payload };
    if (this.#taker === undefined) this.#results.push(value);
    else this.#taker({ done: false, value });
    this.#taker = undefined;
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#taker?.({ done: true, value: undefined });
    this.line.close();
    this.#onEnd();
  }
}

import { counts } from '../metrics.ts';
import type { Line } from './line.ts';

/** How one subscription speaks to its client, in the words of the transport. */
export interface Client {
  next(payload: string): void;
  complete(): void;
  fail(error: unknown): void;
}

/** One subscriber: passes payloads on as they come, and keeps only the newest while its client is slow. */
export class Subscriber {
  readonly #line: Line;
  readonly #client: Client;
  #kept: string | undefined;
  #end: (() => void) | undefined;
  #isWaiting = false;
  #isOver = false;

  constructor(line: Line, client: Client) {
    this.#line = line;
    this.#client = client;
  }

  /** Payloads that a slow client was spared show in no other way than that they don't come. */
  next(payload: string): void {
    if (this.#isOver || this.#end !== undefined) return;
    if (!this.#isWaiting && !this.#line.isFull) {
      counts.statesSent += 1;
      return this.#client.next(payload);
    }
    if (this.#kept !== undefined) counts.statesSkipped += 1;
    this.#kept = payload;
    this.#wait();
  }

  /** Ends it after what is kept. */
  complete(): void {
    this.#endBy(() => this.#client.complete());
  }

  /** The same, with an error. */
  fail(error: unknown): void {
    this.#endBy(() => this.#client.fail(error));
  }

  /** Passes nothing on any more: the client has left. */
  leave(): void {
    this.#isOver = true;
    this.#kept = undefined;
  }

  #endBy(end: () => void): void {
    if (this.#isOver || this.#end !== undefined) return;
    this.#end = end;
    if (!this.#isWaiting) this.#flush();
  }

  #wait(): void {
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    this.#line.whenDrained(() => {
      this.#isWaiting = false;
      // A client that has gone is told nothing, nor is it counted as told.
      if (this.#line.isClosed) this.leave();
      else this.#flush();
    });
  }

  #flush(): void {
    if (this.#isOver) return;
    const payload = this.#kept;
    this.#kept = undefined;
    if (payload !== undefined) {
      counts.statesSent += 1;
      this.#client.next(payload);
    }
    if (this.#end === undefined) return;
    this.#isOver = true;
    this.#end();
  }
}

import type { IncomingMessage } from 'node:http';
import type { Session } from '../auth/session.ts';
import { parseTrace } from '../graphql/context.ts';
import type { Line } from './line.ts';
import type { Origin } from './pipeline.ts';
import type { SocketSession } from './socket-session.ts';

/** A socket, as its operations see it. */
export class SocketOrigin implements Origin {
  readonly line: Line;
  readonly signedIn: SocketSession;
  traceparent: string | undefined;
  readonly #maxOperations: number;
  #gone: AbortController | undefined;
  #hasLeft = false;
  #beginning: Set<string> | undefined;
  #operations = 0;

  constructor(
    line: Line,
    signedIn: SocketSession,
    { headers: { traceparent } }: IncomingMessage,
    maxOperations: number,
  ) {
    this.line = line;
    this.signedIn = signedIn;
    this.#maxOperations = maxOperations;
    this.traceparent = typeof traceparent === 'string' ? traceparent : undefined;
  }

  get session(): Session {
    return this.signedIn.current;
  }

  get address(): string {
    return this.signedIn.address;
  }

  /** Made for those who ask. */
  get signal(): AbortSignal {
    if (this.#gone === undefined) {
      this.#gone = new AbortController();
      if (this.#hasLeft) this.#gone.abort();
    }
    return this.#gone.signal;
  }

  /** The same for an operation that brings a `traceparent` of its own. */
  of(traceparent: unknown): Origin {
    const own = typeof traceparent === 'string' ? parseTrace(traceparent) : undefined;
    return own === undefined ? this : new OperationOrigin(this, own);
  }

  /**
   * Notes that the subscription of this id is about to begin; false where one of the same id is, which its client has
   * completed already: graphql-ws would take one for the other, and one of them would never end.
   */
  begin(id: string): boolean {
    this.#beginning ??= new Set();
    if (this.#beginning.has(id)) return false;
    this.#beginning.add(id);
    return true;
  }

  /** It has begun, or could not. */
  hasBegun(id: string): void {
    this.#beginning?.delete(id);
    if (this.#beginning?.size === 0) this.#beginning = undefined;
  }

  /**
   * Notes that an operation is under way, until `hasEnded`; false where there are as many as may be. Counted here, as
   * graphql-ws forgets those that their client has completed while they run on.
   */
  hasRoom(): boolean {
    if (this.#operations >= this.#maxOperations) return false;
    this.#operations += 1;
    return true;
  }

  hasEnded(): void {
    this.#operations -= 1;
  }

  leave(): void {
    this.#hasLeft = true;
    this.signedIn.leave();
    this.#gone?.abort();
  }
}

/** One operation of a socket, which belongs to another trace than the socket does. */
class OperationOrigin implements Origin {
  readonly traceparent: string;
  readonly #socket: SocketOrigin;

  constructor(socket: SocketOrigin, traceparent: string) {
    this.#socket = socket;
    this.traceparent = traceparent;
  }

  get session(): Session {
    return this.#socket.session;
  }

  get address(): string {
    return this.#socket.address;
  }

  get signal(): AbortSignal {
    return this.#socket.signal;
  }
}

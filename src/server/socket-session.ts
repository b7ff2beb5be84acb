import type { IncomingMessage } from 'node:http';
import { CloseCode } from 'graphql-ws';
import type { Credentials } from '../auth/authenticator.ts';
import type { Session } from '../auth/session.ts';
import { RateLimitedError, UnauthenticatedError, UnavailableError } from '../errors.ts';
import { type ConnectionParams, showsToken, tokenIn } from './credentials.ts';
import type { ClientPlaces } from './client-places.ts';
import type { SignIn } from './sign-in.ts';

/** Of RFC 6455's registry: clients of graphql-ws come again by themselves. */
const tryAgainLater = 1013;

type Payload = Readonly<Record<string, unknown>>;

/** As whom a socket's client has signed in: for as long as that holds, and again before it ends. */
export class SocketSession {
  readonly #signIn: SignIn;
  readonly #shown: Credentials;
  readonly #places: ClientPlaces;
  readonly #close: (code: number, reason: string) => void;
  #freePlace: (() => void) | undefined;
  #current: Session | undefined;
  #release: (() => void) | undefined;
  #isOver = false;
  /** Renewals are counted, as the last one that was sent holds, whichever is accepted first. */
  #sent = 0;
  #accepted = 0;

  /** Takes one of `places` when its client signs in; `close` closes the socket, after which nothing is sent any more. */
  constructor(
    signIn: SignIn,
    places: ClientPlaces,
    request: IncomingMessage,
    close: (code: number, reason: string) => void,
  ) {
    const { token, headers, address } = signIn.credentialsOf(request);
    this.#signIn = signIn;
    this.#places = places;
    // Without the request itself, which would be kept for as long as the socket.
    this.#shown = { token, headers, address, params: undefined };
    this.#close = close;
  }

  /** Where the client is. */
  get address(): string {
    return this.#shown.address;
  }

  /** @throws UnauthenticatedError before the client has signed in, and after its session's end */
  get current(): Session {
    if (this.#current === undefined) throw new UnauthenticatedError();
    return this.#current;
  }

  /** Signs in by the payload of `connection_init`; what its answer says, or false where nobody may come in. */
  async begin(params: ConnectionParams | undefined): Promise<Payload | boolean> {
    try {
      const session = await this.#signIn.session(this.#credentials(params));
      if (this.#isOver) return false;
      this.#freePlace = this.#places.takeOfOwner(session);
      if (this.#freePlace === undefined) {
        this.#end(tryAgainLater, 'too many sockets of this owner');
        return false;
      }
      this.#hold(session);
      return expiryOf(session) ?? true;
    } catch (error) {
      if (error instanceof UnauthenticatedError) return false;
      if (!isPassing(error)) throw error;
      if (error instanceof UnavailableError) this.#end(tryAgainLater, 'try again later');
      else this.#end(CloseCode.TooManyInitialisationRequests, tooManyRequests(error));
      return false;
    }
  }

  /**
   * Answers the payload of a ping. With a token in it, the session goes on as the one of the token, if that is for the same
   * viewer with the same rights: streams have begun with these.
   */
  async ping(payload: Payload | undefined): Promise<Payload | undefined> {
    if (payload === undefined || !showsToken(payload)) return undefined;
    const before = this.#current;
    if (before === undefined) return this.#end(CloseCode.Unauthorized, 'Unauthorized');
    const turn = (this.#sent += 1);
    try {
      const session = await this.#signIn.session(this.#credentials(payload));
      if (this.#isOver) return undefined;
      if (session.viewer.key !== before.viewer.key) return this.#end(CloseCode.Forbidden, 'session changed');
      if (turn > this.#accepted) {
        this.#accepted = turn;
        this.#hold(session);
      }
      return expiryOf(session);
    } catch (error) {
      if (error instanceof UnauthenticatedError) return this.#end(CloseCode.Forbidden, 'Forbidden');
      if (!isPassing(error)) throw error;
      // The session that there is goes on: the client may try again.
      return { error: { code: error.code, message: error.message } };
    }
  }

  /** The client has left. */
  leave(): void {
    this.#isOver = true;
    this.#current = undefined;
    this.#freePlace?.();
    this.#freePlace = undefined;
    this.#release?.();
    this.#release = undefined;
  }

  #credentials(params: ConnectionParams | undefined): Credentials {
    if (params === undefined) return this.#shown;
    return { ...this.#shown, token: showsToken(params) ? tokenIn(params) : this.#shown.token, params };
  }

  #hold(session: Session): void {
    this.#release?.();
    this.#current = session;
    this.#release = this.#signIn.hold(session, (why) =>
      this.#end(CloseCode.Forbidden, `session ${why.toLowerCase()}`),
    );
  }

  #end(code: number, reason: string): undefined {
    this.leave();
    this.#close(code, reason);
  }
}

function expiryOf({ expiresAt }: Session): Payload | undefined {
  return expiresAt === undefined ? undefined : { expiresAt: new Date(expiresAt).toISOString() };
}

function tooManyRequests({ retryAfterMs }: RateLimitedError): string {
  return `too many requests: try again in ${Math.ceil(retryAfterMs / 1000)} s`;
}

/** Whether the same may be accepted later. */
function isPassing(error: unknown): error is UnavailableError | RateLimitedError {
  return error instanceof UnavailableError || error instanceof RateLimitedError;
}

import type { IncomingMessage } from 'node:http';
import type { Authenticator, Credentials, SessionEnd } from '../auth/authenticator.ts';
import type { Session } from '../auth/session.ts';
import { UnauthenticatedError } from '../errors.ts';
import { addressOf } from './address.ts';
import { RequestCredentials } from './credentials.ts';
import { hasUrlToken, takeUrlToken } from './url-token.ts';

/** Where everybody comes in, over whichever transport. */
export class SignIn {
  readonly #authenticator: Authenticator;
  readonly #trustProxy: number;

  /** Of so many proxies in front of the server it is believed who has asked them. */
  constructor(authenticator: Authenticator, trustProxy = 0) {
    this.#authenticator = authenticator;
    this.#trustProxy = trustProxy;
  }

  /** The address of a request's client. */
  addressOf(request: IncomingMessage): string {
    return addressOf(request, this.#trustProxy);
  }

  /** @throws UnauthenticatedError where there is a token in its URL that may not be there */
  credentialsOf(request: IncomingMessage): RequestCredentials {
    const urlToken = hasUrlToken(request) ? takeUrlToken(request) : undefined;
    return new RequestCredentials(request, urlToken, this.#trustProxy);
  }

  /**
   * Who shows this; at once, where nothing has to be asked for it.
   *
   * @throws UnauthenticatedError, RateLimitedError, UnavailableError
   */
  session(credentials: Credentials): Session | Promise<Session> {
    return this.#authenticator.authenticate(credentials);
  }

  /** Calls back, once, as soon as the session is over, until what it returns is called. */
  hold(session: Session, end: (why: SessionEnd) => void): () => void {
    return this.#authenticator.hold(session, end);
  }
}

/** What a stream is told whose session is over. */
export function sessionOver(why: SessionEnd): UnauthenticatedError {
  return new UnauthenticatedError(
    `The session ${why === 'EXPIRED' ? 'has expired' : 'was revoked'}. Sign in again.`,
  );
}

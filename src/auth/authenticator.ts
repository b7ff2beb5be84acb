import type { IncomingHttpHeaders } from 'node:http';
import { UnauthenticatedError } from '../errors.ts';
import { atTime } from './timer.ts';
import { openSession, type Session } from './session.ts';

/** What a client shows to sign in, over whichever transport. */
export interface Credentials {
  /** Of `authorization: Bearer …`, as a header or in the payload of `connection_init`. */
  readonly token: string | undefined;
  readonly headers: IncomingHttpHeaders;
  /** The payload of `connection_init`, over WebSocket. */
  readonly params: Readonly<Record<string, unknown>> | undefined;
  /** The client's address, as far as proxies are trusted. */
  readonly address: string;
}

/** Why a session is over. */
export type SessionEnd = 'EXPIRED' | 'REVOKED';

/** Finds out who asks. */
export interface Authenticator {
  /**
   * At once, where nothing has to be asked for it: most requests are answered in less than a promise takes.
   *
   * @throws UnauthenticatedError where nobody can be told from the credentials; UnavailableError
   */
  authenticate(credentials: Credentials): Session | Promise<Session>;
  /**
   * Calls `end`, once, within 5 s of the session's expiry or revocation, until what it returns is called; never before it
   * has returned.
   */
  hold(session: Session, end: (why: SessionEnd) => void): () => void;
  close(): void;
}

/** Where there is no sign-in: everybody may do everything. */
export const openAuthenticator: Authenticator = {
  authenticate: () => openSession,
  hold: () => () => undefined,
  close: () => undefined,
};

/** One way to sign in: by tokens of one shape, or by asking. */
export interface Way {
  /**
   * Undefined where the credentials are none of its kind, so that the next way is asked.
   *
   * @throws UnauthenticatedError where they are of its kind and don't hold; UnavailableError
   */
  authenticate(credentials: Credentials): Session | undefined | Promise<Session | undefined>;
  /** Calls `revoked` within 5 s of the revocation of a session that it made, until what it returns is called. */
  hold?(session: Session, revoked: () => void): (() => void) | undefined;
  close?(): void;
}

/** Asks one way after the other; the first that knows the credentials decides. Closes them with itself. */
export function authenticatorOf(ways: readonly Way[]): Authenticator {
  return {
    authenticate: (credentials) => firstOf(ways, credentials, 0),
    hold(session, end) {
      const stops: (() => void)[] = [];
      const stop = () => stops.splice(0).forEach((each) => each());
      const endOnce = (why: SessionEnd) => {
        stop();
        end(why);
      };
      if (session.expiresAt !== undefined) stops.push(atTime(session.expiresAt, () => endOnce('EXPIRED')));
      for (const way of ways) {
        const release = way.hold?.(session, () => endOnce('REVOKED'));
        if (release !== undefined) stops.push(release);
      }
      return stop;
    },
    close() {
      for (const way of ways) way.close?.();
    },
  };
}

function firstOf(ways: readonly Way[], credentials: Credentials, from: number): Session | Promise<Session> {
  for (const [index, way] of ways.entries()) {
    if (index < from) continue;
    const found = way.authenticate(credentials);
    if (found instanceof Promise)
      return found.then((session) => session ?? firstOf(ways, credentials, index + 1));
    if (found !== undefined) return found;
  }
  throw new UnauthenticatedError();
}

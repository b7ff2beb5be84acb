import type { IncomingHttpHeaders } from 'node:http';
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
  /** Calls `end`, once, within 5 s of the session's expiry or revocation, until what it returns is called. */
  hold(session: Session, end: (why: SessionEnd) => void): () => void;
  close(): void;
}

/** Where there is no sign-in: everybody may do everything. */
export const openAuthenticator: Authenticator = {
  authenticate: () => openSession,
  hold: () => () => undefined,
  close: () => undefined,
};

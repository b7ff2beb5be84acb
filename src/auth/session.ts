import { openOwner } from './owner.ts';
import { scopes, type Viewer, viewerOf } from './viewer.ts';

/** A viewer who has signed in, until when, and by what: for the audit, and to find out that it was revoked. */
export interface Session {
  readonly viewer: Viewer;
  /** By what it has signed in, safe to show: `token:ID`, `jwt`, `watch`, `hook`, `open`. */
  readonly credential: string;
  /** When it ends (ms since 1970); undefined where only a revocation ends it. */
  readonly expiresAt: number | undefined;
}

/** Everybody, where there is no sign-in. */
export const openSession: Session = {
  viewer: viewerOf(openOwner, { scopes }),
  credential: 'open',
  expiresAt: undefined,
};

import type { Authenticator, Credentials } from '../auth/authenticator.ts';
import { RateLimitedError, UnauthenticatedError } from '../errors.ts';
import { type AuditLog, authenticationFailed } from '../tasks/audit.ts';

/** The same authenticator; whoever it refuses is written down. What was shown isn't. */
export function withSignInAudit(authenticator: Authenticator, audit: AuditLog): Authenticator {
  const note = (error: unknown, { address }: Credentials): void => {
    if (!(error instanceof UnauthenticatedError || error instanceof RateLimitedError)) return;
    void audit.record({ action: authenticationFailed, outcome: error.code, address });
  };
  return {
    authenticate(credentials) {
      try {
        const session = authenticator.authenticate(credentials);
        if (session instanceof Promise) session.catch((error: unknown) => note(error, credentials));
        return session;
      } catch (error) {
        note(error, credentials);
        throw error;
      }
    },
    hold: (session, end) => authenticator.hold(session, end),
    close: () => authenticator.close(),
  };
}

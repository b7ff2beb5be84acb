import { randomBytes } from 'node:crypto';
import type { Authenticator, Credentials, SessionEnd } from '../../src/auth/authenticator.ts';
import type { Session } from '../../src/auth/session.ts';
import { type Scope, scopes, viewerOf } from '../../src/auth/viewer.ts';
import { UnauthenticatedError, UnavailableError } from '../../src/errors.ts';
import { registerSecret } from './secrets.ts';

/** Tokens in memory, which a test makes and revokes. */
export class TestTokens implements Authenticator {
  readonly #sessions: Map<string, Session> = new Map();
  readonly #held: Map<Session, Set<(why: SessionEnd) => void>> = new Map();
  /** While it is set, nobody can be asked. */
  isAway = false;
  /** Of those who have asked. */
  readonly addresses: string[] = [];

  /** A token of an owner with all scopes, or those given; it lasts `forMs`, where that is given. */
  make(
    owner: string,
    forMs?: number,
    given: readonly Scope[] = scopes,
    rest: Omit<Parameters<typeof viewerOf>[1], 'scopes'> = {},
  ): string {
    const token = registerSecret(`test_${owner}_${randomBytes(12).toString('hex')}`);
    this.#sessions.set(token, {
      viewer: viewerOf(owner, { scopes: given, ...rest }),
      credential: `token:${this.#sessions.size}`,
      expiresAt: forMs === undefined ? undefined : Date.now() + forMs,
    });
    return token;
  }

  revoke(token: string): void {
    const session = this.#sessions.get(token);
    this.#sessions.delete(token);
    for (const end of (session && this.#held.get(session)) ?? []) end('REVOKED');
  }

  /** How many sockets and streams hang on sessions. */
  get held(): number {
    return [...this.#held.values()].reduce((sum, { size }) => sum + size, 0);
  }

  async authenticate({ token, address }: Credentials): Promise<Session> {
    this.addresses.push(address);
    await Promise.resolve();
    if (this.isAway) throw new UnavailableError();
    const session = this.#sessions.get(token ?? '');
    if (session === undefined || (session.expiresAt ?? Infinity) <= Date.now())
      throw new UnauthenticatedError();
    return session;
  }

  hold(session: Session, end: (why: SessionEnd) => void): () => void {
    const held = this.#held.get(session) ?? new Set();
    this.#held.set(session, held.add(end));
    const { expiresAt } = session;
    const timer =
      expiresAt === undefined
        ? undefined
        : setTimeout(() => end('EXPIRED'), Math.max(expiresAt - Date.now(), 1));
    return () => {
      held.delete(end);
      clearTimeout(timer);
    };
  }

  close(): void {}
}

import type { Authenticator, Credentials, SessionEnd } from './authenticator.ts';
import type { Session } from './session.ts';
import { isWatchSession, type WatchSession, watchTokenPrefix, type WatchTokens } from './watch-tokens.ts';

/** How often those who are held are looked at, in ms. */
const lookMs = 2_000;

interface Held {
  readonly session: WatchSession;
  readonly end: (why: SessionEnd) => void;
}

/** Lets in who has a watch token, however all others sign in. */
export class WatchAuthenticator implements Authenticator {
  readonly #tokens: WatchTokens;
  readonly #others: Authenticator;
  readonly #held: Set<Held> = new Set();
  #timer: NodeJS.Timeout | undefined;

  constructor(tokens: WatchTokens, others: Authenticator) {
    this.#tokens = tokens;
    this.#others = others;
  }

  authenticate(credentials: Credentials): Session | Promise<Session> {
    const { token } = credentials;
    // Whoever shows one asks for no more than that, also where everybody may do everything.
    return token?.startsWith(watchTokenPrefix) === true
      ? this.#tokens.verify(token)
      : this.#others.authenticate(credentials);
  }

  hold(session: Session, end: (why: SessionEnd) => void): () => void {
    if (!isWatchSession(session)) return this.#others.hold(session, end);
    const held = { session, end };
    this.#held.add(held);
    this.#timer ??= setInterval(() => void this.#look(), lookMs).unref();
    return () => this.#release(held);
  }

  close(): void {
    for (const held of this.#held) this.#release(held);
    this.#others.close();
  }

  /** One look for all of them: thousands of browsers may watch. */
  async #look(): Promise<void> {
    for (const held of this.#held) if (held.session.expiresAt <= Date.now()) this.#end(held, 'EXPIRED');
    const keyIds = new Set(Array.from(this.#held, ({ session }) => session.keyId));
    for (const keyId of keyIds) {
      if (!(await this.#tokens.isRevoked(keyId).catch(() => false))) continue;
      for (const held of this.#held) if (held.session.keyId === keyId) this.#end(held, 'REVOKED');
    }
  }

  #end(held: Held, why: SessionEnd): void {
    this.#release(held);
    held.end(why);
  }

  #release(held: Held): void {
    this.#held.delete(held);
    if (this.#held.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

import { timingSafeEqual } from 'node:crypto';
import { ForbiddenError, UnauthenticatedError } from '../errors.ts';
import type { Redis } from '../redis/connection.ts';
import type { Session } from './session.ts';
import { type Viewer, viewerOf, type WatchRight, watchRights } from './viewer.ts';
import { type WatchKey, WatchKeys } from './watch-key.ts';

/** By this a token is known for what it is, by people, servers and scanners for secrets. */
export const watchTokenPrefix = 'tww_';

/** How long a token may hold when it is made or renewed, in ms: a minute, a day; and an hour unless told otherwise. */
export const shortestWatchMs = 60_000;
export const longestWatchMs = 86_400_000;
export const defaultWatchMs = 3_600_000;

/** How long after it was made a token can be renewed, in ms: seven days. */
export const longestRenewedMs = 7 * longestWatchMs;

/** What is longer is none of ours. */
const longestToken = 4_096;

/** What a token lets its holder do, with a task of whom. */
export interface WatchGrant {
  readonly taskId: string;
  /** The task's: what the holder sees, it sees as this owner. */
  readonly owner: string;
  readonly rights: readonly WatchRight[];
}

/** A token, to be handed to who is to watch. */
export interface WatchToken {
  readonly token: string;
  /** In ms since 1970. */
  readonly expiresAt: number;
  readonly rights: readonly WatchRight[];
}

/** A viewer who has signed in by a watch token. */
export interface WatchSession extends Session {
  readonly viewer: Viewer & { readonly watch: NonNullable<Viewer['watch']> };
  readonly expiresAt: number;
  /** When the first of the tokens that were renewed up to this one was made, in ms since 1970. */
  readonly since: number;
  /** The id of the key that has signed it. */
  readonly keyId: string;
}

/**
 * Tokens by which a browser without an account watches one task. They are signed, not stored: one costs the store nothing,
 * however many there are, and all of them end by taking the key away.
 *
 * `tww_KEY.CLAIMS.SIGNATURE`, the last one HMAC-SHA256 of what stands before it. No JWT: there is no algorithm in it that a
 * forger could choose, nothing is parsed before the signature was checked, and none is ever taken for another kind of token.
 */
export class WatchTokens {
  readonly #keys: WatchKeys;

  constructor(redis: Redis, prefix: string) {
    this.#keys = new WatchKeys(redis, prefix);
  }

  /** Makes a token that holds for `lifeMs`. Whether the viewer may is for its caller to ask. @throws UnavailableError */
  async mint(grant: WatchGrant, lifeMs: number): Promise<WatchToken> {
    const now = Date.now();
    return sign(await this.#keys.current(), grant, now, now + lifeMs);
  }

  /** Who has this token. @throws UnauthenticatedError; UnavailableError */
  async verify(token: string): Promise<WatchSession> {
    const { signed, keyId, text, signature } = partsOf(token);
    const key = await this.#keys.find(keyId);
    if (key === undefined || !isSame(signature, key.sign(signed))) throw new UnauthenticatedError(invalid);
    // What we have signed is what we have made of claims.
    const claims = JSON.parse(Buffer.from(text, 'base64url').toString()) as Claims;
    if (claims.e <= Date.now()) throw new UnauthenticatedError(expired);
    return sessionOf(claims, keyId);
  }

  /**
   * Makes a token like the one that the session has signed in by, which ends later: by `lifeMs` from now, but never later than
   * seven days after the first one was made. That one holds as before.
   *
   * @throws UnauthenticatedError for another kind of session, and where it has ended; ForbiddenError where the seven days are
   * over; UnavailableError
   */
  async renew(session: Session, lifeMs: number): Promise<WatchToken> {
    if (!isWatchSession(session))
      throw new UnauthenticatedError('Expected to be signed in by the watch token that is to be renewed.');
    const now = Date.now();
    if (session.expiresAt <= now) throw new UnauthenticatedError(expired);
    const end = session.since + longestRenewedMs;
    if (end - now < shortestWatchMs) throw new ForbiddenError(renewedTooLong);
    const key = await this.#keys.find(session.keyId);
    if (key === undefined) throw new UnauthenticatedError(invalid);
    const { owner, watch } = session.viewer;
    const grant = { owner, taskId: watch.taskId, rights: [...watch.rights] };
    return sign(key, grant, session.since, Math.min(now + lifeMs, end));
  }

  /** Whether a key was taken away, so that what has signed in by it is over. @throws UnavailableError */
  async isRevoked(keyId: string): Promise<boolean> {
    return (await this.#keys.find(keyId)) === undefined;
  }

  /** Voids all watch tokens that there are, in all processes within a second. @throws UnavailableError */
  async revokeAll(): Promise<void> {
    await this.#keys.revoke();
  }
}

/** Whether a session has signed in by a watch token. */
export function isWatchSession(session: Session): session is WatchSession {
  return session.viewer.watch !== undefined && 'since' in session;
}

/** What stands in a token: short names, as it may stand in a URL. */
interface Claims {
  readonly t: string;
  readonly o: string;
  readonly r: readonly WatchRight[];
  /** When the first one was made, and when this one ends, in ms since 1970. */
  readonly i: number;
  readonly e: number;
}

function sign(
  key: WatchKey,
  { taskId, owner, rights: asked }: WatchGrant,
  since: number,
  end: number,
): WatchToken {
  // Each once, in one order.
  const rights = watchRights.filter((right) => asked.includes(right));
  const claims: Claims = { t: taskId, o: owner, r: rights, i: since, e: end };
  const text = Buffer.from(JSON.stringify(claims)).toString('base64url');
  const signed = `${watchTokenPrefix}${key.id}.${text}`;
  return { token: `${signed}.${key.sign(signed)}`, expiresAt: end, rights };
}

function sessionOf({ t, o, r, i, e }: Claims, keyId: string): WatchSession {
  // A process that is newer may know more rights.
  const rights = new Set(watchRights.filter((right) => r.includes(right)));
  const watch = { taskId: t, rights };
  const viewer = { ...viewerOf(o, { watch }), watch };
  return { viewer, credential: 'watch', expiresAt: e, since: i, keyId };
}

/** @throws UnauthenticatedError */
function partsOf(token: string): { signed: string; keyId: string; text: string; signature: string } {
  const parts = token.length <= longestToken ? form.exec(token)?.groups : undefined;
  if (parts === undefined) throw new UnauthenticatedError(invalid);
  const { signed = '', keyId = '', text = '', signature = '' } = parts;
  return { signed, keyId, text, signature };
}

const form = new RegExp(
  `^(?<signed>${watchTokenPrefix}(?<keyId>[\\w-]{8})\\.(?<text>[\\w-]+))\\.(?<signature>[\\w-]{43})$`,
);

/** Takes as long wherever they differ; both are as long as each other. */
function isSame(given: string, right: string): boolean {
  return timingSafeEqual(Buffer.from(given), Buffer.from(right));
}

const invalid = 'Expected a watch token of this API, as `watchToken` gives it.';
const expired =
  'This watch token has expired. Ask whoever handed it out for another one; renew that before it ends.';
const renewedTooLong =
  'This watch token was made seven days ago and can be renewed no more. Ask whoever handed it out for another one.';

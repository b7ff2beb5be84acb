import { hash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Scope } from './viewer.ts';

/** What may be shown of an API token: all but the token. */
export interface ApiToken {
  readonly id: string;
  /** What its maker calls it. */
  readonly name: string;
  /** Whom it signs in. */
  readonly owner: string;
  readonly scopes: readonly Scope[];
  /** When it was made (ms since 1970). */
  readonly createdAt: number;
  /** When it ends (ms since 1970); undefined where only a revocation ends it. */
  readonly expiresAt: number | undefined;
  /** When it last signed somebody in, to within two minutes (ms since 1970). */
  readonly lastUsedAt: number | undefined;
}

/** The parts of an API token: its id, which names its record, and the secret that proves it. */
export interface TokenParts {
  readonly id: string;
  readonly secret: string;
}

// 256 bits, written with 6 a character.
const pattern = /^twk_([0-9a-f]{16})_([A-Za-z0-9_-]{43})$/;

/** True for what is meant as an API token, whole or not. */
export function looksLikeApiToken(token: string): boolean {
  return token.startsWith('twk_');
}

/** The parts of an API token; undefined of anything else. */
export function parseApiToken(token: string): TokenParts | undefined {
  const [, id, secret] = pattern.exec(token) ?? [];
  return id === undefined || secret === undefined ? undefined : { id, secret };
}

/** Makes a token of random bytes, which nobody can tell from its id. */
export function mintApiToken(): TokenParts & { readonly token: string } {
  const id = randomBytes(8).toString('hex');
  const secret = randomBytes(32).toString('base64url');
  return { id, secret, token: `twk_${id}_${secret}` };
}

/** What is kept of a secret. A slow hash would only be needed if somebody had chosen it. */
export function digestOf(secret: string): Buffer {
  return hash('sha256', secret, 'buffer');
}

/** Whether a secret is the one that was kept, in a time that doesn't tell how much of it is right. */
export function isSecretOf(digest: Buffer, secret: string): boolean {
  return timingSafeEqual(digest, digestOf(secret));
}

import { hash } from 'node:crypto';
import { errors, jwtVerify, type JWTPayload } from 'jose';
import { ConfigurationError, UnauthenticatedError, UnavailableError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import type { Credentials, Way } from './authenticator.ts';
import { type JwtKeys, jwtKeys } from './jwt-keys.ts';
import { ownerIssue } from './owner.ts';
import type { Session } from './session.ts';
import { scopes, viewerOf } from './viewer.ts';

/** Which JSON Web Tokens sign in: of one issuer, for one audience, by one of three kinds of key. */
export interface JwtOptions {
  /** Shared with whoever makes the tokens (HS256): at least 32 bytes. */
  readonly secret?: string | undefined;
  /** As PEM: RSA, EC or Ed25519. */
  readonly publicKey?: string | undefined;
  /** Where the issuer shows its public keys, by https. */
  readonly jwks?: string | URL | undefined;
  /** The one algorithm that is allowed. @default by the key: HS256, RS256, ES256, ES384, ES512 or EdDSA; of a JWKS any of a public key */
  readonly algorithm?: string | undefined;
  /** What `iss` has to be. */
  readonly issuer: string;
  /** What `aud` has to be, or to hold. */
  readonly audience: string;
}

/** Clocks may differ by so much, in seconds. */
const skewS = 30;
/** From `iat` to `exp`, in seconds: what can't be revoked has to end soon. */
const longestLifeS = 3_600;
/** How long a token that was checked is taken for good, in ms: a key that is withdrawn is noticed after it. */
const cacheMs = 2_000;
const maxCached = 10_000;

/** Signs in by JSON Web Tokens. */
export class JwtWay implements Way {
  readonly #options: JwtOptions;
  readonly #keys: JwtKeys;
  readonly #logger: Logger;
  readonly #checked: Map<string, { readonly session: Session; readonly until: number }> = new Map();

  /** @throws ConfigurationError where the options would let in too many, or nobody */
  constructor(options: JwtOptions, logger: Logger) {
    for (const name of ['issuer', 'audience'] as const) {
      if (typeof options[name] === 'string' && options[name] !== '') continue;
      throw new ConfigurationError([`JWT: expected ${name}, as a token may be meant for others.`]);
    }
    this.#options = options;
    this.#keys = jwtKeys(options);
    this.#logger = logger;
  }

  /** How many tokens are remembered. */
  get cached(): number {
    return this.#checked.size;
  }

  authenticate({ token }: Credentials): Session | undefined | Promise<Session> {
    if (token === undefined || !looksLikeJwt(token)) return undefined;
    const key = hash('sha256', token, 'base64url');
    const checked = this.#checked.get(key);
    if (checked !== undefined && checked.until > performance.now() && !isPast(checked.session)) {
      return checked.session;
    }
    this.#checked.delete(key);
    return this.#check(token, key);
  }

  async #check(token: string, key: string): Promise<Session> {
    const { issuer, audience } = this.#options;
    const { algorithms, getKey } = this.#keys;
    const until = performance.now() + cacheMs;
    const session = await jwtVerify(token, getKey, {
      algorithms: [...algorithms],
      issuer,
      audience,
      clockTolerance: skewS,
      requiredClaims: ['exp', 'iat', 'sub'],
    }).then(
      ({ payload }) => sessionOf(payload),
      (error: unknown) => {
        throw this.#refusal(error);
      },
    );
    const [oldest] = this.#checked.keys();
    if (this.#checked.size >= maxCached && oldest !== undefined) this.#checked.delete(oldest);
    this.#checked.set(key, { session, until });
    return session;
  }

  #refusal(error: unknown): Error {
    if (error instanceof errors.JWTExpired) return new UnauthenticatedError('This JWT has expired.');
    if (isAboutToken(error)) return new UnauthenticatedError(`This JWT is not valid: ${reasonOf(error)}.`);
    this.#logger.error({ err: error }, "the keys of JWTs can't be had, so that nobody can sign in by one");
    return new UnavailableError({ cause: error }, 'Signing in fails right now. Try again in a few seconds.');
  }
}

/** Three parts, the first of which begins as JSON does: whatever else it is, another way may know it. */
function looksLikeJwt(token: string): boolean {
  return /^ey[\w-]*\.[\w-]+\.[\w-]*$/.test(token);
}

function isPast({ expiresAt }: Session): boolean {
  return expiresAt !== undefined && expiresAt + skewS * 1_000 <= Date.now();
}

/** What is wrong with the token itself; all else is wrong with the keys. */
function isAboutToken(error: unknown): error is errors.JOSEError {
  return (
    error instanceof errors.JWTClaimValidationFailed ||
    error instanceof errors.JOSEAlgNotAllowed ||
    error instanceof errors.JOSENotSupported ||
    error instanceof errors.JWSInvalid ||
    error instanceof errors.JWTInvalid ||
    error instanceof errors.JWSSignatureVerificationFailed ||
    error instanceof errors.JWKSNoMatchingKey ||
    error instanceof errors.JWKSMultipleMatchingKeys
  );
}

/** Names the claim and never its value. */
function reasonOf(error: errors.JOSEError): string {
  if (error instanceof errors.JWTClaimValidationFailed) return `its claim ${error.claim} is not as expected`;
  if (error instanceof errors.JOSEAlgNotAllowed) return 'its algorithm is not the allowed one';
  return 'it is not whole, or not signed by the expected key';
}

const scopeClaims = ['scope', 'scopes', 'scp'];
/** What `authorize` isn't told, as it is about the token. */
const isRead = new Set([...scopeClaims, 'iat', 'exp', 'nbf', 'jti', 'iss', 'aud', 'sub']);

/** @throws UnauthenticatedError */
function sessionOf(payload: JWTPayload): Session {
  const { iat, exp, sub } = payload;
  if (typeof iat !== 'number' || typeof exp !== 'number')
    throw refused('its claims iat and exp are no times');
  if (iat > Date.now() / 1_000 + skewS) throw refused('its claim iat lies in the future');
  if (exp - iat > longestLifeS) {
    throw refused(`it lives for longer than an hour (${Math.round(exp - iat)} s from iat to exp)`);
  }
  const badOwner = ownerIssue(sub);
  if (sub === undefined || badOwner !== undefined) throw refused('its claim sub is not the name of an owner');
  const words = new Set(scopeClaims.flatMap((name) => wordsOf(payload[name])));
  const claims = Object.fromEntries(Object.entries(payload).filter(([name]) => !isRead.has(name)));
  return {
    viewer: viewerOf(sub, { scopes: scopes.filter((known) => words.has(known)), claims }),
    credential: 'jwt',
    expiresAt: exp * 1_000,
  };
}

/** Scopes, as a text with spaces or as an array. */
function wordsOf(claim: unknown): string[] {
  if (typeof claim === 'string') return claim.split(' ');
  return Array.isArray(claim) ? claim.filter((word) => typeof word === 'string') : [];
}

function refused(reason: string): UnauthenticatedError {
  return new UnauthenticatedError(`This JWT is not valid: ${reason}.`);
}

import type { IncomingHttpHeaders } from 'node:http';
import { UnauthenticatedError, UnavailableError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import type { Credentials, Way } from './authenticator.ts';
import { ownerIssue } from './owner.ts';
import type { Session } from './session.ts';
import { type Scope, scopes, viewerOf } from './viewer.ts';

/** What a function of your own gets to find out who asks. */
export interface AuthenticateRequest {
  /** Of the HTTP request, or of the one that opened the WebSocket. */
  readonly headers: IncomingHttpHeaders;
  /** Of `authorization: Bearer …`, as a header or in the payload of `connection_init`. */
  readonly token: string | undefined;
  /** The payload of `connection_init`, over WebSocket. */
  readonly params: Readonly<Record<string, unknown>> | undefined;
  /** The client's address, as far as proxies are trusted. */
  readonly address: string;
}

/** Who asks, as a function of your own says. */
export interface Authenticated {
  /** Whose tasks it may see, and whose tasks it makes: 1 to 200 characters. */
  readonly owner: string;
  readonly scopes: readonly Scope[];
  /** For `authorize` of your definitions. @default {} */
  readonly claims?: Readonly<Record<string, unknown>> | undefined;
  /** When its live connections end. @default never */
  readonly expiresAt?: Date | number | undefined;
}

/**
 * Finds out who asks, once for each HTTP request and each WebSocket. It gives null or undefined where it can't tell,
 * which is answered with UNAUTHENTICATED. What it throws is logged, and answered with UNAVAILABLE.
 */
export type Authenticate = (
  request: AuthenticateRequest,
) => Authenticated | null | undefined | Promise<Authenticated | null | undefined>;

/** How long it may take, in ms. */
const longestMs = 10_000;

/** Signs in by a function of the user's own. */
export class HookWay implements Way {
  readonly #hook: Authenticate;
  readonly #logger: Logger;
  readonly #longestMs: number;

  constructor(hook: Authenticate, logger: Logger, timeoutMs: number = longestMs) {
    this.#hook = hook;
    this.#logger = logger;
    this.#longestMs = timeoutMs;
  }

  async authenticate({ headers, token, params, address }: Credentials): Promise<Session | undefined> {
    try {
      const answer: unknown = await this.#inTime(async () => this.#hook({ headers, token, params, address }));
      return answer === null || answer === undefined ? undefined : sessionOf(answer);
    } catch (error) {
      if (error instanceof UnauthenticatedError) throw error;
      this.#logger.error({ err: error }, 'authenticate failed, so that nobody can sign in by it');
      throw new UnavailableError({ cause: error }, 'Signing in fails right now. Try again in a few seconds.');
    }
  }

  async #inTime<T>(call: () => Promise<T>): Promise<T> {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(
      () => late.reject(new Error(`authenticate took longer than ${this.#longestMs} ms`)),
      this.#longestMs,
    );
    try {
      return await Promise.race([call(), late.promise]);
    } finally {
      clearTimeout(timer);
    }
  }
}

/** @throws Error that says what was expected and what came, without what may be secret */
function sessionOf(answer: unknown): Session {
  if (typeof answer !== 'object' || answer === null || Array.isArray(answer)) {
    throw new Error(`expected authenticate to return { owner, scopes } or null, got ${kindOf(answer)}`);
  }
  const { owner, scopes: given, claims = {}, expiresAt } = answer as Record<string, unknown>;
  const badOwner = ownerIssue(owner);
  if (badOwner !== undefined) throw new Error(`owner, as authenticate returned it: ${badOwner}`);
  if (!Array.isArray(given)) {
    throw new Error(`expected authenticate to return scopes as an array, got ${kindOf(given)}`);
  }
  const unknown = given.find((scope) => !isScope(scope));
  if (unknown !== undefined) {
    throw new Error(
      `expected authenticate to return scopes among ${scopes.join(', ')}, got ${JSON.stringify(unknown)}`,
    );
  }
  if (typeof claims !== 'object' || claims === null || Array.isArray(claims)) {
    throw new Error(`expected authenticate to return claims as an object, got ${kindOf(claims)}`);
  }
  return {
    // Checked above, where TypeScript doesn't follow.
    viewer: viewerOf(owner as string, {
      scopes: given.filter(isScope),
      claims: claims as Record<string, unknown>,
    }),
    credential: 'hook',
    expiresAt: timeOf(expiresAt),
  };
}

function timeOf(expiresAt: unknown): number | undefined {
  if (expiresAt === undefined || expiresAt === null) return undefined;
  const time = expiresAt instanceof Date ? expiresAt.getTime() : expiresAt;
  // A number of seconds, as JWT has it, would be in 1970, and end every session at once.
  if (typeof time !== 'number' || !(time > 1e11)) {
    const got = typeof expiresAt === 'number' ? expiresAt : kindOf(expiresAt);
    throw new Error(`expected authenticate to return expiresAt as a Date or in ms since 1970, got ${got}`);
  }
  if (time <= Date.now()) throw new UnauthenticatedError('This sign-in has expired.');
  return time;
}

function isScope(value: unknown): value is Scope {
  return scopes.some((scope) => scope === value);
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'an array' : typeof value;
}

import { ConfigurationError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import { defaultPrefix, type Redis, type RedisSettings } from '../redis/connection.ts';
import type { ApiTokens } from './api-tokens.ts';
import { type Authenticator, authenticatorOf, openAuthenticator, type Way } from './authenticator.ts';
import type { Authenticate } from './hook.ts';
import type { JwtOptions } from './jwt.ts';

/**
 * How clients sign in: at least one of these ways. A token goes by its shape, an API token by `tokens` and a JWT by `jwt`;
 * `authenticate` is asked where neither knows it.
 */
export interface AuthOptions {
  /** API tokens, kept in Redis: made by `taskwire token create`, or by the mutation `createApiToken`. @default false */
  readonly tokens?: boolean | undefined;
  /** JSON Web Tokens of an issuer. */
  readonly jwt?: JwtOptions | undefined;
  /** A function of your own, for sessions, cookies, certificates, other tokens. */
  readonly authenticate?: Authenticate | undefined;
}

/** What signs clients in. */
export interface Authentication {
  readonly authenticator: Authenticator;
  /** Where API tokens are one of the ways. */
  readonly apiTokens: ApiTokens | undefined;
}

interface Parts {
  readonly redis: RedisSettings;
  /** A `producer` of this store, which its maker ends. */
  readonly connection: Redis;
  readonly logger: Logger;
}

/**
 * Makes what signs clients in; it ends with its authenticator. Each way is loaded where it is one.
 *
 * @param auth `open` lets everybody do everything
 * @throws ConfigurationError where no way is named, or one can't be gone
 */
export async function openAuthentication(
  // Also what no TypeScript has checked.
  auth: 'open' | AuthOptions | undefined,
  { redis, connection, logger }: Parts,
): Promise<Authentication> {
  if (auth === 'open') return { authenticator: openAuthenticator, apiTokens: undefined };
  const { tokens = false, jwt, authenticate } = auth ?? {};
  if (!tokens && jwt === undefined && authenticate === undefined) throw new ConfigurationError([noWay]);
  const ways: Way[] = [];
  // First, as it may refuse what it is told.
  if (jwt !== undefined) ways.push(new (await import('./jwt.ts')).JwtWay(jwt, logger));
  let apiTokens: ApiTokens | undefined;
  if (tokens) {
    const [{ ApiTokens }, { ApiTokenWay }] = await Promise.all([
      import('./api-tokens.ts'),
      import('./api-token-way.ts'),
    ]);
    apiTokens = new ApiTokens(connection, redis.prefix ?? defaultPrefix);
    ways.push(new ApiTokenWay(apiTokens, redis, logger));
  }
  // Last, as it is asked about whatever no other way knows.
  if (authenticate !== undefined) ways.push(new (await import('./hook.ts')).HookWay(authenticate, logger));
  return { authenticator: authenticatorOf(ways), apiTokens };
}

const noWay =
  "auth: expected at least one of tokens, jwt and authenticate, or 'open', which lets everybody do everything.";

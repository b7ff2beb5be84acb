import type { ServerResponse } from 'node:http';
import type { MaskError } from '../graphql/errors.ts';
import { ForbiddenError, RateLimitedError, UnauthenticatedError, UnavailableError } from '../errors.ts';
import type { Answer } from './health.ts';
import { payloadOf } from './payload.ts';
import { tokensElsewhere } from './url-token.ts';

/** When a client may ask again while the store is away, in seconds. */
const whileUnavailable = 5;

/** Answers a request of which nothing was looked at, as it isn't known who asks. `showedToken`: it said who. */
export function refuse(
  response: ServerResponse,
  error: unknown,
  { maskError, showedToken }: { readonly maskError: MaskError; readonly showedToken: boolean },
): void {
  const body = payloadOf({ errors: [maskError(error)] });
  if (response.headersSent || response.closed) return;
  const [status, headers] = answerTo(error, showedToken);
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'cache-control': 'no-store',
    ...headers,
  });
  response.end(body);
}

function answerTo(error: unknown, showedToken: boolean): [status: number, headers: Record<string, string>] {
  if (error instanceof UnauthenticatedError) {
    // RFC 6750: which error it is, only where a token came.
    return [401, { 'www-authenticate': showedToken ? 'Bearer error="invalid_token"' : 'Bearer' }];
  }
  if (error instanceof ForbiddenError) return [403, {}];
  if (error instanceof RateLimitedError) {
    return [429, { 'retry-after': String(Math.ceil(error.retryAfterMs / 1000)) }];
  }
  if (error instanceof UnavailableError) return [503, { 'retry-after': String(whileUnavailable) }];
  return [500, {}];
}

export const foreignOrigin: Answer = refusal(403, {
  message: 'Pages of this origin may not use the API. Allow it with --origins or TASKWIRE_ORIGINS.',
  extensions: { code: 'ORIGIN_NOT_ALLOWED' },
});

export const foreignHost: Answer = refusal(403, {
  message:
    'Without a sign-in the API answers by an address or a name without a dot alone. Allow another name with --origins or ' +
    'TASKWIRE_ORIGINS, such as http://tasks.test:4000.',
  extensions: { code: 'ORIGIN_NOT_ALLOWED' },
});

export const misplacedToken: Answer = refusal(401, {
  message: tokensElsewhere,
  extensions: { code: 'UNAUTHENTICATED' },
});

export const tooManySockets: Answer = refusal(429, {
  message: 'This address has as many sockets as it may. Close one, and try again.',
  extensions: { code: 'RATE_LIMITED', retryAfter: 10 },
});

function refusal(status: number, error: { message: string; extensions: Record<string, unknown> }): Answer {
  return { status, body: { errors: [error] } };
}

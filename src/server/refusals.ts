import type { ServerResponse } from 'node:http';
import type { MaskError } from '../graphql/errors.ts';
import { RateLimitedError, UnauthenticatedError, UnavailableError } from '../errors.ts';
import { payloadOf } from './payload.ts';

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
  if (error instanceof RateLimitedError) {
    return [429, { 'retry-after': String(Math.ceil(error.retryAfterMs / 1000)) }];
  }
  if (error instanceof UnavailableError) return [503, { 'retry-after': String(whileUnavailable) }];
  return [500, {}];
}

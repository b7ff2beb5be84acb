import type { IncomingMessage } from 'node:http';
import { watchTokenPrefix } from '../auth/watch-tokens.ts';
import { UnauthenticatedError } from '../errors.ts';

export function hasUrlToken({ url }: IncomingMessage): boolean {
  return url?.includes('token=') === true && /[?&]token=/.test(url);
}

/**
 * Takes the token out of a request's URL, so that whatever is said of the URL later doesn't tell it. A browser's
 * `EventSource` can't set a header: what it sends may have a watch token there.
 *
 * @throws UnauthenticatedError for every other token, and every other request
 */
export function takeUrlToken(request: IncomingMessage): string {
  const { method, headers, url = '' } = request;
  const [path = '', query = ''] = url.split('?', 2);
  const token = /(?:^|&)token=([^&]*)/.exec(query)?.[1] ?? '';
  const rest = query.split('&').filter((part) => !part.startsWith('token='));
  request.url = `${path}?${rest.join('&')}`;
  const isEventSource = method === 'GET' && headers.accept?.includes('text/event-stream') === true;
  if (!isEventSource || headers.authorization !== undefined || !token.startsWith(watchTokenPrefix)) {
    throw new UnauthenticatedError(tokensElsewhere);
  }
  return token;
}

/** What a request is told that has a token in a URL which isn't for it. */
export const tokensElsewhere =
  'A token is sent in the header `authorization: Bearer …` or in the payload of `connection_init`, as URLs end up in logs. ' +
  `Only a subscription by GET with \`accept: text/event-stream\` may have a watch token (${watchTokenPrefix}…) in its URL.`;

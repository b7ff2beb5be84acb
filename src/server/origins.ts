import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';

/**
 * Says which web pages may use the API: those that it serves itself and those of the allowed origins. What sends no
 * `Origin`, as everything but a browser does, isn't held up.
 *
 * A browser would let any page send a simple query or open a WebSocket, wherever it comes from; CORS only keeps it from
 * reading answers over HTTP.
 */
export class Origins {
  readonly #allowed: ReadonlySet<string>;
  readonly #isOpen: boolean;
  /** By which the API was called last: mostly the same. */
  #known: string | undefined;

  /**
   * Takes origins such as `https://app.example.com`; `loopback` stands for `http://localhost` and its like, any port. An API
   * that is open to everybody who reaches it has no other names than those of this machine and of the origins.
   */
  constructor(allowed: readonly string[] = [], isOpen = false) {
    this.#allowed = new Set(allowed.map((origin) => URL.parse(origin)?.origin ?? origin));
    this.#isOpen = isOpen;
  }

  /**
   * False where a request calls an open API by a name that isn't its own: whoever owns the name may have pointed it here
   * (DNS rebinding), and to a browser its pages and the API were of one origin.
   */
  knows({ headers }: IncomingMessage): boolean {
    if (!this.#isOpen || headers.host === this.#known) return true;
    const url = URL.parse(`http://${headers.host}`);
    // No browser sends such a one.
    if (url === null) return true;
    const { hostname, host } = url;
    // No stranger owns a name without a dot.
    const isOwn = /^[^.]+$|\.localhost$/.test(hostname) || isIP(hostname) !== 0;
    const isKnown = isOwn || [...this.#allowed].some((origin) => URL.parse(origin)?.host === host);
    if (isKnown) this.#known = headers.host;
    return isKnown;
  }

  /** False for a request that a page of another site made. */
  admit({ headers }: IncomingMessage): boolean {
    const { origin, host } = headers;
    // A browser tells no origin where it loads an image or a script: this header it always sends.
    if (origin === undefined) return headers['sec-fetch-site'] !== 'cross-site';
    // `null`, as of a file or a sandboxed frame, is no URL.
    const url = URL.parse(origin);
    if (url === null) return false;
    // Parsed alike, so that a default port and upper case make no difference.
    return URL.parse(`${url.protocol}//${host}`)?.host === url.host || this.#isAllowed(url);
  }

  /** The headers that let a page of an allowed origin read the answer. Never with credentials. */
  headersFor({ headers, method }: IncomingMessage): Readonly<Record<string, string>> {
    const url = headers.origin === undefined ? null : URL.parse(headers.origin);
    // Also where there is no origin: a cache must not hand that answer to a page.
    if (url === null || !this.#isAllowed(url)) return varies;
    return {
      vary: 'origin',
      'access-control-allow-origin': url.origin,
      'access-control-expose-headers': 'retry-after, www-authenticate',
      ...(method === 'OPTIONS' ? preflight : {}),
    };
  }

  #isAllowed({ origin, protocol, hostname }: URL): boolean {
    const isLoopback = protocol === 'http:' && ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
    return this.#allowed.has(origin) || (isLoopback && this.#allowed.has('loopback'));
  }
}

const varies = { vary: 'origin' };

const preflight = {
  'access-control-allow-methods': 'GET, POST',
  'access-control-allow-headers': 'accept, authorization, content-type, idempotency-key, traceparent',
  'access-control-max-age': '600',
};

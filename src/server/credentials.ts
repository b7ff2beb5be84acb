import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Credentials } from '../auth/authenticator.ts';

/** What is longer is no token: whoever checks it needn't read a megabyte. */
const longestToken = 8192;

type ConnectionParams = Readonly<Record<string, unknown>>;

/** What a request shows to sign in, or a socket's `connection_init`; read where somebody asks for it. */
export class RequestCredentials implements Credentials {
  readonly headers: IncomingHttpHeaders;
  readonly params: ConnectionParams | undefined;
  readonly #request: IncomingMessage;

  constructor(request: IncomingMessage, params?: ConnectionParams) {
    this.headers = request.headers;
    this.params = params;
    this.#request = request;
  }

  /** Of the payload of `connection_init`, where there is one there; else of the header. */
  get token(): string | undefined {
    return tokenIn(this.params) ?? bearerToken(this.headers.authorization);
  }

  get address(): string {
    return this.#request.socket.remoteAddress ?? '';
  }
}

/** The token of `Bearer …`; undefined of every other scheme. */
export function bearerToken(authorization: unknown): string | undefined {
  if (typeof authorization !== 'string' || authorization.length > longestToken + 'Bearer '.length) {
    return undefined;
  }
  return /^bearer +(\S+) *$/i.exec(authorization)?.[1];
}

/** The token in what a client sent over its socket: `{ authorization: 'Bearer …' }`, or `{ token: '…' }`. */
export function tokenIn(params: ConnectionParams | undefined): string | undefined {
  if (params === undefined) return undefined;
  const { token } = params;
  if (typeof token === 'string' && token !== '' && token.length <= longestToken) return token;
  return bearerToken(params['authorization'] ?? params['Authorization']);
}

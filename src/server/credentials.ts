import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Credentials } from '../auth/authenticator.ts';
import { addressOf } from './address.ts';

/** What is longer is no token: whoever checks it needn't read a megabyte. */
const longestToken = 8192;

/** What a client sent over its socket to sign in. */
export type ConnectionParams = Readonly<Record<string, unknown>>;

/** What a request shows to sign in; read where somebody asks for it. */
export class RequestCredentials implements Credentials {
  readonly headers: IncomingHttpHeaders;
  readonly params = undefined;
  readonly #request: IncomingMessage;
  /** There where it was in the URL: it is for watching alone. */
  readonly urlToken: string | undefined;
  readonly #trustProxy: number;

  constructor(request: IncomingMessage, urlToken: string | undefined, trustProxy: number) {
    this.urlToken = urlToken;
    this.headers = request.headers;
    this.#request = request;
    this.#trustProxy = trustProxy;
  }

  get token(): string | undefined {
    return this.urlToken ?? bearerToken(this.headers.authorization);
  }

  get address(): string {
    return addressOf(this.#request, this.#trustProxy);
  }
}

/** The token of `Bearer …`; undefined of every other scheme. */
export function bearerToken(authorization: unknown): string | undefined {
  if (typeof authorization !== 'string' || authorization.length > longestToken + 'Bearer '.length) {
    return undefined;
  }
  return /^bearer +(\S+) *$/i.exec(authorization)?.[1];
}

/** Whether a token is meant to be there, valid or not. */
export function showsToken(params: ConnectionParams): boolean {
  return (params['token'] ?? params['authorization'] ?? params['Authorization']) !== undefined;
}

/** The token in `{ authorization: 'Bearer …' }`, or `{ token: '…' }`. */
export function tokenIn(params: ConnectionParams): string | undefined {
  const { token } = params;
  if (token !== undefined) {
    return typeof token === 'string' && token.length <= longestToken ? token : undefined;
  }
  return bearerToken(params['authorization'] ?? params['Authorization']);
}

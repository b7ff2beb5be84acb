import { UnauthenticatedError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import { connect, defaultPrefix, type Redis, type RedisSettings } from '../redis/connection.ts';
import { apiTokensKey } from '../redis/keys.ts';
import { isSecretOf, looksLikeApiToken, parseApiToken } from './api-token.ts';
import type { ApiTokens, StoredApiToken } from './api-tokens.ts';
import type { Credentials, Way } from './authenticator.ts';
import { Held } from './held.ts';
import type { Session } from './session.ts';
import { viewerOf } from './viewer.ts';

/** How long a token that was found is taken for found, in ms: so that not each request asks the store. */
const cacheMs = 2_000;
/** How many found tokens are remembered; of more the oldest is forgotten. */
const maxCached = 10_000;
/** A use is noted when the one noted last is so long ago, in ms. */
const noteMs = 60_000;

interface Found {
  readonly session: Session;
  readonly digest: Buffer;
  readonly until: number;
}

/** Signs in by API tokens, and hears of those that are revoked. */
export class ApiTokenWay implements Way {
  readonly #tokens: ApiTokens;
  readonly #logger: Logger;
  readonly #subscriber: Redis;
  readonly #found: Map<string, Found> = new Map();
  /** What is being read: many requests that come at once read it once. */
  readonly #reads: Map<string, Promise<Found | undefined>> = new Map();
  readonly #held: Held;

  constructor(tokens: ApiTokens, settings: RedisSettings, logger: Logger) {
    this.#tokens = tokens;
    this.#logger = logger;
    this.#held = new Held(tokens, logger);
    this.#subscriber = connect(settings, 'subscriber', logger);
    this.#subscriber.on('message', (_, id: string) => this.#forget(id));
    const channel = apiTokensKey(settings.prefix ?? defaultPrefix);
    // Where it may not listen, the look at what is held finds it, and the cache's end.
    this.#subscriber.on('ready', () => void this.#subscriber.subscribe(channel).catch(() => undefined));
  }

  /** How many tokens are remembered. */
  get cached(): number {
    return this.#found.size;
  }

  authenticate({ token }: Credentials): Session | undefined | Promise<Session> {
    if (token === undefined || !looksLikeApiToken(token)) return undefined;
    const parts = parseApiToken(token);
    if (parts === undefined) throw invalid();
    const found = this.#found.get(parts.id);
    if (found !== undefined && found.until > performance.now()) return admit(found, parts.secret);
    return this.#read(parts.id).then((read) => admit(read, parts.secret));
  }

  hold(session: Session, revoked: () => void): (() => void) | undefined {
    const id = /^token:(.*)$/.exec(session.credential)?.[1];
    return id === undefined ? undefined : this.#held.add(id, revoked);
  }

  close(): void {
    this.#held.close();
    this.#subscriber.disconnect();
  }

  async #read(id: string): Promise<Found | undefined> {
    let read = this.#reads.get(id);
    if (read === undefined) {
      read = this.#find(id).finally(() => this.#reads.delete(id));
      this.#reads.set(id, read);
    }
    return await read;
  }

  async #find(id: string): Promise<Found | undefined> {
    // From when it was asked: an answer that is late is no younger for it.
    const until = performance.now() + cacheMs;
    const stored = await this.#tokens.find(id);
    this.#found.delete(id);
    if (stored === undefined) return undefined;
    const found = { session: sessionOf(stored), digest: stored.digest, until };
    const [oldest] = this.#found.keys();
    if (this.#found.size >= maxCached && oldest !== undefined) this.#found.delete(oldest);
    this.#found.set(id, found);
    const { lastUsedAt = 0 } = stored.apiToken;
    if (Date.now() - lastUsedAt > noteMs) this.#note(id);
    return found;
  }

  #forget(id: string): void {
    this.#found.delete(id);
    this.#held.end(id);
  }

  #note(id: string): void {
    this.#tokens.touch(id).catch((error: unknown) => {
      this.#logger.debug({ err: error, token: id }, 'the use of an API token was not noted');
    });
  }
}

function admit(found: Found | undefined, secret: string): Session {
  if (found === undefined || !isSecretOf(found.digest, secret)) throw invalid();
  const { expiresAt } = found.session;
  if (expiresAt !== undefined && expiresAt <= Date.now()) {
    throw new UnauthenticatedError('This API token has expired. Ask for another one.');
  }
  return found.session;
}

function sessionOf({ apiToken: { id, owner, scopes, expiresAt } }: StoredApiToken): Session {
  return { viewer: viewerOf(owner, { scopes }), credential: `token:${id}`, expiresAt };
}

function invalid(): UnauthenticatedError {
  return new UnauthenticatedError('This API token is not valid: it is not whole, or it was revoked.');
}

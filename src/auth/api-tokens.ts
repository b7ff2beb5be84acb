import { BadUserInputError, invalidArgument } from '../errors.ts';
import { answerMs, answerWithin } from '../redis/answer.ts';
import { defineScript, type Redis } from '../redis/connection.ts';
import { apiTokensKey } from '../redis/keys.ts';
import { type ApiToken, digestOf, mintApiToken } from './api-token.ts';
import { checkNewApiToken, type NewApiToken } from './new-api-token.ts';
import { scopes } from './viewer.ts';

/** An API token as the store has it, with what its secret is compared with. */
export interface StoredApiToken {
  readonly apiToken: ApiToken;
  readonly digest: Buffer;
}

/** Some of the tokens, each with its place in the list of all. */
export interface ApiTokenPage {
  readonly apiTokens: readonly { readonly apiToken: ApiToken; readonly cursor: string }[];
  readonly hasMore: boolean;
}

/** So many at most: a list of them is read at once. */
export const maxApiTokens = 10_000;

/**
 * The API tokens of a store, made, listed and revoked by any process. Each call is answered within a second.
 *
 * @throws UnavailableError, by all of its methods
 */
export class ApiTokens {
  readonly #redis: Redis;
  readonly #key: string;

  constructor(redis: Redis, prefix: string) {
    this.#redis = redis;
    this.#key = apiTokensKey(prefix);
  }

  /** Makes a token, which nobody can see again: the store keeps its hash. @throws BadUserInputError */
  async create(given: NewApiToken): Promise<{ readonly token: string; readonly apiToken: ApiToken }> {
    const chosen = checkNewApiToken(given);
    const { owner, name = '', expiresInMs } = given;
    const { id, secret, token } = mintApiToken();
    const createdAt = await this.#now();
    const record: TokenRecord = {
      name,
      owner,
      scopes: chosen,
      createdAt,
      ...(expiresInMs === undefined ? {} : { expiresAt: createdAt + expiresInMs }),
      digest: digestOf(secret).toString('base64url'),
    };
    const made = await this.#within(() =>
      this.#redis.run(create, this.#key, [id, JSON.stringify(record), maxApiTokens]),
    );
    if (made !== 1) throw tooMany();
    return { token, apiToken: parse(id, record, '').apiToken };
  }

  /** All tokens, those that were made last first. */
  async list(): Promise<ApiToken[]> {
    const fields = await this.#within(() => this.#redis.hgetall(this.#key));
    return Object.entries(fields)
      .filter(([field]) => !field.startsWith(usedPrefix))
      .map(([id, json]) => parse(id, recordOf(json), fields[usedField(id)] ?? '').apiToken)
      .toSorted(inOrder);
  }

  /** Some of them, after a place in the list: also one whose token is gone. @throws BadUserInputError */
  async page(limit: number, after?: string): Promise<ApiTokenPage> {
    const place = after === undefined ? undefined : parseCursor(after);
    const left = (await this.list()).filter(
      (apiToken) => place === undefined || inOrder(place, apiToken) < 0,
    );
    const apiTokens = left.slice(0, limit).map((apiToken) => ({ apiToken, cursor: cursorOf(apiToken) }));
    return { apiTokens, hasMore: left.length > limit };
  }

  /** Takes a token away, in all processes within seconds; false where there is none of this id. */
  async revoke(id: string): Promise<boolean> {
    return (await this.#within(() => this.#redis.run(revoke, this.#key, [id]))) === 1;
  }

  /** The token of an id, if it wasn't revoked. */
  async find(id: string): Promise<StoredApiToken | undefined> {
    const [json, used] = await this.#within(() => this.#redis.hmget(this.#key, id, usedField(id)));
    return json ? parse(id, recordOf(json), used ?? '') : undefined;
  }

  /** Those of some tokens that are gone. */
  async revokedOf(ids: readonly string[]): Promise<string[]> {
    const records = await this.#within(() => this.#redis.hmget(this.#key, ...ids));
    return ids.filter((_, index) => records[index] === null);
  }

  /** Takes note that a token has just been used. */
  async touch(id: string): Promise<void> {
    await this.#within(() => this.#redis.run(touch, this.#key, [id]));
  }

  /** The store's time, which all processes share. */
  async #now(): Promise<number> {
    const [seconds, micros] = await this.#within(() => this.#redis.time());
    return Number(seconds) * 1_000 + Math.floor(Number(micros) / 1_000);
  }

  #within<T>(call: () => Promise<T>): Promise<T> {
    return answerWithin(this.#redis, answerMs, call);
  }
}

/** A token as JSON, beside its id. */
interface TokenRecord {
  readonly name: string;
  readonly owner: string;
  readonly scopes: readonly string[];
  readonly createdAt: number;
  readonly expiresAt?: number;
  /** SHA-256 of the secret. */
  readonly digest: string;
}

const usedPrefix = 'used:';

function usedField(id: string): string {
  return `${usedPrefix}${id}`;
}

function recordOf(json: string): TokenRecord {
  // `create` alone writes them.
  return JSON.parse(json) as TokenRecord;
}

function parse(id: string, record: TokenRecord, used: string): StoredApiToken {
  const { name, owner, createdAt, expiresAt, digest } = record;
  return {
    apiToken: {
      id,
      name,
      owner,
      // A later version may have more of them.
      scopes: scopes.filter((scope) => record.scopes.includes(scope)),
      createdAt,
      expiresAt,
      lastUsedAt: used === '' ? undefined : Number(used),
    },
    digest: Buffer.from(digest, 'base64url'),
  };
}

type Place = Pick<ApiToken, 'id' | 'createdAt'>;

/** Newest first. */
function inOrder(a: Place, b: Place): number {
  if (a.createdAt !== b.createdAt) return b.createdAt - a.createdAt;
  return a.id === b.id ? 0 : a.id < b.id ? -1 : 1;
}

function cursorOf({ createdAt, id }: Place): string {
  return Buffer.from(`${createdAt} ${id}`).toString('base64url');
}

function parseCursor(cursor: string): Place {
  const [, createdAt, id] =
    /^(\d{1,15}) ([0-9a-f]{16})$/.exec(Buffer.from(cursor, 'base64url').toString()) ?? [];
  if (createdAt !== undefined && id !== undefined) return { createdAt: Number(createdAt), id };
  throw invalidArgument('after', 'Expected a cursor of this list.');
}

function tooMany(): BadUserInputError {
  const message = `Expected at most ${maxApiTokens} API tokens. Revoke those that nobody needs.`;
  return new BadUserInputError(message, [{ path: [], message }]);
}

/**
 * KEYS: tokens
 * ARGV: id, record, the most tokens
 * Returns 1, or 0 where there are too many; the same id again is the same token
 */
const create = defineScript(`
-- Each has two fields.
if redis.call('HLEN', KEYS[1]) >= 2 * tonumber(ARGV[3]) then return 0 end
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[2], 'used:' .. ARGV[1], '')
end
return 1
`);

/**
 * KEYS: tokens
 * ARGV: id
 * Returns 1, or 0 where there is no such token
 */
const revoke = defineScript(`
if redis.call('HDEL', KEYS[1], ARGV[1]) == 0 then return 0 end
redis.call('HDEL', KEYS[1], 'used:' .. ARGV[1])
redis.call('PUBLISH', KEYS[1], ARGV[1])
return 1
`);

/**
 * KEYS: tokens
 * ARGV: id
 */
const touch = defineScript(`
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then return end
local now = redis.call('TIME')
redis.call('HSET', KEYS[1], 'used:' .. ARGV[1], now[1] .. string.sub('000000' .. now[2], -6, -4))
`);

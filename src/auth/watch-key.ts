import { createHash, createHmac, randomBytes } from 'node:crypto';
import { UnavailableError } from '../errors.ts';
import { answerMs, answerWithin } from '../redis/answer.ts';
import type { Redis } from '../redis/connection.ts';
import { watchKeyName } from '../redis/keys.ts';

/** A key that was read is used for so long, in ms: taken away, it is a key no longer than that. */
const freshMs = 1_000;

const keyBytes = 32;

/** What watch tokens are signed with. */
export class WatchKey {
  /** Tells keys apart, and nothing of them: a token says which one has signed it. */
  readonly id: string;
  readonly #secret: Buffer;

  constructor(secret: Buffer) {
    this.id = createHash('sha256').update('watch key id').update(secret).digest('base64url').slice(0, 8);
    this.#secret = secret;
  }

  /** The signature of a text: HMAC-SHA256, in 43 characters. */
  sign(text: string): string {
    return createHmac('sha256', this.#secret).update(text).digest('base64url');
  }
}

/** The one key of all API processes on a store. Whoever takes it away voids all that was signed with it. */
export class WatchKeys {
  readonly #redis: Redis;
  readonly #name: string;
  #key: WatchKey | undefined;
  #readAt = -Infinity;
  #reading: Promise<WatchKey> | undefined;

  constructor(redis: Redis, prefix: string) {
    this.#redis = redis;
    this.#name = watchKeyName(prefix);
  }

  /** The key as it is now, or was a second ago at most; it is made where there is none. @throws UnavailableError */
  async current(): Promise<WatchKey> {
    const isFresh = performance.now() - this.#readAt < freshMs;
    return this.#key !== undefined && isFresh ? this.#key : await this.#read();
  }

  /** The key of this id; undefined where it is no key any more, or never was one. @throws UnavailableError */
  async find(id: string): Promise<WatchKey | undefined> {
    // A flood of made-up ids isn't passed on to the store: it is asked once a second.
    const key = await this.current();
    return key.id === id ? key : undefined;
  }

  /** Takes the key away, in the place of which there is soon another one. @throws UnavailableError */
  async revoke(): Promise<void> {
    await this.#within(() => this.#redis.del(this.#name));
    this.#key = undefined;
  }

  /** Those who ask meanwhile share the answer. */
  async #read(): Promise<WatchKey> {
    this.#reading ??= this.#readOrMake().finally(() => (this.#reading = undefined));
    return await this.#reading;
  }

  async #readOrMake(): Promise<WatchKey> {
    const readAt = performance.now();
    const text = await this.#within(async () => {
      const found = await this.#redis.get(this.#name);
      if (found !== null) return found;
      // Of processes that find none at the same time, one makes it.
      await this.#redis.set(this.#name, randomBytes(keyBytes).toString('base64url'), 'NX');
      return await this.#redis.get(this.#name);
    });
    // Taken away within a millisecond of its making.
    if (text === null) throw new UnavailableError();
    const secret = Buffer.from(text, 'base64url');
    // By one that anybody could guess anybody could sign.
    if (secret.length !== keyBytes)
      throw new Error(
        `Expected ${keyBytes} bytes in base64url at ${this.#name}. Delete it: another one is made.`,
      );
    this.#key = new WatchKey(secret);
    this.#readAt = readAt;
    return this.#key;
  }

  #within<T>(call: () => Promise<T>): Promise<T> {
    return answerWithin(this.#redis, answerMs, call);
  }
}

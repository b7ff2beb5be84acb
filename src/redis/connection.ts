import { createHash } from 'node:crypto';
import { callbackify } from 'node:util';
import { Redis as IORedis, type RedisOptions } from 'ioredis';
import { ConfigurationError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import { counts } from '../metrics.ts';
import { displayUrl, parseRedisUrl, type RedisAddress, type SentinelAddress } from './address.ts';
import { keepPulse } from './pulse.ts';
import { plainReply, refusalLog } from './refusals.ts';
import { sentinelConnector } from './sentinels.ts';
import { Functions, isWithoutFunctions, missing } from './functions.ts';
import { leanScript } from './lean-script.ts';
import { scriptLibrary, type ScriptLibrary } from './script-library.ts';

/** Where the store is and which prefix all keys carry. */
export interface RedisSettings {
  /**
   * `redis://` or `rediss://`, with user, password and database where needed; for a Sentinel set
   * `redis+sentinel://user:password@host1:26379,host2:26379/mymaster/0` (`rediss+sentinel://` by TLS), with
   * `?sentinelPassword=` where the Sentinels have one of their own.
   */
  readonly url: string;
  /** @default 'tw' */
  readonly prefix?: string;
}

export const defaultPrefix = 'tw';

/**
 * What a connection is for. A `producer` fails at once while Redis is away, so that a request can be
 * answered; a `worker` and a `subscriber` wait for its return.
 */
export type ConnectionRole = 'producer' | 'worker' | 'subscriber';

/** A Lua script, the SHA-1 by which Redis knows it, and the same as a library of a function. */
export interface Script {
  readonly source: string;
  readonly sha: string;
  readonly library: ScriptLibrary;
}

/** Makes a script of its text, when it is first used: a process uses a few of them. */
export function defineScript(text: string): Script {
  let source: string | undefined;
  let sha: string | undefined;
  let library: ScriptLibrary | undefined;
  return {
    get source() {
      return (source ??= leanScript(text));
    },
    get sha() {
      return (sha ??= createHash('sha1').update(this.source).digest('hex'));
    },
    get library() {
      return (library ??= scriptLibrary(this.source));
    },
  };
}

/** As this process speaks with Redis: with replies in the shapes of RESP2. */
type Options = RedisOptions & { readonly replyMapping?: 'legacy' };

/** A waiting connection hears of its server this often, in seconds. */
const turnSeconds = 1;

/** A read-only server is left at most this often, in ms: it may be the only one. */
const leaveMs = 2_000;

/**
 * ioredis under the one class name by which Bee-Queue recognises a client
 * (https://github.com/bee-queue/bee-queue/issues/484), healed of the script cache that a restart empties
 * (https://github.com/bee-queue/bee-queue/issues/489).
 */
export class Redis extends IORedis {
  /** Sources by SHA-1 of scripts that others call by `evalsha` alone. */
  readonly scriptSources: Map<string, string> = new Map();
  /** Hears of each error that Redis answers with. */
  onRefusal: (error: Error) => void = () => undefined;
  /** Where scripts are run as functions. */
  readonly functions: Functions = new Functions((...command) => this.call(...command));
  #left = -Infinity;
  #corked: Redis['stream'] | undefined;

  /** Commands of one turn leave in one write: a write is a system call, which is most of what a small command costs. */
  override sendCommand(...args: Parameters<IORedis['sendCommand']>): unknown {
    const { stream } = this;
    // One that waits for the connection comes here again.
    if (this.status === 'ready') counts.redisCommands += 1;
    if (stream !== undefined && this.#corked !== stream) {
      counts.redisRoundTrips += 1;
      this.#corked = stream;
      stream.cork();
      setImmediate(() => {
        this.#corked = undefined;
        stream.uncork();
      });
    }
    return super.sendCommand(...args);
  }

  /**
   * Waits for an element as long as it takes, in short turns: a server that is gone can't be told from one that
   * has nothing, and on a dead connection an endless wait would still take what others are to get.
   */
  override brpoplpush(...args: unknown[]): Promise<string | null> {
    const result = this.#waitForElement(String(args[0]), String(args[1]));
    const callback = args[3];
    if (typeof callback === 'function') {
      callbackify(() => result)(callback as (error: Error | null, value: unknown) => void);
    }
    return result;
  }

  /** Runs a script by its SHA-1; loads it first where the server has forgotten it. */
  override evalsha(...args: unknown[]): Promise<unknown> {
    const callback = args.at(-1);
    if (typeof callback !== 'function') return this.#evalshaOrLoad(args);
    const result = this.#evalshaOrLoad(args.slice(0, -1));
    callbackify(() => result)(callback as (error: Error | null, value: unknown) => void);
    return result;
  }

  /** Ends the connection; whatever waits for an answer is rejected. */
  override disconnect(reconnect = false): void {
    // Between two connections ioredis would leave waiting commands without an answer for ever.
    if (!reconnect && this.status === 'reconnecting') this.status = 'wait';
    super.disconnect(reconnect);
  }

  /**
   * Runs a script whose first key is `key`; every further name it makes itself. As a function where the server has it,
   * else as a script, whatever was lost meanwhile.
   */
  async run(script: Script, key: string, args: readonly (string | number)[]): Promise<unknown> {
    const answer = await this.functions.call(script.library, [key, ...args]);
    if (answer !== missing) return answer;
    this.scriptSources.set(script.sha, script.source);
    return await this.#evalshaOrLoad([script.sha, 1, key, ...args]);
  }

  /** What becomes of a connection whose server answers with an error: 1 ends it, so that a new one is made. */
  refused(error: Error): false | 1 {
    error.message = plainReply(error.message);
    // ioredis puts the arguments beside the name: an input, or a password, in whatever log the error comes to.
    if ('command' in error) error.command = { name: nameOf(error.command) };
    // That there are no functions is nothing to tell: scripts are run in their old way.
    if (!isWithoutFunctions(error)) this.onRefusal(error);
    // After a failover the address may lead elsewhere.
    const leaves = error.message.startsWith('READONLY') && performance.now() - this.#left > leaveMs;
    if (leaves) this.#left = performance.now();
    return leaves && 1;
  }

  async #waitForElement(source: string, destination: string): Promise<string> {
    for (;;) {
      const element = await this.call('brpoplpush', source, destination, turnSeconds);
      if (typeof element === 'string') return element;
    }
  }

  async #evalshaOrLoad(call: unknown[]): Promise<unknown> {
    try {
      return await this.call('evalsha', ...(call as string[]));
    } catch (error) {
      const source = this.scriptSources.get(String(call[0]));
      if (source === undefined || !(error instanceof Error) || !error.message.startsWith('NOSCRIPT'))
        throw error;
      // In one command: loaded and called in two, a Redis that is started anew in between has forgotten it again.
      return await this.call('eval', source, ...(call.slice(1) as string[]));
    }
  }
}

/**
 * Opens a connection at once and keeps it up for ever; `role` says what becomes of commands meanwhile.
 *
 * @throws ConfigurationError where the URL isn't one
 */
export function connect(settings: RedisSettings, role: ConnectionRole, logger: Logger): Redis {
  const address = addressOf(settings.url);
  const options: Options = {
    ...('sentinels' in address ? optionsOf(address) : {}),
    // A first packet that is lost is sent again after a second.
    connectTimeout: 2_000,
    // Back within a second of Redis' return, whatever it was away for.
    retryStrategy: (times) => Math.min(50 * 2 ** Math.min(times - 1, 5), 1_000) + Math.random() * 50,
    connectionName: `taskwire-${role}-${process.pid}`,
    // Every script of ours may be repeated, so a worker's unanswered ones are; a producer's caller decides.
    autoResendUnfulfilledCommands: role === 'worker',
    enableOfflineQueue: role === 'worker',
    maxRetriesPerRequest: role === 'worker' ? null : 0,
    // The feed resubscribes itself, so that it knows when it is listening again.
    autoResubscribe: false,
    maxLoadingRetryTime: 1_000,
  };
  const redis = open(options, 'url' in address ? address.url : undefined);
  redis.onRefusal = refusalLog(logger, displayUrl(settings.url));
  // Each lane listens, and each request that waits for the connection.
  redis.setMaxListeners(0);
  let said = '';
  redis.on('error', (error: Error) => {
    if (error.message === said) return;
    said = error.message;
    logger.warn(
      { redis: displayUrl(settings.url), reason: reasonOf(error) },
      'the store is not reachable, trying again',
    );
  });
  redis.on('ready', () => {
    if (said !== '') logger.info({ redis: displayUrl(settings.url) }, 'the store is reachable again');
    said = '';
  });
  return redis;
}

/**
 * A connection for one look at a server, perhaps a sick one: `connect()` opens it, nothing is tried again, nothing
 * asked that the caller doesn't ask, and each answer has a bound.
 *
 * @throws ConfigurationError where the URL isn't one
 */
export function connectOnce(url: string, answerMs: number): Redis {
  const address = addressOf(url);
  const options: Options = {
    lazyConnect: true,
    enableReadyCheck: false,
    connectTimeout: answerMs,
    commandTimeout: answerMs,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
    // Without a handshake that would be waited for by itself.
    protocol: 2,
    disableClientInfo: true,
  };
  const redis =
    'url' in address ? new Redis(address.url, options) : new Redis({ ...optionsOf(address), ...options });
  redis.functions.turnOff();
  return redis;
}

/** Resolves once the connection is usable, however long that takes; rejects when aborted. */
export async function whenReady(redis: Redis, signal: AbortSignal): Promise<void> {
  if (redis.status === 'ready') return;
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const abort = (): void => reject(signal.reason);
  redis.once('ready', resolve);
  signal.addEventListener('abort', abort, { once: true });
  try {
    await promise;
  } finally {
    redis.off('ready', resolve);
    signal.removeEventListener('abort', abort);
  }
}

function open(given: Options, url?: string): Redis {
  const options: Options = { ...given, reconnectOnError: (error) => redis.refused(error) };
  const redis: Redis = url === undefined ? new Redis(options) : new Redis(url, options);
  redis.on('connect', () => redis.functions.reset());
  keepPulse(redis);
  // By this Bee-Queue makes the connection on which it waits.
  Object.assign(redis, { duplicate: () => open(given, url) });
  return redis;
}

function addressOf(url: string): RedisAddress {
  try {
    return parseRedisUrl(url);
  } catch (error) {
    const expected = error instanceof Error ? error.message : String(error);
    throw new ConfigurationError([`The URL of Redis: expected ${expected}.`]);
  }
}

function optionsOf(address: SentinelAddress): Options {
  const { login, db, tls } = address;
  return { ...login, db, ...(tls ? { tls: {} } : {}), Connector: sentinelConnector(address) };
}

function nameOf(command: unknown): unknown {
  return typeof command === 'object' && command !== null && 'name' in command ? command.name : undefined;
}

function reasonOf(error: Error): string {
  // An AggregateError of several refused addresses has no message of its own.
  return error.message !== '' ? error.message : 'code' in error ? String(error.code) : error.name;
}

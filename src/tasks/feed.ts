import type { Logger } from '../logger.ts';
import type { Redis } from '../redis/connection.ts';

/** How long after a refusal listening is tried again. */
const retryMs = 1_000;

/** What a listener hears: each message, and that some may have been missed. */
export interface Listener {
  onMessage(message: string): void;
  /** The connection was away and listens again: whoever needs the present reads it now. */
  onGap(): void;
}

/** One listener's hold on a channel. */
export interface Listening {
  /** Resolves once Redis has confirmed that it listens, however long it is away. */
  readonly confirmed: Promise<void>;
  stop(): void;
}

interface Channel {
  readonly listeners: Set<Listener>;
  readonly confirmed: PromiseWithResolvers<void>;
  isConfirmed: boolean;
}

/** One Redis connection that listens for the whole process; a channel is subscribed while someone listens. */
export class Feed {
  readonly #redis: Redis;
  readonly #logger: Logger;
  readonly #channels: Map<string, Channel> = new Map();
  #retry: NodeJS.Timeout | undefined;

  /** The feed owns the connection from now on: a `subscriber`. */
  constructor(redis: Redis, logger: Logger) {
    this.#redis = redis;
    this.#logger = logger;
    redis.on('message', (name: string, message: string) => {
      for (const listener of this.#channels.get(name)?.listeners ?? []) listener.onMessage(message);
    });
    redis.on('ready', () => void this.#subscribe([...this.#channels.keys()]));
  }

  /** Channels that are listened to now. */
  get size(): number {
    return this.#channels.size;
  }

  listen(name: string, listener: Listener): Listening {
    let channel = this.#channels.get(name);
    if (channel === undefined) {
      channel = { listeners: new Set(), confirmed: Promise.withResolvers(), isConfirmed: false };
      // Whoever gave up waiting doesn't hear of a feed that is closed.
      channel.confirmed.promise.catch(() => undefined);
      this.#channels.set(name, channel);
      if (this.#redis.status === 'ready') void this.#subscribe([name]);
    }
    const { listeners, confirmed } = channel;
    listeners.add(listener);
    return { confirmed: confirmed.promise, stop: () => this.#stop(name, listener) };
  }

  /** Ends the connection; what waits to be confirmed is rejected. */
  close(): void {
    clearTimeout(this.#retry);
    for (const { confirmed } of this.#channels.values()) confirmed.reject(new Error('The feed was closed.'));
    this.#channels.clear();
    this.#redis.disconnect();
  }

  /** Redis refused, as it does where a user may not use channels (ACL), or the connection is just breaking. */
  #subscribeLater(names: readonly string[], error: unknown): void {
    if (error instanceof Error && error.name === 'ReplyError')
      this.#logger.error(
        { err: error, channels: names.length },
        'the store refuses to let this process listen',
      );
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => void this.#subscribe([...this.#channels.keys()]), retryMs);
  }

  #stop(name: string, listener: Listener): void {
    const channel = this.#channels.get(name);
    if (channel?.listeners.delete(listener) !== true || channel.listeners.size > 0) return;
    this.#channels.delete(name);
    // Where the connection is away there is nothing to take back.
    if (this.#redis.status === 'ready') this.#redis.unsubscribe(name).catch(() => undefined);
  }

  async #subscribe(names: readonly string[]): Promise<void> {
    if (names.length === 0) return;
    const wanted = names.flatMap((name) => this.#channels.get(name) ?? []);
    try {
      await this.#redis.subscribe(...names);
    } catch (error) {
      // Where the connection broke the next 'ready' subscribes all channels that are still wanted.
      if (this.#redis.status === 'ready') this.#subscribeLater(names, error);
      return;
    }
    // Those that were meant: one that was left meanwhile and is wanted again waits for its own answer.
    for (const channel of wanted) {
      const wasConfirmed = channel.isConfirmed;
      channel.isConfirmed = true;
      channel.confirmed.resolve();
      if (wasConfirmed) for (const listener of channel.listeners) listener.onGap();
    }
  }
}

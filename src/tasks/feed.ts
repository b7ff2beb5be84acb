import type { Redis } from '../redis/connection.ts';

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
  readonly #channels: Map<string, Channel> = new Map();

  /** The feed owns the connection from now on: a `subscriber`. */
  constructor(redis: Redis) {
    this.#redis = redis;
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
      this.#channels.set(name, channel);
      if (this.#redis.status === 'ready') void this.#subscribe([name]);
    }
    const { listeners, confirmed } = channel;
    listeners.add(listener);
    return { confirmed: confirmed.promise, stop: () => this.#stop(name, listener) };
  }

  close(): void {
    this.#channels.clear();
    this.#redis.disconnect();
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
    try {
      await this.#redis.subscribe(...names);
    } catch {
      // The connection broke: the next 'ready' subscribes all channels that are still wanted.
      return;
    }
    for (const name of names) {
      const channel = this.#channels.get(name);
      if (channel === undefined) continue;
      const wasConfirmed = channel.isConfirmed;
      channel.isConfirmed = true;
      channel.confirmed.resolve();
      if (wasConfirmed) for (const listener of channel.listeners) listener.onGap();
    }
  }
}

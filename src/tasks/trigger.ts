import type { Feed, Listening } from './feed.ts';
import type { Store } from './store.ts';

interface Channel {
  /** Those who want it. */
  users: number;
  /** Undefined where it has fired. */
  listening: Listening | undefined;
  /** Whoever waited for it to be confirmed has gone on without that. */
  isLate: boolean;
}

/**
 * Fires when something is heard on a channel, and listens to that one no more until it is armed again: who only wants to
 * know that something has happened hears one message, however many there are, and the store publishes none to it meanwhile.
 */
export class Trigger {
  readonly #feed: Pick<Feed, 'listen'>;
  readonly #store: Pick<Store, 'within'>;
  readonly #fire: () => void;
  readonly #channels: Map<string, Channel> = new Map();

  /** `fire` is called for whatever is heard, and for what may have been missed; it has to see to it that this is armed again. */
  constructor(
    { feed, store }: { readonly feed: Pick<Feed, 'listen'>; readonly store: Pick<Store, 'within'> },
    fire: () => void,
  ) {
    this.#feed = feed;
    this.#store = store;
    this.#fire = fire;
  }

  /** Listens to channels, until what it gives is called. @throws UnavailableError where the store doesn't confirm it in time */
  async add(channels: readonly string[]): Promise<() => void> {
    const stop = this.hold(channels);
    try {
      await this.#listen(channels);
    } catch (error) {
      stop();
      throw error;
    }
    return stop;
  }

  /** Has channels listened to whenever this is armed, until what it gives is called, also where the store is late. */
  hold(channels: readonly string[]): () => void {
    for (const name of channels) {
      const channel = this.#channels.get(name) ?? { users: 0, listening: undefined, isLate: false };
      channel.users += 1;
      this.#channels.set(name, channel);
    }
    let isHeld = true;
    return () => {
      if (isHeld) this.#remove(channels);
      isHeld = false;
    };
  }

  /**
   * Listens again where it has fired: what happens from now on fires.
   *
   * @throws UnavailableError where the store doesn't confirm it in time; what is confirmed later fires then
   */
  async arm(): Promise<void> {
    await this.#listen([...this.#channels.keys()]);
  }

  async #listen(names: readonly string[]): Promise<void> {
    const listening = names.flatMap((name) => {
      const channel = this.#channels.get(name);
      if (channel === undefined) return [];
      channel.listening ??= this.#begin(name, channel);
      return channel.listening.confirmed;
    });
    try {
      await this.#store.within(() => Promise.all(listening));
    } catch (error) {
      for (const name of names) {
        const channel = this.#channels.get(name);
        if (channel !== undefined) channel.isLate = true;
      }
      throw error;
    }
  }

  #begin(name: string, channel: Channel): Listening {
    const hear = (): void => {
      listening.stop();
      if (channel.listening !== listening) return;
      channel.listening = undefined;
      this.#fire();
    };
    const listening = this.#feed.listen(name, { onMessage: hear, onGap: hear });
    channel.isLate = false;
    listening.confirmed
      .then(() => {
        // Until now something may have been missed.
        if (channel.isLate && channel.listening === listening) this.#fire();
      })
      .catch(() => undefined);
    return listening;
  }

  #remove(names: readonly string[]): void {
    for (const name of names) {
      const channel = this.#channels.get(name);
      if (channel === undefined) continue;
      channel.users -= 1;
      if (channel.users > 0) continue;
      channel.listening?.stop();
      channel.listening = undefined;
      this.#channels.delete(name);
    }
  }
}

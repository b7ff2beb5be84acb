import type { Logger } from '../logger.ts';
import type { Feed, Listener, Listening } from './feed.ts';
import { Failures } from './mistakes.ts';
import type { Store } from './store.ts';

/** How often it is looked for new queues that nobody has told of, in ms: as the clock does. */
const newQueuesMs = 10_000;

/** When a look for new queues that failed is made again, in ms. */
const retryMs = 1_000;

/** Where all queues are known, and told of. */
export interface QueueNames {
  readonly feed: Pick<Feed, 'listen'>;
  readonly logger: Logger;
  readonly store: Store;
  /** All queues that any process has registered. */
  readonly names: () => Promise<Iterable<string>>;
}

/** Listens to some channels; gives what ends that. @throws UnavailableError where the store doesn't confirm it in time */
export async function listenTo(
  { feed, store }: Pick<QueueNames, 'feed' | 'store'>,
  channels: readonly string[],
  listener: Listener,
): Promise<() => void> {
  const listening = channels.map((channel) => feed.listen(channel, listener));
  const stop = (): void => {
    for (const channel of listening) channel.stop();
  };
  try {
    await store.within(() => Promise.all(listening.map(({ confirmed }) => confirmed)));
  } catch (error) {
    stop();
    throw error;
  }
  return stop;
}

/** Who wants all queues to be followed. */
export interface QueuesFollower {
  /**
   * Follows a queue, and gives what ends that: of each call what it began, as the next one may begin before the last one has
   * ended.
   */
  readonly follow: (queue: string) => Promise<() => void>;
  /** Hears of those that came after the first call, whoever found them, once they are followed. */
  readonly onNew: (queue: string) => void;
  /** The connection that listens was away: the store may have lost what it had. */
  readonly onGap?: () => void;
}

/** Has all queues followed while somebody wants them to be, those that come later included. */
export class FollowedQueues {
  readonly #source: QueueNames;
  readonly #follower: QueuesFollower;
  readonly #failures: Failures;
  readonly #followed: Map<string, Promise<() => void>> = new Map();
  #listening: Listening | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(source: QueueNames, follower: QueuesFollower) {
    this.#source = source;
    this.#follower = follower;
    this.#failures = new Failures(source.logger, 'new queues could not be looked for');
  }

  /** Gives all queues that there are, once each of them is followed. @throws UnavailableError */
  async follow(): Promise<string[]> {
    const { feed, store, names } = this.#source;
    const again = (): void => void this.#again();
    const onGap = (): void => {
      this.#follower.onGap?.();
      again();
    };
    const isFirst = this.#listening === undefined;
    // Listen first, read second.
    this.#listening ??= feed.listen(store.queuesChannel, { onMessage: again, onGap });
    this.#lookIn(newQueuesMs);
    const { confirmed } = this.#listening;
    await store.within(() => confirmed);
    const all = [...(await names())].toSorted();
    await Promise.all(all.map((queue) => this.#follow(queue, isFirst)));
    return all;
  }

  /** Follows none of them any more. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#listening?.stop();
    this.#listening = undefined;
    // One that is still to be confirmed stops by itself where it fails.
    for (const followed of this.#followed.values())
      void followed.then((stop) => stop()).catch(() => undefined);
    this.#followed.clear();
  }

  async #follow(queue: string, isFirst: boolean): Promise<void> {
    // Nobody wants it any more.
    if (this.#listening === undefined) return;
    let followed = this.#followed.get(queue);
    if (followed === undefined) {
      const following = this.#follower.follow(queue);
      const isWanted = (): boolean => this.#followed.get(queue) === following;
      following.then(
        () => {
          if (!isFirst && isWanted()) this.#follower.onNew(queue);
        },
        () => {
          if (isWanted()) this.#followed.delete(queue);
        },
      );
      this.#followed.set(queue, following);
      followed = following;
    }
    await followed;
  }

  /** Never rejects. */
  async #again(): Promise<void> {
    if (this.#listening === undefined) return;
    try {
      await this.follow();
      this.#failures.passed();
    } catch (error) {
      this.#lookIn(this.#failures.failed(error, retryMs));
    }
  }

  #lookIn(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#listening === undefined) return;
    this.#timer = setTimeout(() => void this.#again(), ms).unref();
  }
}

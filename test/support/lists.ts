import { connect, defaultPrefix, type Redis, type RedisSettings } from '../../src/redis/connection.ts';
import { statesChannel } from '../../src/redis/keys.ts';
import { Feed, type Listener } from '../../src/tasks/feed.ts';
import { LiveLists, type TaskListQuery } from '../../src/tasks/live-lists.ts';
import { page } from '../../src/tasks/scripts/read.ts';
import { Store } from '../../src/tasks/store.ts';
import { ListWatcher } from './list-watcher.ts';
import { testLogger } from './stores.ts';

/** The watched lists of a process without anything around them, with a connection that listens and one that reads. */
export class TestLists implements AsyncDisposable {
  /** Pages that were asked for. */
  reads = 0;
  /** What answers wait for, after the store has given them. */
  answer: Promise<void> | undefined;
  readonly #redis: Redis;
  readonly #feed: Feed;
  readonly #store: Store;
  readonly #lists: LiveLists;

  /** The two may reach their store by other ways. */
  constructor(
    settings: RedisSettings,
    options: { readonly feed?: string; readonly store?: string; readonly rereadMs?: number } = {},
  ) {
    const { url, prefix = defaultPrefix } = settings;
    const { feed = url, store = url, rereadMs } = options;
    this.#redis = connect({ url: store, prefix }, 'producer', testLogger);
    this.#feed = new Feed(connect({ url: feed, prefix }, 'subscriber', testLogger), testLogger);
    const counted = async (): Promise<void> => {
      this.reads += 1;
      await this.answer;
    };
    this.#store = new (class extends Store {
      override async run(...call: Parameters<Store['run']>): Promise<unknown> {
        const reply = await super.run(...call);
        if (call[0] === page) await counted();
        return reply;
      }
    })(this.#redis, prefix, 900);
    this.#lists = new LiveLists(
      this.#store,
      this.#feed,
      testLogger,
      async ({ queues = [] }) => await Promise.resolve(queues),
      rereadMs,
    );
  }

  /** Watches the list of a queue. */
  async watch(queue: string, query: TaskListQuery = {}, isEager = true): Promise<ListWatcher> {
    const { first = 20, filter } = query;
    const whole = { ...query, filter: { ...filter, queues: [queue] } };
    return await ListWatcher.start(first, (signal) => this.#lists.watch(whole, { signal }), isEager);
  }

  /** Resolves once the connection that listens was away and listens again. */
  async gap(queue: string): Promise<void> {
    await this.#hear(queue, (resolve) => ({ onMessage: () => undefined, onGap: resolve }));
  }

  /** Resolves once a message has come. */
  async heard(queue: string, message: string): Promise<void> {
    await this.#hear(queue, (resolve) => ({
      onMessage: (text) => text === message && resolve(),
      onGap: () => undefined,
    }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#lists.close();
    this.#feed.close();
    this.#redis.disconnect();
  }

  /** Whoever listens to the same has heard it before. */
  async #hear(queue: string, listener: (resolve: () => void) => Listener): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const listening = this.#feed.listen(statesChannel(this.#store.root(queue)), listener(resolve));
    await promise;
    listening.stop();
  }
}

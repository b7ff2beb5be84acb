import { connect, type Redis, type Script } from '../../src/redis/connection.ts';
import { Feed, type Listener, type Listening } from '../../src/tasks/feed.ts';
import { Lanes } from '../../src/tasks/lanes.ts';
import { Queues } from '../../src/tasks/queues.ts';
import { Store } from '../../src/tasks/store.ts';
import { Workers } from '../../src/tasks/workers.ts';
import { Gate } from './definitions.ts';
import { freshSettings, type SharedStore, testLogger } from './stores.ts';

/** A store whose answers can be held back, and whose clock can be ahead. */
export class HeldStore extends Store {
  /** What this clock is ahead of the store's, for looks at queues. */
  aheadMs = 0;
  /** How often it has told the names of all queues. */
  namesTold = 0;
  /** How often each script was answered. */
  readonly runs: Map<Script, number> = new Map();
  #gate: Gate | undefined;
  #asked: Gate | undefined;

  /** Holds back the answers to all that is asked from now on: resolves once something was asked, and answered. */
  hold(): Promise<unknown> {
    this.#gate = new Gate();
    this.#asked = new Gate();
    return this.#asked.opened;
  }

  /** What is asked from now on is answered at once; gives what lets the held answers go. */
  pass(): () => void {
    const gate = this.#gate;
    this.#gate = undefined;
    return () => gate?.open();
  }

  override async queues(): Promise<string[]> {
    const names = await super.queues();
    this.namesTold += 1;
    return names;
  }

  override async run(script: Script, queue: string, args: readonly (string | number)[]): Promise<unknown> {
    const [gate, asked] = [this.#gate, this.#asked];
    const answer = await super.run(script, queue, args);
    asked?.open();
    await gate?.opened;
    // Looks at queues begin with the time.
    if (this.aheadMs > 0 && Array.isArray(answer)) answer[0] = String(Number(answer[0]) + this.aheadMs);
    this.runs.set(script, (this.runs.get(script) ?? 0) + 1);
    return answer;
  }
}

/** A feed of which some confirmations can be held back. */
export class HeldFeed extends Feed {
  /** How often each channel was listened to. */
  readonly counts: Map<string, number> = new Map();
  readonly held: Map<string, Gate> = new Map();

  override listen(name: string, listener: Listener): Listening {
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
    const listening = super.listen(name, listener);
    const gate = this.held.get(name);
    if (gate === undefined) return listening;
    return { ...listening, confirmed: gate.opened.then(() => listening.confirmed) };
  }
}

/** What watches queues and workers, on a store and by a feed that can be held back. */
export class HeldWatches implements AsyncDisposable {
  readonly redis: Redis;
  readonly store: HeldStore;
  readonly feed: HeldFeed;
  readonly queues: Queues;
  readonly workers: Workers;
  readonly settings;

  constructor(shared: SharedStore) {
    this.settings = freshSettings(shared);
    const { prefix = '' } = this.settings;
    this.redis = connect(this.settings, 'producer', testLogger);
    this.store = new HeldStore(this.redis, prefix, 10_000);
    this.feed = new HeldFeed(connect(this.settings, 'subscriber', testLogger), testLogger);
    const lanes = new Lanes({ prefix, redis: this.redis, logger: testLogger });
    const shares = { store: this.store, feed: this.feed, lanes, logger: testLogger };
    this.queues = new Queues({
      ...shares,
      own: new Set(),
      queueOfDefinition: () => undefined,
      checkReason: () => undefined,
    });
    this.workers = new Workers(shares);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.store.pass()();
    this.queues.close();
    this.workers.close();
    this.feed.close();
    this.redis.disconnect();
  }
}

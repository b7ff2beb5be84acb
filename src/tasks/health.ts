import type { Logger } from '../logger.ts';
import type { Redis } from '../redis/connection.ts';
import { rulesChannel, statesChannel, workersChannel } from '../redis/keys.ts';
import { isEmbedded, readServerFacts, type ServerFacts } from '../redis/server-facts.ts';
import { version } from '../version.ts';
import { examineQueue } from './doctor/examine.ts';
import type { Finding } from './doctor/finding.ts';
import { fleetFindings } from './doctor/fleet.ts';
import { serverFindings } from './doctor/server.ts';
import type { Feed } from './feed.ts';
import { type FindingList, FindingWatch } from './finding-watch.ts';
import { inspectQueue } from './inspect.ts';
import type { Store } from './store.ts';
import { readStoreState, type StoreState } from './store-state.ts';

/** What is known of the server is believed for so long by a watch, in ms: it changes slowly, and tasks quickly. */
const serverMs = 9_000;

export interface HealthOptions {
  readonly redis: Redis;
  readonly prefix: string;
  readonly store: Store;
  readonly feed: Feed;
  readonly logger: Logger;
  /** All queues that are known. */
  readonly queues: () => Promise<string[]>;
}

/** How the store and its queues are: what the doctor would say of them, read at once or watched. */
export class Health {
  readonly #options: HealthOptions;
  readonly #watch: FindingWatch;
  #server: { readonly at: number; readonly findings: readonly Finding[] } | undefined;

  constructor(options: HealthOptions) {
    const { redis, store, feed, logger, queues } = options;
    this.#options = options;
    this.#watch = new FindingWatch({
      redis,
      feed,
      logger,
      queues,
      namesChannel: store.queuesChannel,
      channels: (queue) =>
        [statesChannel, rulesChannel, workersChannel].map((channel) => channel(store.root(queue))),
      examine: () => this.#examine(serverMs),
      store,
    });
  }

  /**
   * What needs attention: failures first, then warnings; of each the store's before those of queues by name. What a user
   * of the store may not ask for is none. What left-overs of a crash there are is for `taskwire doctor` to search.
   *
   * @throws UnavailableError
   */
  async findings(): Promise<readonly Finding[]> {
    return await this.#examine(0);
  }

  /**
   * Yields the findings as they are now, then again whenever they changed; ends when aborted. While the store is away
   * that is the one finding.
   */
  watch(options: { readonly signal?: AbortSignal } = {}): AsyncGenerator<FindingList, void, undefined> {
    return this.#watch.watch(options);
  }

  /** The server that keeps the tasks, as it is now. @throws UnavailableError */
  async store(): Promise<StoreState> {
    const { store, redis } = this.#options;
    return await store.within(() => readStoreState(redis));
  }

  close(): void {
    this.#watch.close();
  }

  async #examine(serverAgeMs: number): Promise<readonly Finding[]> {
    const { redis, prefix, store, queues } = this.#options;
    const names = (await queues()).toSorted();
    const [server, examined] = await Promise.all([
      this.#serverFindings(serverAgeMs),
      Promise.all(
        names.map((name) => examineQueue(() => store.within(() => inspectQueue(redis, prefix, name)))),
      ),
    ]);
    const fleet = fleetFindings(
      examined.map(({ state }) => state),
      { name: 'this API', version },
    );
    const all = [...server, ...examined.flatMap(({ findings }) => findings), ...fleet];
    return [...all.filter(({ mark }) => mark === 'FAIL'), ...all.filter(({ mark }) => mark === 'warn')];
  }

  async #serverFindings(ageMs: number): Promise<readonly Finding[]> {
    const { redis, prefix, store } = this.#options;
    const known = this.#server;
    if (known !== undefined && performance.now() - known.at < ageMs) return known.findings;
    const facts = await store.within(() => readServerFacts(redis, { withSlowLog: false }));
    const findings = serverFindings(facts, prefix).filter(({ check }) => !isExpected(check, facts));
    this.#server = { at: performance.now(), findings };
    return findings;
  }
}

/** That the embedded store loses its tasks in a crash is no news to who develops: `Store.isEmbedded` says what it is. */
function isExpected(check: Finding['check'], { info }: ServerFacts): boolean {
  const isProduction = process.env['NODE_ENV'] === 'production';
  return check === 'persistence' && info !== undefined && isEmbedded(info) && !isProduction;
}

import { invalidArgument, WorkerNotFoundError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import type { Feed } from './feed.ts';
import type { Lanes } from './lanes.ts';
import { actText, type Act } from './queue-rules.ts';
import { checkReason } from './reason.ts';
import { parseHints } from './replies.ts';
import { drain } from './scripts/presence.ts';
import { presences, workerRuns } from './scripts/workers.ts';
import type { Store } from './store.ts';
import { joinWorkers, type PresenceReply, type WorkerRun, type WorkerState } from './worker-state.ts';
import { WorkerWatches } from './worker-watches.ts';

/** All workers at one moment. */
export interface WorkerList {
  /** When this was so, by the store's clock (ms). */
  readonly at: number;
  readonly workers: readonly WorkerState[];
}

/** Queues that a worker has come to meanwhile are drained as well, in so many rounds. */
const mostRounds = 5;

/** The most runs of a worker that are told at once. */
export const mostRuns = 100;

export interface WorkersOptions {
  readonly store: Store;
  readonly feed: Feed;
  readonly lanes: Lanes;
  readonly logger: Logger;
}

/** The workers of a store, as they tell of themselves in each queue that they serve: looked at, watched, drained. */
export class Workers {
  readonly #options: WorkersOptions;
  readonly #watches: WorkerWatches;

  constructor(options: WorkersOptions) {
    const { store, feed, logger } = options;
    this.#options = options;
    this.#watches = new WorkerWatches({
      feed,
      logger,
      store,
      names: () => store.queues(),
      look: () => this.#look(),
    });
  }

  /** All workers that have a lease, by id; of each queue 200 at most. */
  async list(): Promise<readonly WorkerState[]> {
    return (await this.#look()).workers;
  }

  /** A worker as it is now; undefined where none with a lease has this id. */
  async get(id: string): Promise<WorkerState | undefined> {
    return (await this.list()).find((worker) => worker.id === id);
  }

  /**
   * Yields all workers as they are now, then again after changes, at most once a second; ends when aborted.
   *
   * @throws UnavailableError at the start
   */
  watch(options: { readonly signal?: AbortSignal } = {}): AsyncGenerator<WorkerList, void, undefined> {
    return this.#watches.watch(options);
  }

  /** What a worker runs now, the longest first. */
  async runs({ id, queues }: WorkerState, most: number): Promise<WorkerRun[]> {
    const { store } = this.#options;
    const found = queues.map(async ({ name, busy }): Promise<WorkerRun[]> => {
      if (busy === 0) return [];
      // The shape that the script's contract names.
      const runs = (await store.run(workerRuns, name, [id, most])) as [string, string, string, string][];
      return runs.map(([id, definition, attempt, startedAt]) => ({
        id,
        queue: name,
        definition,
        attempt: Number(attempt),
        startedAt: startedAt === '' ? undefined : Number(startedAt),
      }));
    });
    return (await Promise.all(found))
      .flat()
      .toSorted((one, other) => (one.startedAt ?? 0) - (other.startedAt ?? 0))
      .slice(0, most);
  }

  /**
   * Lets a worker take nothing more, of any queue, until it is resumed or has ended: it finishes what it runs, and stays.
   *
   * @throws WorkerNotFoundError; BadUserInputError where the reason is too long, or the worker of a version without drains
   */
  async drain(id: string, act: Act = {}): Promise<WorkerState> {
    checkReason(act.reason ?? '');
    let worker = await this.#set(await this.#found(id), () => true, actText(act));
    for (let round = 1; round < mostRounds; round += 1) {
      if (worker.queues.every(({ isDraining }) => isDraining)) break;
      worker = await this.#set(worker, (isDraining) => !isDraining, actText(act));
    }
    return worker;
  }

  /** Lets a worker that was drained go on. @throws WorkerNotFoundError */
  async resume(id: string): Promise<WorkerState> {
    return await this.#set(await this.#found(id), (isDraining) => isDraining, '');
  }

  close(): void {
    this.#watches.close();
  }

  /** Sets it in the queues that want it; gives the worker after that. */
  async #set(
    worker: WorkerState,
    wants: (isDraining: boolean) => boolean,
    text: string,
  ): Promise<WorkerState> {
    const { store, lanes } = this.#options;
    const queues = worker.queues.filter(({ isDraining }) => wants(isDraining));
    const set = await Promise.all(
      queues.map(async ({ name }) => {
        const [isSet, ...hints] = (await store.run(drain, name, [worker.id, text])) as [number, ...string[]];
        lanes.of(name).push(parseHints(hints));
        return isSet === 1;
      }),
    );
    const after = await this.#found(worker.id);
    if (!set.includes(false) || after.startedAt !== undefined) return after;
    throw invalidArgument(
      'id',
      `The worker '${after.id}' runs version ${after.version}, which can't be drained. Stop it instead.`,
    );
  }

  async #found(id: string): Promise<WorkerState> {
    const worker = await this.get(id);
    if (worker === undefined) throw new WorkerNotFoundError(id);
    return worker;
  }

  async #look(): Promise<WorkerList> {
    const { store } = this.#options;
    const looks = (await store.queues()).map(async (queue) => {
      // The shape that the script's contract names.
      const [now, replies] = (await store.run(presences, queue, [])) as [string, PresenceReply[]];
      return { queue, now: Number(now), replies };
    });
    const queues = await Promise.all(looks);
    return {
      at: Math.max(0, ...queues.map(({ now }) => now)),
      workers: joinWorkers(queues.map(({ queue, replies }) => [queue, replies] as const)),
    };
  }
}

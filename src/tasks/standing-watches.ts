import type { Logger } from '../logger.ts';
import { rulesChannel, statesChannel, workersChannel } from '../redis/keys.ts';
import type { Feed } from './feed.ts';
import { queueOf } from './id.ts';
import { Looks } from './looks.ts';
import { Failures } from './mistakes.ts';
import type { Standing } from './standing.ts';
import type { Standings } from './standings.ts';
import type { Store } from './store.ts';
import { Trigger } from './trigger.ts';
import type { WatchOptions } from './watchable.ts';
import type { Beside } from './watches.ts';

/** Where tasks stand is looked at again at most this often, in ms. */
const pauseMs = 1_000;

/** The part of the time that looks at a queue may take: where very many tasks are followed they are looked at more seldom. */
const share = 0.1;

/** An estimate that is off by no more than this is none that is worth telling: so much in ms, or so much of what is left. */
const tolerance = { ms: 2_000, share: 0.05 };

/** What watches of standings need. */
export interface StandingSource {
  readonly feed: Pick<Feed, 'listen'>;
  readonly store: Store;
  readonly logger: Logger;
  readonly standings: Standings;
}

type Stood = readonly [id: string, standing: Standing];

/** One who follows a task. */
interface Follower {
  readonly parts: readonly (keyof Standing)[];
  readonly tell: () => void;
  /** What it was told last; undefined until that is known. */
  told: Standing | undefined;
}

interface QueueOfFollowed {
  readonly tasks: Map<string, Set<Follower>>;
  readonly trigger: Trigger;
  readonly looks: Looks<readonly Stood[]>;
}

/**
 * Tells when tasks stand elsewhere among those that wait, or wait for something else: those of a queue are looked at together,
 * when a task, a rule or a worker of it has changed.
 */
export class StandingWatches {
  readonly #source: StandingSource;
  readonly #failures: Failures;
  readonly #queues: Map<string, QueueOfFollowed> = new Map();

  constructor(source: StandingSource) {
    this.#source = source;
    this.#failures = new Failures(source.logger, 'where watched tasks stand could not be looked at');
  }

  /** What tells a watch of a task of changes beside its state; undefined where it is to tell of none. */
  beside(id: string, { tellsStanding: parts = [] }: WatchOptions): Beside | undefined {
    const queue = queueOf(id);
    if (queue === undefined || parts.length === 0) return undefined;
    return (tell) => this.#follow({ id, queue }, { parts, tell, told: undefined });
  }

  close(): void {
    for (const { looks } of this.#queues.values()) looks.stop();
  }

  /** Gives what ends it, once no change can be missed any more. @throws UnavailableError */
  async #follow(task: { readonly id: string; readonly queue: string }, one: Follower): Promise<() => void> {
    const { store, standings } = this.#source;
    const { id, queue } = task;
    const queued = this.#queues.get(queue) ?? this.#begin(queue);
    const followers = queued.tasks.get(id) ?? new Set();
    queued.tasks.set(id, followers);
    followers.add(one);
    const leave = (): void => {
      if (!followers.delete(one) || followers.size > 0) return;
      queued.tasks.delete(id);
      if (queued.tasks.size > 0) return;
      queued.looks.stop();
      this.#queues.delete(queue);
    };
    const channels = [statesChannel, rulesChannel, workersChannel].map((channel) =>
      channel(store.root(queue)),
    );
    let remove: (() => void) | undefined;
    const stop = (): void => {
      leave();
      remove?.();
    };
    try {
      // Listen first, read second.
      remove = await queued.trigger.add(channels);
      const standing = await standings.of(task);
      // A look that was made meanwhile knows more.
      one.told ??= standing;
      return stop;
    } catch (error) {
      stop();
      throw error;
    }
  }

  #begin(queue: string): QueueOfFollowed {
    const { standings } = this.#source;
    const tasks: QueueOfFollowed['tasks'] = new Map();
    const looks = new Looks<readonly Stood[]>({
      pauseMs,
      share,
      failures: this.#failures,
      about: { queue },
      look: async () => {
        await trigger.arm();
        return await Promise.all(
          [...tasks.keys()].map(async (id): Promise<Stood> => [id, await standings.of({ id, queue })]),
        );
      },
      tell: ({ seen }) => {
        // Who is told asks for it.
        standings.share(seen);
        for (const [id, standing] of seen) {
          for (const one of tasks.get(id) ?? []) {
            const { told } = one;
            if (told !== undefined && !one.parts.some((part) => differ[part](told, standing))) continue;
            one.told = standing;
            if (told !== undefined) one.tell();
          }
        }
      },
    });
    const trigger = new Trigger(this.#source, () => looks.soon());
    const queued = { tasks, trigger, looks };
    this.#queues.set(queue, queued);
    return queued;
  }
}

/** Whether a part of a standing has become another one that is worth telling. */
const differ: Record<keyof Standing, (told: Standing, seen: Standing) => boolean> = {
  position: (told, seen) => told.position !== seen.position,
  startsAt: ({ startsAt: told }, { startsAt: seen }) => {
    if (told === undefined || seen === undefined) return told !== seen;
    // While a line stands still this moves on with the time.
    return Math.abs(seen - told) > Math.max(tolerance.ms, (seen - Date.now()) * tolerance.share);
  },
  waits: (told, seen) => JSON.stringify(told.waits) !== JSON.stringify(seen.waits),
};

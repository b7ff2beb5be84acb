import type { Logger } from '../logger.ts';
import { rulesChannel, statesChannel, workersChannel } from '../redis/keys.ts';
import type { Feed } from './feed.ts';
import { Looks } from './looks.ts';
import { Failures } from './mistakes.ts';
import type { Standing } from './standing.ts';
import type { Standings } from './standings.ts';
import type { Store } from './store.ts';
import { Trigger } from './trigger.ts';

/** Where tasks stand is looked at again at most this often, in ms. */
const pauseMs = 1_000;

/** The part of the time that looks at a queue may take: where very many tasks are followed they are looked at more seldom. */
const share = 0.1;

/** What watches of standings need. */
export interface StandingSource {
  readonly feed: Pick<Feed, 'listen'>;
  readonly store: Store;
  readonly logger: Logger;
  readonly standings: Standings;
}

type Stood = readonly [id: string, standing: Standing];

interface Followed {
  /** Each is called when the task stands elsewhere. */
  readonly tells: Set<() => void>;
  /** Where it stood last; undefined until that is known. */
  place: string | undefined;
}

interface QueueOfFollowed {
  readonly tasks: Map<string, Followed>;
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

  /**
   * Calls back whenever a task stands elsewhere than before; gives what ends that, once no change can be missed any more.
   *
   * @throws UnavailableError
   */
  async follow(task: { readonly id: string; readonly queue: string }, tell: () => void): Promise<() => void> {
    const { store, standings } = this.#source;
    const { id, queue } = task;
    const queued = this.#queues.get(queue) ?? this.#begin(queue);
    const followed = queued.tasks.get(id) ?? { tells: new Set(), place: undefined };
    queued.tasks.set(id, followed);
    followed.tells.add(tell);
    const leave = (): void => {
      if (!followed.tells.delete(tell) || followed.tells.size > 0) return;
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
      const place = placeOf(await standings.of(task));
      // A look that was made meanwhile knows more.
      followed.place ??= place;
      return stop;
    } catch (error) {
      stop();
      throw error;
    }
  }

  close(): void {
    for (const { looks } of this.#queues.values()) looks.stop();
  }

  #begin(queue: string): QueueOfFollowed {
    const { standings } = this.#source;
    const tasks = new Map<string, Followed>();
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
        for (const [id, standing] of seen) {
          const followed = tasks.get(id);
          const place = placeOf(standing);
          if (followed === undefined || followed.place === place) continue;
          const isFirst = followed.place === undefined;
          followed.place = place;
          if (!isFirst) for (const tell of followed.tells) tell();
        }
      },
    });
    const trigger = new Trigger(this.#source, () => looks.soon());
    const queued = { tasks, trigger, looks };
    this.#queues.set(queue, queued);
    return queued;
  }
}

/** All of a standing that is worth telling: an estimate that is a little off is none. */
function placeOf({ position, startsAt, waits }: Standing): string {
  return JSON.stringify([position, startsAt === undefined ? null : Math.round(startsAt / 1_000), waits]);
}

import { invalidArgument } from '../errors.ts';
import { type ActivityMinute, isEmpty, mergeMinutes } from './activity.ts';
import {
  type ActivitySelection,
  type ActivitySource,
  ActivityWatch,
  type ActivityWindow,
} from './activity-watch.ts';
import { Latest } from './latest.ts';
import type { Look } from './looks.ts';
import { minutesKept } from './scripts/bounds.ts';

/** What happened in each minute of the last hour: read, and watched once for all in this process who want to see the same. */
export class Activities {
  readonly #source: ActivitySource;
  readonly #watches: Map<string, ActivityWatch> = new Map();

  constructor(source: ActivitySource) {
    this.#source = source;
  }

  /**
   * The last minutes, the oldest first; the last one goes on. Those in which nothing happened are there with zeros.
   *
   * @throws BadUserInputError where they aren't 1 to 60; UnavailableError
   */
  async read(selection: ActivitySelection): Promise<readonly ActivityMinute[]> {
    const { queues, definitions, minutes } = checked(selection);
    const names = await this.#source.names();
    const all = queues === undefined ? [...names] : queues.filter((queue) => names.has(queue));
    const read = await Promise.all(all.map((queue) => this.#source.read(queue, minutes)));
    return mergeMinutes(read, minutes, definitions === undefined ? undefined : new Set(definitions));
  }

  /**
   * Yields the last minutes as `read` does, then those that have changed, at most every two seconds; ends when aborted. A
   * minute in which nothing has happened yet is no change.
   *
   * @throws as `read` does
   */
  async *watch(
    selection: ActivitySelection,
    options: { readonly signal?: AbortSignal } = {},
  ): AsyncGenerator<readonly ActivityMinute[], void, undefined> {
    const { signal } = options;
    const mailbox = new Latest<Look<ActivityWindow>>();
    const abort = (): void => mailbox.close();
    const [key, watch] = this.#watchOf(checked(selection));
    try {
      signal?.addEventListener('abort', abort, { once: true });
      // Listens first, reads second.
      const first = await watch.follow(mailbox);
      let shown = minutesOf(first.seen);
      if (signal?.aborted === true) return;
      yield first.seen;
      for (;;) {
        const look = await mailbox.take();
        if (look === undefined) return;
        // One that was under way when the first one began.
        if (look.number < first.number) continue;
        const before = shown;
        shown = minutesOf(look.seen);
        const changed = look.seen.filter((minute) => isNews(minute, before.get(minute.at)));
        if (changed.length > 0) yield changed;
      }
    } finally {
      signal?.removeEventListener('abort', abort);
      mailbox.close();
      watch.leave(mailbox);
      if (!watch.isFollowed && this.#watches.get(key) === watch) this.#watches.delete(key);
    }
  }

  close(): void {
    for (const watch of this.#watches.values()) watch.close();
    this.#watches.clear();
  }

  #watchOf(selection: ActivitySelection): [string, ActivityWatch] {
    const { queues, definitions, minutes } = selection;
    const key = JSON.stringify([queues?.toSorted(), definitions?.toSorted(), minutes]);
    const watch = this.#watches.get(key) ?? new ActivityWatch(this.#source, selection);
    this.#watches.set(key, watch);
    return [key, watch];
  }
}

function minutesOf(window: ActivityWindow): Map<number, ActivityMinute> {
  return new Map(window.map((minute) => [minute.at, minute]));
}

/** Whether a minute has to be told to somebody who was told an earlier state of it, or none. */
function isNews(minute: ActivityMinute, told: ActivityMinute | undefined): boolean {
  return told === undefined ? !isEmpty(minute) : told !== minute;
}

/** @throws BadUserInputError */
function checked({ queues, definitions, minutes }: ActivitySelection): ActivitySelection {
  if (!Number.isInteger(minutes) || minutes < 1 || minutes > minutesKept) {
    throw invalidArgument('minutes', `Expected a whole number from 1 to ${minutesKept}, got ${minutes}.`);
  }
  return {
    queues: queues && [...new Set(queues)],
    definitions: definitions && [...new Set(definitions)],
    minutes,
  };
}

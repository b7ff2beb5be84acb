import type { Logger } from '../logger.ts';
import { type ActivityMinute, mergeMinutes, type QueueMinute } from './activity.ts';
import type { Feed, Listening } from './feed.ts';
import type { Latest } from './latest.ts';

/** What is watched is looked at again at most this often, in ms. */
const pauseMs = 2_000;

/** What of the activity somebody wants to see. */
export interface ActivitySelection {
  /** Undefined for all queues, also those that come later. */
  readonly queues?: readonly string[] | undefined;
  readonly definitions?: readonly string[] | undefined;
  /** How many minutes: 1 to 60. */
  readonly minutes: number;
}

/** What watches of the activity need to know. */
export interface ActivitySource {
  readonly feed: Feed;
  readonly logger: Logger;
  /** The channel on which all changes of a queue's tasks are told. */
  readonly channel: (queue: string) => string;
  /** The channel on which it is told that there are new queues. */
  readonly namesChannel: string;
  /** All queues that any process has registered. */
  readonly names: () => Promise<ReadonlySet<string>>;
  /** The last minutes of a queue, from `since` (ms) on where that is given. */
  readonly read: (queue: string, minutes: number, since?: number) => Promise<QueueMinute[]>;
  /** Bounds how long a caller waits for the store. */
  readonly within: <T>(wait: () => Promise<T>) => Promise<T>;
}

/** The minutes of a selection at one moment. One that is as it was before is the same object. */
export type ActivityWindow = readonly ActivityMinute[];

/** The watch of one selection, which looks for all who follow it. */
export class ActivityWatch {
  readonly #source: ActivitySource;
  readonly #selection: ActivitySelection;
  readonly #followers: Set<Latest<ActivityWindow>> = new Set();
  readonly #listening: Map<string, Listening> = new Map();
  readonly #held: Map<string, readonly QueueMinute[]> = new Map();
  #names: Listening | undefined;
  #window: ActivityWindow = [];
  #reading: Promise<unknown> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #lookedAt = -Infinity;
  /** Something has happened since the last look. */
  #isBehind = false;

  constructor(source: ActivitySource, selection: ActivitySelection) {
    this.#source = source;
    this.#selection = selection;
  }

  get isFollowed(): boolean {
    return this.#followers.size > 0;
  }

  /** Tells a follower each look that is made because of a change from now on. Gives how things are. @throws UnavailableError */
  async follow(follower: Latest<ActivityWindow>): Promise<ActivityWindow> {
    this.#followers.add(follower);
    const { feed, namesChannel } = this.#source;
    this.#names ??= feed.listen(namesChannel, { onMessage: this.#changed, onGap: this.#missed });
    return await this.#read();
  }

  leave(follower: Latest<ActivityWindow>): void {
    this.#followers.delete(follower);
    if (!this.isFollowed) this.close();
  }

  /** Ends all who follow. */
  close(): void {
    clearTimeout(this.#timer);
    for (const follower of this.#followers) follower.close();
    this.#followers.clear();
    this.#names?.stop();
    for (const listening of this.#listening.values()) listening.stop();
    this.#listening.clear();
  }

  readonly #changed = (): void => {
    this.#isBehind = true;
    if (!this.isFollowed) return;
    const waitMs = Math.max(0, this.#lookedAt + pauseMs - performance.now());
    this.#timer ??= setTimeout(() => void this.#look(), waitMs);
  };

  /** The store may have lost what was written: what is known of the minutes is no longer sure. */
  readonly #missed = (): void => {
    this.#held.clear();
    this.#changed();
  };

  async #look(): Promise<void> {
    this.#isBehind = false;
    this.#lookedAt = performance.now();
    try {
      const window = await this.#read();
      for (const follower of this.#followers) follower.set(window);
    } catch (error) {
      this.#source.logger.debug({ err: error }, 'watched activity could not be looked at, trying again');
      this.#isBehind = true;
    }
    this.#timer = undefined;
    if (this.#isBehind) this.#changed();
  }

  /** One after the other, so that the later one knows more. */
  async #read(): Promise<ActivityWindow> {
    const reading = this.#reading.then(() => this.#readNow());
    // Whoever comes after it doesn't fail by it.
    this.#reading = reading.catch(() => undefined);
    return await reading;
  }

  async #readNow(): Promise<ActivityWindow> {
    const { minutes, definitions } = this.#selection;
    const queues = await this.#listen();
    const held = this.#held;
    const all = await Promise.all(
      queues.map(async (queue) => {
        const known = held.get(queue) ?? [];
        // What had ended by the last look stays as it is.
        const read = await this.#source.read(queue, minutes, known.at(-1)?.at);
        const since = read[0]?.at ?? 0;
        const merged = [...known.filter(({ at }) => at < since), ...read].slice(-minutes);
        held.set(queue, merged);
        return merged;
      }),
    );
    const before = new Map(this.#window.map((minute) => [minute.at, minute]));
    const filter = definitions === undefined ? undefined : new Set(definitions);
    const window = mergeMinutes(all, minutes, filter);
    this.#window = window.map((minute) => {
      const known = before.get(minute.at);
      return known !== undefined && JSON.stringify(known) === JSON.stringify(minute) ? known : minute;
    });
    return this.#window;
  }

  /** Listens to all queues of the selection, before they are read; gives them. */
  async #listen(): Promise<string[]> {
    const { feed, channel, names, within } = this.#source;
    await within(async () => await this.#names?.confirmed);
    const all = await names();
    const queues = this.#selection.queues?.filter((queue) => all.has(queue)) ?? [...all];
    const listener = { onMessage: this.#changed, onGap: this.#missed };
    for (const queue of queues) {
      // Whoever followed may have left meanwhile.
      if (this.isFollowed && !this.#listening.has(queue))
        this.#listening.set(queue, feed.listen(channel(queue), listener));
    }
    await within(() => Promise.all([...this.#listening.values()].map(({ confirmed }) => confirmed)));
    return queues;
  }
}

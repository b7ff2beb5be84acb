import { statesChannel } from '../redis/keys.ts';
import { type ActivityMinute, mergeMinutes, type QueueMinute } from './activity.ts';
import { FollowedQueues, type QueueNames } from './followed-queues.ts';
import type { Latest } from './latest.ts';
import { type Look, lookNow, Looks } from './looks.ts';
import { Failures } from './mistakes.ts';
import { Trigger } from './trigger.ts';

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
export interface ActivitySource extends QueueNames {
  readonly names: () => Promise<ReadonlySet<string>>;
  /** The last minutes of a queue, from `since` (ms) on where that is given. */
  readonly read: (queue: string, minutes: number, since?: number) => Promise<QueueMinute[]>;
}

/** The minutes of a selection at one moment. One that is as it was before is the same object. */
export type ActivityWindow = readonly ActivityMinute[];

/** The watch of one selection, which looks for all who follow it. */
export class ActivityWatch {
  readonly #source: ActivitySource;
  readonly #selection: ActivitySelection;
  readonly #queues: FollowedQueues;
  readonly #looks: Looks<ActivityWindow>;
  readonly #trigger: Trigger;
  readonly #followers: Set<Latest<Look<ActivityWindow>>> = new Set();
  /** What has been read of each queue; another one where that is no longer sure. */
  #held: Map<string, readonly QueueMinute[]> = new Map();
  #window: ActivityWindow = [];
  #reading: Promise<unknown> = Promise.resolve();

  constructor(source: ActivitySource, selection: ActivitySelection) {
    this.#source = source;
    this.#selection = selection;
    const { logger, store } = source;
    this.#looks = new Looks({
      pauseMs,
      look: () => this.#read(),
      tell: (look) => {
        for (const follower of this.#followers) follower.set(look);
      },
      failures: new Failures(logger, 'watched activity could not be looked at'),
    });
    const changed = (): void => this.#looks.soon();
    this.#trigger = new Trigger(source, changed);
    this.#queues = new FollowedQueues(
      { ...source, names: () => this.#names() },
      {
        follow: (queue) => this.#trigger.add([statesChannel(store.root(queue))]),
        onNew: changed,
        onGap: () => this.#missed(),
      },
    );
  }

  get isFollowed(): boolean {
    return this.#followers.size > 0;
  }

  /** Tells a follower each look that is made because of a change from now on. Gives how things are. @throws UnavailableError */
  async follow(follower: Latest<Look<ActivityWindow>>): Promise<Look<ActivityWindow>> {
    this.#followers.add(follower);
    // Listen first, read second.
    await this.#queues.follow();
    return await lookNow(() => this.#read());
  }

  leave(follower: Latest<Look<ActivityWindow>>): void {
    this.#followers.delete(follower);
    if (!this.isFollowed) this.close();
  }

  /** Ends all who follow. */
  close(): void {
    this.#looks.stop();
    for (const follower of this.#followers) follower.close();
    this.#followers.clear();
    this.#queues.stop();
  }

  /** The store may have lost what was written: what is known of the minutes is no longer sure. */
  #missed(): void {
    // A read under way goes on with what it had.
    this.#held = new Map();
    this.#looks.soon();
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
    // Listen first, read second.
    await this.#trigger.arm();
    const queues = await this.#names();
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

  /** The queues of the selection. */
  async #names(): Promise<string[]> {
    const all = await this.#source.names();
    return this.#selection.queues?.filter((queue) => all.has(queue)) ?? [...all];
  }
}

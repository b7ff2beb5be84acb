import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../logger.ts';
import { parkDelivery, resumeDelivery } from '../tasks/adoption.ts';
import type { Delivery } from '../tasks/delivery.ts';
import type { Lane } from '../tasks/lane.ts';
import type { Store } from '../tasks/store.ts';
import type { Seat } from './parking.ts';
import type { Places } from './places.ts';
import type { SuspectPermit } from './suspect-permit.ts';
import type { Threads } from './threads.ts';

/** How soon it is tried again to go on where a limit has no room, at first and at most; the room is kept free. */
const firstWaitMs = 20;
const longestWaitMs = 250;

export interface SlotSeatOptions {
  readonly delivery: Delivery;
  readonly queue: string;
  readonly worker: string;
  /** The hint that its slot had taken from the lane. */
  readonly hint: string;
  readonly isThread: boolean;
  readonly places: Places;
  readonly store: Store;
  readonly waking: Lane;
  readonly threads: Threads;
  readonly suspects: SuspectPermit;
  readonly logger: Logger;
  /** Counts the slots that waiting runs lend; gives how many the worker has to give by that. */
  readonly lend: (change: 1 | 0 | -1) => number;
  /** Called when the lane may send the slot another hint. */
  readonly leaveLane: () => void;
  /** Called when the token has turned out to be void. */
  readonly onStale: () => void;
}

/** What a delivery holds: a place in its worker, where it counts in limits, a thread's turn, a permit. */
export class SlotSeat implements Seat {
  readonly #options: SlotSeatOptions;
  #hasPlace = true;
  #hasPermit: boolean;
  #isLent = false;

  constructor(options: SlotSeatOptions) {
    this.#options = options;
    this.#hasPermit = options.delivery.isSuspect;
  }

  /** Whether it has a place, which the next task may take. */
  get hasPlace(): boolean {
    return this.#hasPlace;
  }

  async leave(over: AbortSignal): Promise<void> {
    const { store, worker, delivery, hint, places, waking, lend, leaveLane, onStale } = this.#options;
    const change = this.#isLent ? 0 : 1;
    // Counted before it is written: a renewal on its way says the same.
    const slots = lend(change);
    const park = () => parkDelivery(store, { worker, delivery, slots }, hint);
    const hints = await this.#insist(park, over);
    if (hints === undefined) {
      if (change === 1) lend(-1);
      if (!over.aborted) onStale();
      return;
    }
    if (change === 1) this.#lent();
    if (this.#hasPlace) places.give();
    this.#hasPlace = false;
    leaveLane();
    waking.push(hints);
  }

  async comeBack(signal: AbortSignal): Promise<void> {
    const { places, onStale } = this.#options;
    for (let waitMs = firstWaitMs; ; waitMs = Math.min(2 * waitMs, longestWaitMs)) {
      if (!(await places.take('RESUME', signal))) return;
      const answer = await this.#resume(signal);
      if (answer === 'RESUMED') {
        this.#hasPlace = true;
        return;
      }
      // What waits holds nothing, also between two tries.
      places.give();
      if (answer === 'STALE') onStale();
      if (answer !== 'NO_ROOM' || !(await passed(waitMs, signal))) return;
    }
  }

  /** To be called once the delivery has ended, however; true where it ended while it waited. */
  end(): boolean {
    const wasLent = this.#isLent;
    if (wasLent) {
      this.#options.lend(-1);
      this.#returned();
    }
    if (this.#hasPermit) this.#options.suspects.release();
    this.#hasPermit = false;
    return wasLent;
  }

  async #resume(signal: AbortSignal): Promise<'RESUMED' | 'NO_ROOM' | 'STALE' | undefined> {
    const { store, worker, delivery, queue, suspects, lend } = this.#options;
    const { isSuspect } = delivery;
    if (isSuspect && !suspects.take(queue)) return 'NO_ROOM';
    const slots = lend(-1);
    const answer = await this.#insist(() => resumeDelivery(store, { worker, delivery, slots }), signal);
    if (answer === 'RESUMED') {
      this.#returned();
      this.#hasPermit = isSuspect;
    } else {
      lend(1);
      if (isSuspect) suspects.release();
    }
    return answer;
  }

  #lent(): void {
    const { isThread, threads, suspects } = this.#options;
    this.#isLent = true;
    if (isThread) threads.lend();
    if (this.#hasPermit) suspects.release();
    this.#hasPermit = false;
  }

  #returned(): void {
    this.#isLent = false;
    if (this.#options.isThread) this.#options.threads.takeBack();
  }

  /** Repeats what the store refuses, as it may be full just now; undefined where it is too late. */
  async #insist<T>(call: () => Promise<T>, signal: AbortSignal): Promise<T | undefined> {
    const { store, logger, delivery } = this.#options;
    for (;;) {
      try {
        return await call();
      } catch (error) {
        logger.warn({ err: error, id: delivery.task.id }, 'a run that waits could not be noted as one');
        if (!store.isOpen || !(await passed(longestWaitMs, signal))) return undefined;
      }
    }
  }
}

/** Waits; false where the signal fired before. */
async function passed(ms: number, signal: AbortSignal): Promise<boolean> {
  return await delay(ms, true, { signal }).catch(() => false);
}

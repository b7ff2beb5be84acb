import type { Logger } from '../logger.ts';
import { leasesLost } from '../metrics.ts';
import { dueChannel } from '../redis/keys.ts';
import { Cascade } from './cascade.ts';
import type { Feed, Listening } from './feed.ts';
import type { Lanes } from './lanes.ts';
import type { Scheduler } from './scheduler.ts';
import { itemsPerCall } from './scripts/bounds.ts';
import { isBug } from '../redis/answer.ts';
import type { Store } from './store.ts';

export interface QueueClockOptions {
  readonly store: Store;
  readonly lanes: Lanes;
  readonly feed: Feed;
  readonly scheduler: Scheduler;
  readonly logger: Logger;
  readonly leaseMs: number;
}

/** The longest time for which the timer of the next due task is set; regular ticks look further. */
const longestMs = 60_000;

/** The clock of one queue: looks regularly, and at the moment when the next task is due. */
export class QueueClock {
  readonly #queue: string;
  readonly #options: QueueClockOptions;
  readonly #cascade: Cascade;
  readonly #listening: Listening;
  #suspects: ReadonlySet<string> = new Set();
  /** Since when the store has been in reach, and when it last was, by its own time. */
  #touch: { readonly since: number; readonly last: number } | undefined;
  /** The store's time minus this process'. */
  #offset: number | undefined;
  #timer: NodeJS.Timeout | undefined;
  #dueAt = Infinity;
  #ticking: Promise<void> | undefined;
  #closed = false;

  constructor(queue: string, options: QueueClockOptions) {
    leasesLost.begin(queue);
    this.#queue = queue;
    this.#options = options;
    this.#cascade = new Cascade(options.store, options.lanes);
    const channel = dueChannel(options.store.root(queue));
    this.#listening = options.feed.listen(channel, {
      onMessage: (message) => this.#arm(Number(message)),
      // The next regular tick says what was missed.
      onGap: () => undefined,
    });
  }

  /** One look; joins the one that is going on. */
  async tick(): Promise<void> {
    this.#ticking ??= this.#tick()
      .then(() => this.#cancelChildren())
      .finally(() => {
        this.#ticking = undefined;
      });
    await this.#ticking;
  }

  /** A piece of the search for what a crash left behind: in the records, and in the lane. */
  async mend(): Promise<void> {
    const { store, lanes, logger } = this.#options;
    try {
      const { mended, hints } = await store.mend(this.#queue);
      lanes.of(this.#queue).push(hints);
      const kinds = Object.keys(mended);
      // Every worker that is killed leaves its hints; nothing else is left by a crash that we know of.
      const level = kinds.some((kind) => kind !== 'hintsOfLostWorkers') ? 'warn' : 'debug';
      if (kinds.length > 0) logger[level]({ queue: this.#queue, mended }, 'mended what was left behind');
    } catch (error) {
      this.#away(error);
    }
  }

  /** A hint in the lane's active list that no slot holds, in two looks running, lost its slot to a crash. */
  async tidyLane(): Promise<void> {
    const { store, lanes, logger } = this.#options;
    const lane = lanes.of(this.#queue);
    try {
      const unheld = await store.unheld(this.#queue, await lane.active());
      const lost = unheld.filter((hint) => this.#suspects.has(hint));
      await lane.forget(lost);
      this.#suspects = new Set(unheld);
      if (lost.length > 0)
        logger.debug({ queue: this.#queue, hints: lost.length }, 'took lost hints out of the lane');
    } catch (error) {
      this.#away(error);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#listening.stop();
    await this.#ticking;
  }

  async #tick(): Promise<void> {
    const { store, lanes, scheduler, leaseMs, logger } = this.#options;
    const touch = this.#touch;
    // Whatever is due by now is done by this tick; what is told from here on comes after it.
    clearTimeout(this.#timer);
    this.#dueAt = Infinity;
    try {
      const { now, next, lost, removed, errors, schedules, hints } = await store.tick(this.#queue, {
        leaseMs,
        since: touch?.since ?? Number.MAX_SAFE_INTEGER,
        last: touch?.last ?? 0,
      });
      const inTouch = touch !== undefined && now - touch.last < leaseMs / 2;
      this.#touch = { since: inTouch ? touch.since : now, last: now };
      this.#offset = now - performance.now();
      lanes.of(this.#queue).push(hints);
      if (lost.length > 0) {
        leasesLost.addMany(lost.length, this.#queue);
        logger.warn({ queue: this.#queue, tasks: lost }, 'a worker was lost, its tasks are taken back');
      }
      if (errors.length > 0) logger.error({ queue: this.#queue, errors }, 'the clock failed at some tasks');
      if (removed > 0) logger.debug({ queue: this.#queue, removed }, 'tasks outlived their retention');
      if (next !== undefined) this.#arm(next);
      // A full piece: there is more.
      if (removed === itemsPerCall) this.#arm(now);
      const slot = schedules.length > 0 ? await scheduler.fire(this.#queue, schedules, now) : undefined;
      if (slot !== undefined) this.#arm(slot);
    } catch (error) {
      // Away: being in touch starts anew, so that nobody is taken for lost who couldn't renew.
      this.#touch = undefined;
      this.#away(error);
    }
  }

  /** Children of canceled tasks, which whoever canceled those has left. */
  async #cancelChildren(): Promise<void> {
    try {
      await this.#cascade.work(this.#queue);
    } catch (error) {
      this.#away(error);
    }
  }

  /** Sets the timer for the next due task, unless an earlier one is set. */
  #arm(at: number): void {
    if (this.#closed || at >= this.#dueAt) return;
    this.#dueAt = at;
    clearTimeout(this.#timer);
    // Before its first tick it doesn't know the store's time, and asks.
    const waitMs = this.#offset === undefined ? 1 : Math.max(1, at - this.#offset - performance.now());
    if (waitMs > longestMs) return;
    this.#timer = setTimeout(() => void this.#ring(), waitMs);
    this.#timer.unref();
  }

  /** What became due while a tick was going on may have been missed by it. */
  async #ring(): Promise<void> {
    await this.#ticking;
    if (!this.#closed) await this.tick();
  }

  #away(error: unknown): void {
    if (isBug(error)) this.#options.logger.error({ err: error, queue: this.#queue }, 'the clock failed');
    else
      this.#options.logger.debug({ err: error, queue: this.#queue }, 'the clock could not reach the store');
  }
}

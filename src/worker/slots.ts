import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import type { CompiledDefinition } from '../definition/types.ts';
import type { Logger } from '../logger.ts';
import { attemptRun } from '../metrics.ts';
import { isBug } from '../redis/answer.ts';
import { workerChannel } from '../redis/keys.ts';
import { Deliveries } from '../tasks/deliveries.ts';
import type { Delivery, Outcome } from '../tasks/delivery.ts';
import type { Feed, Listening } from '../tasks/feed.ts';
import type { HintData, Lane } from '../tasks/lane.ts';
import { parseTask } from '../tasks/replies.ts';
import type { Store } from '../tasks/store.ts';
import { version } from '../version.ts';
import { Attempt } from './attempt.ts';
import { beginCounts, noteEnd, noteStart } from './attempt-counts.ts';
import type { ChildServices } from './children.ts';
import { outcomeRefused } from './failure.ts';
import { Places } from './places.ts';
import { Renewals } from './renewals.ts';
import { SlotSeat } from './seat.ts';
import { Serving } from './serving.ts';
import type { SuspectPermit } from './suspect-permit.ts';
import type { Threads } from './threads.ts';
import { Tokens } from './tokens.ts';
import type { Usage } from './usage.ts';

/** A hint that this many slots had no use for isn't sent on again; the clock wakes within a second. */
const hopsPerHint = 8;

/** Beyond so many runs that wait, and 100 for each slot, no more slots are lent: what waits takes memory. */
const mostLent = 1_000;

export interface SlotsOptions {
  readonly queue: string;
  readonly worker: string;
  readonly definitions: readonly CompiledDefinition[];
  readonly count: number;
  readonly leaseMs: number;
  readonly store: Store;
  /** Makes a lane that these slots take hints from; closed with them, or while the worker is drained. */
  readonly openLane: () => Lane;
  /** The lane by which they wake others. */
  readonly waking: Lane;
  readonly feed: Feed;
  /** Where definitions with `thread: true` run. */
  readonly threads: Threads;
  readonly logger: Logger;
  /** Whether this process runs a suspect of another queue. */
  readonly suspects: SuspectPermit;
  /** Attempts that the process runs in other queues. */
  readonly beside: () => number;
  /** Of this process. */
  readonly usage: Usage;
  readonly services: ChildServices;
  /** Called when every slot is held by a `run` that ignores its signal. */
  readonly onStuck: () => void;
}

/** The slots of one worker on one queue: a hint wakes a slot, which then helps itself while something waits. */
export class Slots {
  readonly #options: SlotsOptions;
  readonly #deliveries: Deliveries;
  readonly #definitions: ReadonlyMap<string, CompiledDefinition>;
  readonly #tokens: Tokens = new Tokens();
  /** Attempts that are over for the store, whose `run` goes on and holds its slot. */
  readonly #stuck: Set<Attempt> = new Set();
  readonly #leaving = Promise.withResolvers<undefined>();
  /** Fires when no more tasks are taken. */
  readonly #closing = new AbortController();
  readonly #places: Places;
  /** Slots that are lent while their run waits for its children. */
  #lent = 0;
  /** What goes on task after task: in a slot of the lane, or beside it where its run has waited for children. */
  readonly #hands: Set<Promise<void>> = new Set();
  readonly #renewals: Renewals = new Renewals(() => this.#renew());
  readonly #serving: Serving;
  readonly #startedAt = performance.now();
  #channel: Listening | undefined;
  #stopping = false;

  constructor(options: SlotsOptions) {
    const { queue, worker, store, definitions, count } = options;
    this.#options = options;
    this.#places = new Places(count);
    this.#serving = new Serving({ ...options, slot: (hint) => this.#serve(hint) });
    this.#definitions = new Map(definitions.map((compiled) => [compiled.definition.name, compiled]));
    // As the scripts read them: with how many of it this worker may run.
    const lines = definitions.map(({ definition: { name, concurrency }, version }) =>
      concurrency === undefined ? `${name}:${version}` : `${name}:${version}=${concurrency}`,
    );
    this.#deliveries = new Deliveries(store, queue, { worker, lines });
    for (const { definition } of definitions) beginCounts(definition.name);
  }

  get queue(): string {
    return this.#options.queue;
  }

  /** Attempts that run now, also those that wait for their children. */
  get busy(): number {
    return new Set([...this.#tokens.attempts, ...this.#stuck]).size;
  }

  /** Attempts that do something, which may be what kills the process. */
  get working(): number {
    return this.busy - this.#lent;
  }

  /** How many there are. */
  get count(): number {
    return this.#options.count;
  }

  /** Whether they take nothing, as the worker is drained. */
  get isDrained(): boolean {
    return this.#serving.drain !== undefined;
  }

  /** Makes the slots known and serves them. */
  async start(): Promise<void> {
    const { queue, worker, leaseMs, store, feed } = this.#options;
    this.#channel = feed.listen(workerChannel(store.root(queue), worker), {
      // Without a word: what the store says to a renewal has changed.
      onMessage: (message) => (message === '' ? void this.renew() : this.#tokens.cancel(parseTask(message))),
      onGap: () => void this.renew(),
    });
    await this.#channel.confirmed;
    // Known before it is served: a worker without a lease gets nothing.
    await this.renew();
    await this.#serving.start();
    this.#renewals.start(leaseMs / 3);
  }

  /** Renews the lease of all deliveries in one call, and hears which are void or to be canceled. */
  async renew(): Promise<void> {
    await this.#renewals.renew();
  }

  async #renew(): Promise<void> {
    const { queue, leaseMs, waking, beside, usage, logger } = this.#options;
    const presence = {
      leaseMs,
      slots: this.#lend(0),
      host: hostname(),
      pid: process.pid,
      version,
      clockMs: Date.now(),
      beside: beside(),
      ageMs: performance.now() - this.#startedAt,
      load: usage.load,
      memoryBytes: usage.memoryBytes,
      drain: this.#serving.drain,
    };
    try {
      const renewed = await this.#deliveries.renew(presence, this.#tokens.all);
      const { stale, canceling, drain, hints } = renewed;
      this.#tokens.abort(stale, 'STALE');
      this.#tokens.abort(canceling, 'CANCELED');
      waking.push(hints);
      this.#serving.heed(drain);
    } catch (error) {
      logger.debug({ err: error, queue }, 'the lease could not be renewed');
      if (!this.#stopping) this.#renewals.again();
    }
  }

  /** Counts the slots that are lent; gives how many there are for others to wake. */
  #lend(change: 1 | 0 | -1): number {
    this.#lent += change;
    // Slots that nobody should wake: those of a worker that stops, and those that a run holds which lost its task.
    const stuck = new Set([...this.#stuck, ...this.#tokens.attempts.filter((attempt) => attempt.isStale)])
      .size;
    const { count } = this.#options;
    return this.#stopping ? 0 : count - stuck + Math.min(this.#lent, mostLent + 100 * count);
  }

  /** Takes no more; ends what can be ended in the grace, aborts the rest and gives it back. */
  async stop(graceMs: number): Promise<void> {
    this.#stopping = true;
    // What is stuck has its outcome already: nothing is waited for.
    this.#leaving.resolve(undefined);
    this.#closing.abort();
    const { waking } = this.#options;
    const closed = new AbortController();
    const closing = this.#close().finally(() => closed.abort());
    // Says that its idle slots are none to wake; where the store is away it need not wait for that.
    void this.renew();
    await this.#abortAfter(graceMs, closed.signal);
    await closing;
    // Until here, as what runs in the grace keeps its lease.
    this.#renewals.stop();
    this.#channel?.stop();
    waking.push(await this.#deliveries.leave());
  }

  async #close(): Promise<void> {
    await this.#serving.close();
    await Promise.all(this.#hands);
  }

  async #abortAfter(graceMs: number, closed: AbortSignal): Promise<void> {
    try {
      await delay(graceMs, undefined, { signal: closed });
      for (const attempt of this.#tokens.attempts) attempt.abort('STOPPING');
    } catch {
      // Every slot was free before its time.
    }
  }

  async #serve(hint: { readonly hint: string } & HintData): Promise<void> {
    const { queue, waking, suspects, logger } = this.#options;
    const { hops = 0 } = hint;
    // Giving back wakes another worker; a hint that comes meanwhile has nothing to add. What has waited for its children
    // may have the slot's place, and lets go of it soon.
    if (this.#stopping || !(await this.#places.take('START', this.#closing.signal))) return;
    const token = this.#tokens.make();
    let delivery: Delivery | undefined;
    const takeSuspect = suspects.take(queue);
    try {
      const begun = await this.#deliveries.begin(token, hint, { wake: hops < hopsPerHint, takeSuspect });
      waking.push(begun.hints, hops + 1);
      delivery = begun.delivery;
    } catch (error) {
      logger.error({ err: error, queue }, 'a slot could not take a task');
    }
    // A suspect keeps it until it ends.
    if (takeSuspect && delivery?.isSuspect !== true) suspects.release();
    if (delivery === undefined) {
      this.#tokens.delete(token);
      this.#places.give();
      return;
    }
    const left = Promise.withResolvers<void>();
    const hand = this.#work(delivery, hint.hint, left.resolve)
      .catch((error: unknown) => logger.error({ err: error, queue }, 'a slot failed'))
      .finally(() => this.#hands.delete(hand));
    this.#hands.add(hand);
    await Promise.race([hand, left.promise]);
  }

  /** Runs a delivery and what follows it in the same place. */
  async #work(first: Delivery, hint: string, leaveLane: () => void): Promise<void> {
    let delivery: Delivery | undefined = first;
    while (delivery !== undefined) {
      if (this.#stopping) return await this.#return(delivery, hint);
      delivery = await this.#run(delivery, hint, leaveLane);
    }
  }

  /** Gives back what came while the worker stops, at once: others may be busy here for all of the grace. */
  async #return(delivery: Delivery, hint: string): Promise<void> {
    const { waking, queue, logger } = this.#options;
    try {
      const none = { token: undefined, hint, takeSuspect: false };
      const given = await this.#deliveries.finish(delivery, { outcome: 'SUPERSEDED' }, none);
      waking.push(given.hints);
    } catch (error) {
      logger.debug({ err: error, queue }, 'leaving gives the task back');
    } finally {
      this.#tokens.delete(delivery.token);
      if (delivery.isSuspect) this.#options.suspects.release();
      this.#places.give();
    }
  }

  /** Runs a delivery and writes its outcome; gives the next one, which has its place. */
  async #run(delivery: Delivery, hint: string, leaveLane: () => void): Promise<Delivery | undefined> {
    const { threads, services, logger } = this.#options;
    const compiled = this.#definitions.get(delivery.task.name);
    // The script only hands out lines of this server.
    if (compiled === undefined) throw new Error(`the worker was handed a task of ${delivery.task.name}`);
    const seat = new SlotSeat({
      ...this.#options,
      delivery,
      hint,
      isThread: compiled.definition.thread,
      places: this.#places,
      lend: (change) => this.#lend(change),
      leaveLane,
      onStale: () => attempt.abort('STALE'),
    });
    const deliveries = this.#deliveries;
    const attempt = new Attempt({ delivery, compiled, deliveries, threads, logger, seat, services });
    this.#tokens.run(attempt);
    noteStart(delivery.task);
    let next: Delivery | undefined;
    try {
      const begunAt = performance.now();
      const outcome = await attempt.run();
      attemptRun.observe(delivery.task.name, (performance.now() - begunAt) / 1_000);
      if (attempt.isStuck) return await this.#hold(attempt, outcome, hint);
      // Runs that want to go on come before new ones.
      const mayGoOn = !this.#stopping && seat.hasPlace && !this.#places.isWanted;
      next = await this.#finish(attempt, outcome, hint, mayGoOn ? this.#tokens.make() : undefined);
      return next;
    } finally {
      this.#tokens.delete(delivery.token);
      const hasWaited = seat.end();
      if (next === undefined && seat.hasPlace) this.#places.give();
      // Its slot was none to wake, or one more than there are.
      if (attempt.isStale || hasWaited) void this.renew();
    }
  }

  /** The outcome of a `run` that ignores its signal is written; its slot stays taken until it really ends. */
  async #hold(attempt: Attempt, outcome: Outcome, hint: string): Promise<undefined> {
    const { queue, count, logger, onStuck } = this.#options;
    const { id, name } = attempt.delivery.task;
    this.#stuck.add(attempt);
    try {
      if (!this.#stopping) logger.warn({ id, task: name }, 'a run ignores its signal, its slot stays taken');
      // Nobody shall wake the slot that the outcome seems to free.
      await this.renew();
      await this.#finish(attempt, outcome, hint, undefined);
      this.#tokens.delete(attempt.delivery.token);
      if (this.#stuck.size === count && !this.#stopping) {
        logger.error(
          { queue, slots: count },
          'every slot is held by a run that ignores its signal: end this process and start another one; heed the signal, or give the definition thread: true',
        );
        onStuck();
      }
      await Promise.race([attempt.ended, this.#leaving.promise]);
    } finally {
      this.#stuck.delete(attempt);
    }
    if (!this.#stopping) {
      logger.info({ id, task: name }, 'a run that ignored its signal has ended, its slot is free again');
      await this.renew();
    }
  }

  /** Writes the outcome, again and again while the store refuses it and the token is good. */
  async #finish(
    attempt: Attempt,
    outcome: Outcome,
    hint: string,
    nextToken: string | undefined,
  ): Promise<Delivery | undefined> {
    const { queue, waking, store, suspects, logger } = this.#options;
    const { delivery } = attempt;
    const { id } = delivery.task;
    let next: Delivery | undefined;
    let told = outcome;
    const takeSuspect = nextToken !== undefined && suspects.take(queue);
    for (let waitMs = 100; ; waitMs = Math.min(2 * waitMs, 2_000)) {
      try {
        const finished = await this.#deliveries.finish(delivery, told, {
          token: nextToken,
          hint,
          takeSuspect,
        });
        if (!finished.counted)
          logger.warn({ id }, 'an outcome came too late: the task was taken from this worker');
        noteEnd(delivery.task.name, told, finished);
        waking.push(finished.hints);
        next = finished.delivery;
        break;
      } catch (error) {
        const isHopeless = isBug(error) && told !== outcome;
        const willRepeat = store.isOpen && !attempt.isStale && !isHopeless;
        logger[willRepeat && !isBug(error) ? 'warn' : 'error'](
          { err: error, id, outcome: told.outcome, willRepeat },
          'an outcome could not be written',
        );
        if (!willRepeat) {
          noteEnd(delivery.task.name, told, undefined);
          break;
        }
        // Not that the store is away: this outcome will never be taken, so that the task ends by another one.
        if (isBug(error)) told = { outcome: 'FAILED', failure: outcomeRefused(delivery.task.attempt) };
        else await delay(waitMs);
      }
    }
    if (next === undefined && nextToken !== undefined) this.#tokens.delete(nextToken);
    if (takeSuspect && next?.isSuspect !== true) suspects.release();
    return next;
  }
}

import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import BeeQueue from 'bee-queue';
// Bee-Queue's own scripts, which it loads once and then only calls by their SHA-1.
import beeScripts from 'bee-queue/lib/lua/index.js';
import type { Logger } from '../logger.ts';
import { defineScript, whenReady, type Redis } from '../redis/connection.ts';
import { laneName, lanePrefix } from '../redis/keys.ts';
import type { Hint } from './delivery.ts';

/** What a Bee-Queue job carries: a preference, never a right. `hops` counts slots that had no use for it. */
export interface HintData {
  readonly id: string;
  readonly delivery: number;
  readonly hops?: number;
}

/** Wakes one slot; resolves when the slot is free again. */
export type Slot = (hint: { readonly hint: string } & HintData) => Promise<void>;

/** A day: Bee-Queue's own stall check only ever brings back hints, which do no harm and are no help. */
const stallIntervalMs = 86_400_000;

/**
 * Removes hints whose slot is gone, unless they wait: an id in `waiting` without a job wakes a slot for
 * nothing.
 *
 * KEYS: waiting, active, stalling, jobs; ARGV: id, … Returns how many were removed
 */
const forget = defineScript(`
local removed = 0
for _, id in ipairs(ARGV) do
  if not redis.call('LPOS', KEYS[1], id) then
    redis.call('LREM', KEYS[2], 0, id)
    redis.call('SREM', KEYS[3], id)
    removed = removed + redis.call('HDEL', KEYS[4], id)
  end
end
return removed
`);

/**
 * The Bee-Queue of one queue: it wakes idle slots across processes, nothing else. The only file that knows
 * Bee-Queue, whose traps it closes: retries, delays, timeouts, results and stall checks stay unused.
 */
export class Lane {
  readonly #name: string;
  readonly #prefix: string;
  readonly #redis: Redis;
  readonly #logger: Logger;
  readonly #stop = new AbortController();
  readonly #pushes: Set<Promise<void>> = new Set();
  #slots: { readonly count: number; readonly slot: Slot } | undefined;
  #queue: Promise<BeeQueue<HintData>> | undefined;

  /** Uses the connection but doesn't own it; a lane that serves slots opens one more that blocks. */
  constructor(options: { queue: string; prefix: string; redis: Redis; logger: Logger }) {
    this.#name = laneName(options.queue);
    this.#prefix = lanePrefix(options.prefix);
    this.#redis = options.redis;
    this.#logger = options.logger;
  }

  /** Serves slots: each hint takes one until the promise of `slot` settles. To be called before `push`. */
  async serve(count: number, slot: Slot): Promise<void> {
    this.#slots = { count, slot };
    await this.#open();
  }

  /** Pushes hints in the background: one that gets lost costs a second (the clock wakes again), not a task. */
  push(hints: readonly Hint[], hops = 0): void {
    if (hints.length === 0 || this.#stop.signal.aborted) return;
    const push = this.#push(hints, hops)
      .catch((error: unknown) => this.#logger.debug({ err: error }, 'a hint could not be pushed'))
      .finally(() => this.#pushes.delete(push));
    this.#pushes.add(push);
  }

  /** Takes hints away that lost their slot. */
  async forget(hints: readonly string[]): Promise<void> {
    if (hints.length === 0) return;
    const { source, sha } = forget;
    this.#redis.scriptSources.set(sha, source);
    const keys = ['waiting', 'active', 'stalling', 'jobs'].map((name) => this.#key(name));
    await this.#redis.evalsha(sha, keys.length, ...keys, ...hints);
  }

  /** Hints that some slot has taken from the lane: the oldest, at most 1,000. */
  async active(): Promise<string[]> {
    return await this.#redis.lrange(this.#key('active'), -1_000, -1);
  }

  /** Stops taking hints, then waits for the slots that are still busy; rejects where that takes a day. */
  async close(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#pushes);
    const queue = await this.#queue?.catch(() => undefined);
    // Of a worker that stops, slots end by their own grace. Of one that is drained they may go on for longer than this bound,
    // which rejects then and ends nothing.
    await queue?.close(stallIntervalMs);
  }

  async #push(hints: readonly Hint[], hops: number): Promise<void> {
    const queue = await this.#open();
    await Promise.all(
      hints.map(({ hint, id, delivery }) => queue.createJob({ id, delivery, hops }).setId(hint).save()),
    );
  }

  #open(): Promise<BeeQueue<HintData>> {
    this.#queue ??= this.#connect().catch((error: unknown) => {
      this.#queue = undefined;
      throw error;
    });
    return this.#queue;
  }

  /** Bee-Queue never recovers from a connection that isn't ready when it starts: wait for it, and try again. */
  async #connect(): Promise<BeeQueue<HintData>> {
    const { signal } = this.#stop;
    for (;;) {
      await whenReady(this.#redis, signal);
      const queue = this.#create();
      try {
        // A connection that broke meanwhile would keep a closing lane waiting.
        await Promise.race([queue.ready(), abortOf(signal)]);
        const { scripts, shas } = beeScripts;
        for (const [name, sha] of Object.entries(shas))
          this.#redis.scriptSources.set(sha, scripts[name] ?? '');
        if (this.#slots !== undefined) serveSlots(queue, this.#slots);
        return queue;
      } catch (error) {
        this.#logger.debug({ err: error }, 'the lane could not be opened, trying again');
        // It may have opened its blocking connection; what else fails has failed already.
        await queue.close(1).catch(() => undefined);
        await delay(200, undefined, { signal });
      }
    }
  }

  #create(): BeeQueue<HintData> {
    const settings = {
      prefix: this.#prefix,
      // Its types name another client's; it takes ours by the name of its class.
      redis: this.#redis as unknown as BeeQueue.QueueSettings['redis'],
      isWorker: this.#slots !== undefined,
      stallInterval: stallIntervalMs,
      initialRedisFailureRetryDelay: 200,
      getEvents: false,
      sendEvents: false,
      storeJobs: false,
      removeOnSuccess: true,
      removeOnFailure: true,
      activateDelayedJobs: false,
    };
    const queue = new BeeQueue<HintData>(this.#name, settings);
    queue.on('error', (error) => {
      // Its delay between retries doubles without bound (https://github.com/bee-queue/bee-queue/issues/822).
      Object.assign(queue, { _redisFailureRetryDelay: 0 });
      if (!this.#stop.signal.aborted) this.#logger.debug({ err: error }, 'the lane had an error');
    });
    return queue;
  }

  #key(name: string): string {
    return `${this.#prefix}:${this.#name}:${name}`;
  }
}

/** How many hints wait in a queue's lane, and how many slots hold one; opens nothing. */
export async function laneSizes(
  redis: Redis,
  prefix: string,
  queue: string,
): Promise<{ waiting: number; active: number }> {
  const [waiting, active] = await Promise.all(
    ['waiting', 'active'].map((name) => redis.llen(`${lanePrefix(prefix)}:${laneName(queue)}:${name}`)),
  );
  return { waiting: waiting ?? 0, active: active ?? 0 };
}

async function abortOf(signal: AbortSignal): Promise<never> {
  if (!signal.aborted) await once(signal, 'abort');
  throw signal.reason;
}

function serveSlots(queue: BeeQueue<HintData>, { count, slot }: { count: number; slot: Slot }): void {
  // Where Redis refuses this first of its stall checks, as when it is full, Bee-Queue never takes a job.
  Object.assign(queue, { _doStalledJobCheck: async () => [] });
  queue.process(count, async (job) => {
    await slot({ hint: job.id, ...job.data });
  });
}

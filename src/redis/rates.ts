import { createHash } from 'node:crypto';
import { defineScript, type Script } from './connection.ts';
import { rateKey } from './keys.ts';

/** How often something may happen: a bucket of `burst`, refilled evenly by `count` in each `perMs`. */
export interface Rate {
  readonly count: number;
  readonly perMs: number;
  readonly burst: number;
}

/** What is counted, each by itself. */
export type RateKind = 'enqueue' | 'unauthenticated';

/**
 * Spends from a bucket, by the time of Redis. It is one number: when the bucket will be full (µs), as GCRA has it
 * (https://en.wikipedia.org/wiki/Generic_cell_rate_algorithm); a full one is no key. What costs more than the bucket holds
 * needs a full one.
 *
 * KEYS: the bucket
 * ARGV: how long one takes to be refilled (µs), how many the bucket holds, cost, …
 * Returns [0 it was spent / ms until there is room for it, …] in the order of the costs
 */
const spend = defineScript(`
local interval, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local time = redis.call('TIME')
local nowUs = time[1] * 1000000 + time[2]
local latest = nowUs + burst * interval
-- Spent at a slower rate, or before the clock went back: as if it were empty now, and not for ever.
local full = math.min(math.max(nowUs, tonumber(redis.call('GET', KEYS[1]) or 0)), latest)
local waits, hasSpent = {}, false
for i = 3, #ARGV do
  local after = full + math.min(ARGV[i], burst) * interval
  -- A µs is lost where the number is kept as a whole one.
  if after > latest + 1 then
    waits[#waits + 1] = math.ceil((after - latest) / 1000)
  else
    full, hasSpent = after, true
    waits[#waits + 1] = 0
  end
end
if hasSpent then
  redis.call('SET', KEYS[1], string.format('%.0f', full), 'PXAT', string.format('%.0f', math.ceil(full / 1000) + 1))
end
return waits
`);

/** Runs a script on a key within a deadline. @throws UnavailableError */
type Run = (script: Script, key: string, args: readonly (string | number)[]) => Promise<unknown>;

/** What is to be spent of one bucket in one turn of the event loop. */
interface Spending {
  readonly rate: Rate;
  readonly costs: number[];
  readonly promise: PromiseWithResolvers<readonly number[]>;
}

/** Counts in Redis what happens too often, so that all processes count together. */
export class Rates {
  readonly #prefix: string;
  readonly #run: Run;
  readonly #spendings: Map<string, Spending> = new Map();

  constructor(prefix: string, run: Run) {
    this.#prefix = prefix;
    this.#run = run;
  }

  /**
   * Spends of somebody's bucket; gives 0, or how long until there is room (ms) where nothing was spent. What comes within
   * one turn is asked for in one call.
   *
   * @throws UnavailableError
   */
  async spend(kind: RateKind, who: string, rate: Rate, cost = 1): Promise<number> {
    const key = rateKey(this.#prefix, kind, hashOf(who));
    let spending = this.#spendings.get(key);
    if (spending === undefined) {
      spending = { rate, costs: [], promise: Promise.withResolvers() };
      this.#spendings.set(key, spending);
      setImmediate(() => void this.#flush(key));
    }
    const place = spending.costs.push(cost) - 1;
    return (await spending.promise.promise)[place] ?? 0;
  }

  async #flush(key: string): Promise<void> {
    const spending = this.#spendings.get(key);
    if (spending === undefined) return;
    this.#spendings.delete(key);
    const { rate, costs, promise } = spending;
    try {
      const args = [(rate.perMs * 1000) / rate.count, rate.burst, ...costs];
      promise.resolve((await this.#run(spend, key, args)) as number[]);
    } catch (error) {
      promise.reject(error);
    }
  }
}

/** What a client says of itself never becomes part of a key as it is; and is of one length. */
function hashOf(who: string): string {
  const known = hashes.get(who);
  if (known !== undefined) return known;
  const hash = createHash('sha256').update(who).digest('base64url').slice(0, 22);
  if (hashes.size >= mostHashes) hashes.clear();
  hashes.set(who, hash);
  return hash;
}

/** Of those who came last: to hash takes longer than most of what is asked for by it. */
const hashes = new Map<string, string>();
const mostHashes = 1_000;

import type { Hint } from '../../src/tasks/delivery.ts';
import { QueueRules } from '../../src/tasks/queue-rules.ts';
import { parseHints } from '../../src/tasks/replies.ts';
import { register } from '../../src/tasks/scripts/rules.ts';
import type { TestStore } from './store.ts';

/** A rule as the scripts read it: concurrency, starts per time with a burst, what happens at the limit. */
export interface TestRule {
  readonly c?: number;
  readonly n?: number;
  readonly perMs?: number;
  readonly burst?: number;
  readonly whenFull?: 'WAIT' | 'REJECT' | 'CANCEL_OLDEST';
}

let since = 0;

/** Says a definition's limits, as a process that started later than all before; nothing takes them away. */
export async function setLimits(
  tests: TestStore,
  limits: { readonly all?: TestRule; readonly key?: TestRule } | undefined,
  name = 'resize',
  startedAt?: number,
): Promise<Hint[]> {
  since += 1;
  const rules = limits === undefined ? '' : JSON.stringify(limits);
  const reply = await tests.store.run(register, tests.queue, [startedAt ?? since, name, rules]);
  return parseHints(reply as string[]);
}

/** The rules of a test's queue. */
export function rulesOf(tests: TestStore): QueueRules {
  return new QueueRules(tests.store);
}

/** A rate that lets so many start at once, and then none for hours. */
export function slowRate(burst = 1): TestRule {
  return { n: 1, perMs: 3_600_000, burst };
}

/** Lets time pass for all rates, and for all tasks that wait for a time. */
export async function pass(tests: TestStore, ms: number): Promise<void> {
  for (const key of await tests.redis.keys(`${tests.root}:rate:*`)) {
    const full = Number(await tests.redis.get(key));
    await tests.redis.set(key, (full - ms * 1_000).toFixed(0), 'KEEPTTL');
  }
  const blocked = await tests.redis.zrange(`${tests.root}:blocked`, '0', '-1');
  for (const limit of blocked) await tests.redis.zincrby(`${tests.root}:blocked`, -ms, limit);
  for (const id of await tests.redis.zrange(`${tests.root}:due`, '0', '-1')) await tests.pass(id, ms);
}

/** The members of a sorted set below the queue's root. */
export async function members(tests: TestStore, name: string): Promise<string[]> {
  return await tests.redis.zrange(`${tests.root}:${name}`, '0', '-1');
}

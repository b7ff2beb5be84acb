import type { TaskDefinition } from '../definition/definition.ts';
import type { Limit } from '../definition/options.ts';
import type { Hint } from './delivery.ts';
import { chunks, parseHints } from './replies.ts';
import { itemsPerCall } from './scripts/bounds.ts';
import { purge } from './scripts/cancel.ts';
import { register, rule } from './scripts/rules.ts';
import { membersOf, type Store } from './store.ts';

/** Who does something to a queue, and why. */
export interface Act {
  readonly reason?: string | undefined;
  readonly actor?: string | undefined;
}

/** What holds for all that a queue runs, across all workers. */
export interface QueueLimit {
  readonly concurrency?: number | undefined;
  readonly rate?: { readonly count: number; readonly perMs: number; readonly burst: number } | undefined;
}

/** The rules of queues and of their definitions: pauses, limits, bounds. Kept in the store; each change wakes. */
export class QueueRules {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Lets nothing begin, of the queue or of one definition; what runs goes on, and new tasks are taken. */
  async pause(queue: string, name: string | undefined, act: Act): Promise<Hint[]> {
    return await this.#set(queue, [`paused${suffix(name)}`, actText(act)]);
  }

  /** The contrary of `pause` and of `drain`; a paused definition stays so when its queue is resumed. */
  async resume(queue: string, name: string | undefined): Promise<Hint[]> {
    const fields = name === undefined ? ['paused', 'draining'] : [`paused:${name}`];
    return await this.#set(
      queue,
      fields.flatMap((field) => [field, '']),
    );
  }

  /** Takes no new tasks; those that are there are worked off. */
  async drain(queue: string, act: Act): Promise<Hint[]> {
    return await this.#set(queue, ['draining', actText(act)]);
  }

  /** Sets what is given; null takes it away. */
  async limit(
    queue: string,
    rules: {
      readonly limit?: QueueLimit | null | undefined;
      readonly maxWaiting?: number | null | undefined;
    },
  ): Promise<Hint[]> {
    const { limit, maxWaiting } = rules;
    return await this.#set(queue, [
      ...(limit === undefined ? [] : ['limit', limit === null ? '' : JSON.stringify({ all: ruleOf(limit) })]),
      ...(maxWaiting === undefined ? [] : ['maxWaiting', maxWaiting === null ? '' : String(maxWaiting)]),
    ]);
  }

  /** Says what the definitions of this process say of their limits. The process that started last is right. */
  async register(queue: string, since: number, definitions: readonly TaskDefinition[]): Promise<Hint[]> {
    const hints: Hint[] = [];
    for (const piece of chunks(definitions, itemsPerCall)) {
      const args = piece.flatMap(({ name, limits }) => [name, limitRules(limits)]);
      hints.push(...parseHints((await this.#store.run(register, queue, [since, ...args])) as string[]));
    }
    return hints;
  }

  /** Cancels up to 100 tasks that wait, oldest first, or only counts them. */
  async purge(
    queue: string,
    name: string | undefined,
    { dryRun = false, ...act }: Act & { readonly dryRun?: boolean },
  ): Promise<{ canceled: number; left: number }> {
    const args = [membersOf(act), dryRun ? 1 : 0, name ?? ''];
    const [canceled, left] = (await this.#store.run(purge, queue, args)) as [number, number];
    return { canceled, left };
  }

  async #set(queue: string, fields: readonly string[]): Promise<Hint[]> {
    return parseHints((await this.#store.run(rule, queue, fields)) as string[]);
  }
}

/** A definition's limits as the scripts read them; '' where it has none. */
export function limitRules(limits: readonly Limit<unknown>[]): string {
  if (limits.length === 0) return '';
  const all = limits.find(({ key }) => key === undefined);
  const key = limits.find(({ key }) => key !== undefined);
  return JSON.stringify({
    ...(all === undefined ? {} : { all: { ...ruleOf(all), whenFull: all.whenFull } }),
    ...(key === undefined ? {} : { key: { ...ruleOf(key), whenFull: key.whenFull } }),
  });
}

function ruleOf({ concurrency, rate }: QueueLimit): object {
  return {
    ...(concurrency === undefined ? {} : { c: concurrency }),
    ...(rate === undefined ? {} : { n: rate.count, perMs: rate.perMs, burst: rate.burst }),
  };
}

function suffix(name: string | undefined): string {
  return name === undefined ? '' : `:${name}`;
}

/** The script puts its time before it, in front of the first comma. */
export function actText(act: Act): string {
  return membersOf(act) || ',';
}

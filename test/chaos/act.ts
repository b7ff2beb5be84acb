import { setTimeout as delay } from 'node:timers/promises';
import type { Load, Placed } from './load.ts';
import type { ChaosOptions } from './options.ts';
import type { Plan } from './plan.ts';
import type { Stage } from './stage.ts';
import type { Watchers } from './watchers.ts';

/** What an act left to be judged. */
export interface Played {
  readonly placed: readonly Placed[];
  /** Tasks that weren't final when they had to be. */
  readonly stuck: readonly string[];
  /** Tasks that weren't final when the last fault was over and all processes served. */
  readonly left: number;
  /** From when the last fault was over and all processes served, until the last task was final. */
  readonly settledMs: number;
  /** How long that was allowed to take. */
  readonly allowedMs: number;
}

/** The longest that a task takes by itself: its run, or all waits between its attempts. */
const ownTimeMs = 1_000;

/** A hint that got lost costs this; a machine that has much else to do costs some more. */
const slackMs = 2_000;

/** How long what is stuck may take to come loose, so that the table can tell it from what was lost for good. */
const patienceMs = 10_000;

/** Places the orders and carries out the faults, each at its time, then waits until all has ended. */
export async function playAct(
  options: ChaosOptions,
  plan: Plan,
  stage: Stage,
  load: Load,
  watchers: Watchers,
  tell: (line: string) => void,
): Promise<Played> {
  const { observer } = stage;
  const startedAt = performance.now();
  const faults = plan.faults.map(async (fault) => {
    await delay(startedAt + fault.atMs - performance.now());
    const beganAt = performance.now();
    await stage.carryOut(fault);
    const tookMs = Math.round(performance.now() - beganAt);
    const { kind, target } = fault;
    tell(
      `${seconds(beganAt - startedAt)}  ${kind} ${target}${tookMs > 5 ? `, over after ${tookMs} ms` : ''}`,
    );
  });
  const placing = load.run(plan.orders, startedAt, ({ id, order }) => {
    if (id !== undefined) watchers.add(id, order.watchAfterMs);
  });
  await Promise.all([...faults, placing]);
  await stage.steady();

  const calmAt = performance.now();
  const left = observer.open.size;
  const slots = options.workers * options.concurrency;
  const backlogMs = (left / slots) * 200;
  const allowedMs = Math.round(2 * options.leaseMs + ownTimeMs + backlogMs + slackMs);
  await until(() => observer.open.size === 0, allowedMs);
  const stuck = [...observer.open];
  await until(() => observer.open.size === 0, patienceMs);
  await watchers.ended(allowedMs);
  const placed = plan.orders.flatMap(({ number }) => load.placed.get(number) ?? []);
  return { placed, stuck, left, settledMs: Math.max(0, Math.round(observer.lastEndAt - calmAt)), allowedMs };
}

async function until(condition: () => boolean, withinMs: number): Promise<void> {
  const endsAt = performance.now() + withinMs;
  while (!condition() && performance.now() < endsAt) await delay(20);
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(2)} s`.padStart(12);
}

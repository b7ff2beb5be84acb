import { setTimeout as delay } from 'node:timers/promises';

/** How often something is done, and how fast. */
export interface Pace {
  /** Turns. */
  readonly count: number;
  /** So often in a row at each turn. */
  readonly burst: number;
  /** Turns a second, at most. */
  readonly perSecond: number;
}

/** Does something at a pace, with the number of the turn; resolves when all of it is done. */
export async function pace(
  { count, burst, perSecond }: Pace,
  act: (turn: number) => Promise<void>,
): Promise<void> {
  const start = performance.now();
  const acts: Promise<void>[] = [];
  for (let turn = 0; turn < count; turn += 1) {
    const early = start + (turn * 1_000) / perSecond - performance.now();
    if (early > 0.5) await delay(early);
    for (let time = 0; time < burst; time += 1) acts.push(act(turn));
  }
  await Promise.all(acts);
}

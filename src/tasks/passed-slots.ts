import { lastSlots, nextSlot, type ScheduleSpec } from '../definition/slots.ts';
import type { MissedPolicy } from '../definition/schedule.ts';

/** A slot is on time up to so late (ms). */
export const onTimeMs = 60_000;

/** The most slots that `RUN_ALL` makes up for, the newest ones. */
export const mostMadeUp = 100;

/** The most slots of a cron expression that are counted where they passed: each costs to find. */
const mostCounted = 200;

/** What becomes of the slots that have passed. Times in ms. */
export interface PassedSlots {
  /** Those that get a task, oldest first. */
  readonly run: readonly number[];
  readonly missed: number;
  /** The last of those that get none. */
  readonly lastMissed: number | undefined;
  /** The slot to come. */
  readonly next: number | undefined;
}

/**
 * Decides about the slots from `first` up to `now`: `SKIP` runs the last one unless it is late, `RUN_LAST` the last
 * one, `RUN_ALL` the last hundred.
 */
export function passedSlots(
  spec: ScheduleSpec,
  first: number,
  now: number,
  policy: MissedPolicy,
): PassedSlots {
  const passed = lastSlots(spec, first, now, mostCounted);
  const last = passed.at(-1) ?? first;
  const isLate = now - last > onTimeMs;
  const most = policy === 'RUN_ALL' ? mostMadeUp : policy === 'SKIP' && isLate ? 0 : 1;
  const run = most === 0 ? [] : passed.slice(-most);
  const count = 'everyMs' in spec ? Math.floor((now - first) / spec.everyMs) + 1 : passed.length;
  return {
    run,
    missed: count - run.length,
    lastMissed: passed.at(-1 - run.length),
    next: nextSlot(spec, now),
  };
}

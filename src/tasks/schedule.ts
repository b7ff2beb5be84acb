import type { MissedPolicy, OverlapPolicy } from '../definition/schedule.ts';
import { slotsFrom, type ScheduleSpec } from '../definition/slots.ts';
import { timeOf } from './id.ts';
import type { Task } from './task.ts';

/** Where a schedule was written: in a definition, or by a request. */
export const scheduleSources = ['CODE', 'API'] as const;
export type ScheduleSource = (typeof scheduleSources)[number];

/** Why a slot has no task. */
export const skipReasons = [
  'MISSED',
  'OVERLAP',
  'QUEUE_FULL',
  'QUEUE_DRAINING',
  'LIMIT_REACHED',
  'ERROR',
] as const;
export type SkipReason = (typeof skipReasons)[number];

/** Since when a schedule makes no tasks, and why. */
export interface SchedulePause {
  readonly at: number;
  readonly reason?: string;
  readonly actor?: string;
}

/** What enqueues tasks of a definition at its times. Times are ms since 1970 by the store's clock. */
export interface Schedule {
  readonly id: string;
  /** Of the definition whose tasks it makes. */
  readonly definition: string;
  readonly queue: string;
  /** What it is called; one of code is `default` unless named. */
  readonly name?: string;
  readonly spec: ScheduleSpec;
  /** Wire JSON. */
  readonly input: unknown;
  readonly missed: MissedPolicy;
  readonly overlap: OverlapPolicy;
  readonly source: ScheduleSource;
  readonly pause?: SchedulePause;
  /** The slot to come; absent while paused, and where there is none any more. */
  readonly nextRunAt?: number;
  /** When it last made a task for a slot. */
  readonly lastRunAt?: number;
  /** The newest of its tasks, also one by hand. */
  readonly lastTask?: string;
  /** The last slot that has no task. */
  readonly lastSkip?: { readonly slot: number; readonly reason: SkipReason };
  /** Slots that passed and were left out by its `missed`; of a cron expression at most 200 each time. */
  readonly missedCount: number;
  readonly createdAt: number;
  /** Whose its tasks are. */
  readonly owner: string;
  /** Those of its tasks. */
  readonly tags: readonly string[];
  /** Seconds of head start of its tasks. */
  readonly priority?: number;
}

/** The runs to come, so many of them at most. */
export function nextRuns({ spec, nextRunAt }: Schedule, count: number): number[] {
  return slotsFrom(spec, nextRunAt, count);
}

/** The slot (ms) that a task is of, where a schedule made it; of one by hand when that was. */
export function scheduledFor({ id, schedule }: Task): number | undefined {
  return schedule === undefined ? undefined : timeOf(id);
}

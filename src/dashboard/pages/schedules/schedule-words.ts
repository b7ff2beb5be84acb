import { formatDuration, parseDuration } from '../../parts/format.ts';
import type { Schedule } from './schedule-fields.ts';

/** When it enqueues, as it was written: `cron 0 6 1 * * · Europe/Berlin`, `every 15 min`, `at 1 Dec 2026, 06:00`. */
export function whenInWords({ cron, every, at }: Pick<Schedule, 'cron' | 'every' | 'at'>): string {
  if (cron !== null) return `cron ${cron.expression} · ${cron.timeZone}`;
  if (at !== null) return `at ${exactTime(at)}`;
  const ms = parseDuration(every);
  if (ms === undefined) return `every ${every ?? '–'}`;
  return `every ${ms < 60_000 ? `${ms / 1000} s` : formatDuration(ms)}`;
}

/** A time by this machine's clock. */
export function exactTime(at: string): string {
  return new Date(at).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
}

export const overlapWords: Readonly<Record<Schedule['overlap'], string>> = {
  ALLOW: 'runs beside an earlier one',
  SKIP: 'left out while one runs',
  CANCEL_PREVIOUS: 'cancels an earlier one',
};

export const missedWords: Readonly<Record<Schedule['missed'], string>> = {
  SKIP: 'missed ones are left out',
  RUN_LAST: 'the last missed one runs',
  RUN_ALL: 'all missed ones run',
};

type SkipReason = NonNullable<Schedule['lastSkip']>['reason'];

export const skipWords: Readonly<Record<SkipReason, string>> = {
  OVERLAP: 'an earlier one had not ended',
  MISSED: 'no process was there in time',
  LIMIT_REACHED: 'the limit of its definition had no room',
  QUEUE_DRAINING: 'its queue took no new tasks',
  QUEUE_FULL: 'its queue was full',
  ERROR: 'making its task failed: the log says why',
};

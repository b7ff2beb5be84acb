import { isTimeZone, parseCron } from './cron.ts';
import { durationHint, parseDuration } from './duration.ts';
import { queueNamePattern } from './names.ts';
import { ifObject } from './option-checks.ts';
import type { ScheduleOptions } from './options.ts';
import { show } from './show.ts';
import { nextSlot } from './slots.ts';

/** What becomes of slots that passed while nothing ran. */
export const missedPolicies = ['SKIP', 'RUN_LAST', 'RUN_ALL'] as const;
export type MissedPolicy = (typeof missedPolicies)[number];

/** What becomes of a slot while the task of an earlier one hasn't ended. */
export const overlapPolicies = ['ALLOW', 'SKIP', 'CANCEL_PREVIOUS'] as const;
export type OverlapPolicy = (typeof overlapPolicies)[number];

/** `ScheduleOptions`, normalized. */
export interface ScheduleSettings {
  readonly name: string;
  readonly times: ScheduleTimes;
  /** JSON, as text. */
  readonly input: string;
  readonly missed: MissedPolicy;
  readonly overlap: OverlapPolicy;
}

/** When, as it is written down: without the anchor that an `every` gets when the schedule is made. */
export type ScheduleTimes =
  | { readonly cron: string; readonly timeZone: string }
  | { readonly everyMs: number }
  | { readonly atMs: number };

/** The shortest time between two slots: every clock looks this often. */
export const shortestEveryMs = 1_000;

/** Hears of a field that can't be used: what was expected there (a noun), and what came. */
export type ReportField = (field: string, expected: string, got: unknown) => void;

/** Fills in the defaults of a definition's schedules and reports what can't be used. */
export function normalizeSchedules(
  schedules: readonly ScheduleOptions[],
  report: (problem: string) => void,
): readonly ScheduleSettings[] {
  const settings: ScheduleSettings[] = [];
  for (const schedule of schedules) {
    if (!ifObject(schedule, 'schedule', report)) continue;
    const reportField: ReportField = (field, expected, got) =>
      report(
        `schedule${field === '' ? '' : `.${field}`} must ${field === '' ? 'have' : 'be'} ${expected}, not ${show(got)}`,
      );
    for (const member of Object.keys(schedule)) {
      if (!known.has(member))
        report(`schedule.${member} is not an option; known are ${[...known].join(', ')}`);
    }
    const { name = 'default' } = schedule;
    if (typeof name !== 'string' || !queueNamePattern.test(name)) {
      report(`schedule.name must match ${queueNamePattern.source}, not ${show(name)}`);
    }
    const times = readTimes(schedule, reportField);
    const policies = readPolicies(schedule, reportField);
    const input = readInput(schedule.input, reportField);
    if (times !== undefined) settings.push({ name, times, input, ...policies });
  }
  const names = schedules.map((schedule) => schedule.name ?? 'default');
  if (new Set(names).size < names.length) {
    report('schedule: give each of several schedules a name of its own');
  }
  return settings;
}

const known = new Set(['name', 'cron', 'timeZone', 'every', 'at', 'input', 'missed', 'overlap']);

/** The one of `cron`, `every` and `at` that is there; undefined where it was reported. */
export function readTimes(
  options: {
    readonly cron?: unknown;
    readonly timeZone?: unknown;
    readonly every?: unknown;
    readonly at?: unknown;
  },
  report: ReportField,
): ScheduleTimes | undefined {
  const { cron, timeZone, every, at } = options;
  const given = [cron, every, at].filter((value) => value !== undefined);
  if (given.length !== 1) report('', 'exactly one of cron, every and at', options);
  if (timeZone !== undefined && cron === undefined)
    report('timeZone', 'left out where there is no cron', timeZone);
  if (cron !== undefined) return readCron(cron, timeZone ?? 'UTC', report);
  if (every !== undefined) return readEvery(every, report);
  return at === undefined ? undefined : readAt(at, report);
}

/** The policies with their defaults. */
export function readPolicies(
  options: { readonly missed?: unknown; readonly overlap?: unknown },
  report: ReportField,
): { missed: MissedPolicy; overlap: OverlapPolicy } {
  const { missed = 'SKIP', overlap = 'ALLOW' } = options;
  return {
    missed: oneOf('missed', missed, missedPolicies, report),
    overlap: oneOf('overlap', overlap, overlapPolicies, report),
  };
}

function oneOf<const Names extends readonly [string, ...string[]]>(
  field: string,
  value: unknown,
  names: Names,
  report: ReportField,
): Names[number] {
  const found = names.find((name) => name === value);
  if (found === undefined) report(field, names.map((name) => `'${name}'`).join(' or '), value);
  return found ?? names[0];
}

function readCron(cron: unknown, timeZone: unknown, report: ReportField): ScheduleTimes | undefined {
  const hasZone = isTimeZone(timeZone);
  if (!hasZone) report('timeZone', "an IANA time zone such as 'Europe/Berlin'", timeZone);
  const problem = cronProblem(cron, hasZone ? timeZone : 'UTC');
  if (problem !== undefined) report('cron', `a cron expression such as '30 2 * * *' (${problem})`, cron);
  return hasZone && problem === undefined ? { cron: String(cron), timeZone } : undefined;
}

function cronProblem(cron: unknown, timeZone: string): string | undefined {
  if (typeof cron !== 'string') return 'a text';
  try {
    parseCron(cron, timeZone);
    return nextSlot({ cron, timeZone }, Date.now()) === undefined ? 'no day is like that' : undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function readEvery(every: unknown, report: ReportField): ScheduleTimes | undefined {
  const everyMs = parseDuration(every);
  if (everyMs !== undefined && everyMs >= shortestEveryMs) return { everyMs };
  report('every', `${durationHint}, of at least a second`, every);
  return undefined;
}

/** The end of the year 9999: what ids can say, too. */
const latestMs = 253_402_300_799_999;

// Without a zone it would be another time in each process.
const timePattern = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d)$/;

function readAt(at: unknown, report: ReportField): ScheduleTimes | undefined {
  const isTime = at instanceof Date || (typeof at === 'string' && timePattern.test(at));
  const atMs = isTime ? new Date(at).getTime() : Number.NaN;
  if (atMs >= 0 && atMs <= latestMs) return { atMs };
  report('at', "a Date or a time with its zone such as '2026-03-01T09:30:00Z'", at);
  return undefined;
}

/** The input as JSON text; `{}` where it was reported. */
export function readInput(input: unknown, report: ReportField): string {
  if (input === undefined) return '{}';
  try {
    const text =
      typeof input === 'object' && input !== null && !Array.isArray(input) && JSON.stringify(input);
    if (typeof text === 'string') return text;
  } catch {
    // As an object that holds itself.
  }
  report('input', 'an object of JSON', input);
  return '{}';
}

import type { VariablesOf } from '../../client/graphql.ts';
import { parseDuration, writeDuration } from '../../parts/format.ts';
import { instant, localTime } from '../../parts/local-time.ts';
import type { Schedule } from './schedule-fields.ts';
import type { createSchedule } from './schedule-mutations.ts';

/** A schedule while it is written: each field as its control has it. */
export interface Draft {
  readonly definition: string;
  readonly name: string;
  readonly kind: 'cron' | 'every' | 'at';
  readonly cron: string;
  readonly timeZone: string;
  readonly every: string;
  /** By this machine's clock. */
  readonly at: string;
  readonly overlap: Schedule['overlap'];
  readonly missed: Schedule['missed'];
  readonly priority: string;
  /** With commas between them. */
  readonly tags: string;
}

/** The draft of a schedule that is there, or of a new one. */
export function draftOf(schedule: Schedule | undefined): Draft {
  const { cron, every, at } = schedule ?? { cron: null, every: null, at: null };
  const tomorrow = new Date(Date.now() + 86_400_000).toISOString();
  return {
    definition: schedule?.definition ?? '',
    name: schedule?.name ?? '',
    kind: at !== null ? 'at' : every !== null ? 'every' : 'cron',
    cron: cron?.expression ?? '0 6 * * *',
    timeZone: cron?.timeZone ?? Intl.DateTimeFormat().resolvedOptions().timeZone,
    every: writeDuration(parseDuration(every) ?? 900_000),
    at: localTime(at ?? tomorrow),
    overlap: schedule?.overlap ?? 'ALLOW',
    missed: schedule?.missed ?? 'SKIP',
    priority: String(schedule?.priority ?? 0),
    tags: schedule?.tags.join(', ') ?? '',
  };
}

type Spec = VariablesOf<typeof createSchedule>['schedule'];

/** When, as the API takes it. */
export function specOf({ kind, cron, timeZone, every, at }: Draft): Spec {
  if (kind === 'every') return { every: every.trim() };
  if (kind === 'at') return { at: instant(at) ?? at };
  return { cron: { expression: cron.trim(), timeZone: timeZone.trim() === '' ? null : timeZone.trim() } };
}

/** All but when, as the API takes it; null is left out. */
export function restOf({ name, overlap, missed, priority, tags }: Draft) {
  return {
    name: name.trim() === '' ? null : name.trim(),
    overlap,
    missed,
    priority: priority.trim() === '' ? null : Number(priority),
    tags: tags
      .split(',')
      .map((tag) => tag.trim())
      .filter((tag) => tag !== ''),
  };
}

import type { MissedPolicy, ScheduleTimes } from '../definition/schedule.ts';
import { nextSlot, type ScheduleSpec } from '../definition/slots.ts';
import type { CompiledDefinition } from '../definition/types.ts';
import { scheduleQueueOf } from './id.ts';
import { chunks } from './replies.ts';
import type { Schedule } from './schedule.ts';
import { tagListOf } from './tags.ts';
import { waitOptionsOf } from './wait-options.ts';

/** A schedule with what its changes go by. */
export interface StoredSchedule extends Schedule {
  /** Raised by each change but those of its slots. */
  readonly revision: string;
  readonly times: ScheduleTimes;
  /** Its place in lists (µs). */
  readonly created: number;
  /** When it was read (µs, by the store's clock). */
  readonly readUs: number;
  /** What its tasks are made with, as the script takes it. */
  readonly options: string;
}

/** The times with the anchor that an `every` is counted from. */
export function specOf(times: ScheduleTimes, anchorMs: number): ScheduleSpec {
  return 'everyMs' in times ? { ...times, anchorMs } : times;
}

/** A schedule whose slot has come, as a look of the clock finds it. */
export interface DueSchedule {
  readonly id: string;
  readonly next: number;
  readonly revision: string;
  readonly spec: ScheduleSpec;
  readonly missed: MissedPolicy;
}

export function parseDue(values: readonly string[]): DueSchedule[] {
  return chunks(values, 6).map(([id = '', next, revision = '', times = '', anchor, missed]) => ({
    id,
    next: Number(next),
    revision,
    // As `times` and `missed` of a record are written.
    spec: specOf(JSON.parse(times) as ScheduleTimes, Number(anchor)),
    missed: missed as MissedPolicy,
  }));
}

/** The first slot of a new schedule; an `at` that has passed is one all the same, and its `missed` decides. */
export function firstSlot(times: ScheduleTimes, now: number): number | '' {
  return 'atMs' in times ? times.atMs : (nextSlot(specOf(times, now), now) ?? '');
}

/** Whose its tasks are, as a record has it. */
export function scheduleFields(
  schedule: string,
  { owner, tags }: { readonly owner: string; readonly tags: readonly string[] },
): Record<string, string> {
  return {
    owner: JSON.stringify(owner),
    tags: JSON.stringify(tags),
    tagList: tagListOf({ tags, owner, schedule }),
  };
}

/** What its tasks are made with beside that: by its priority, and by the limits and keys of their definition. */
export function scheduleOptions(
  schedule: string,
  compiled: CompiledDefinition,
  coerced: unknown,
  owner: string,
  priority: number | undefined,
): string {
  // The limits themselves are told by the clocks of those who have the definition.
  const { limits: _, ...options } = waitOptionsOf(
    compiled,
    coerced,
    owner,
    priority === undefined ? {} : { priority },
  );
  return JSON.stringify({ ...options, schedule });
}

/** Parses the fields of a record, undefined where there is none. */
export function parseSchedule(reply: readonly string[]): StoredSchedule | undefined {
  if (reply.length === 0) return undefined;
  const pairs = reply.flatMap((value, index) => (index % 2 === 0 ? [[value, reply[index + 1] ?? '']] : []));
  const fields = Object.fromEntries(pairs) as Record<string, string>;
  const text = (field: string): string => fields[field] ?? '';
  const given = (field: string, name: string, value: (text: string) => unknown): object =>
    text(field) === '' ? {} : { [name]: value(text(field)) };
  const times = JSON.parse(text('times')) as ScheduleTimes;
  const { priority } = JSON.parse(text('options')) as { readonly priority?: number };
  // The one place where a record becomes a Schedule: schedules.ts and scheduler.ts write these fields.
  return {
    id: text('id'),
    definition: text('name'),
    queue: scheduleQueueOf(text('id')) ?? '',
    ...given('title', 'name', String),
    spec: specOf(times, Number(text('anchor'))),
    input: JSON.parse(text('input')),
    missed: text('missed'),
    overlap: text('overlap'),
    source: text('source'),
    ...given('paused', 'pause', JSON.parse),
    ...given('next', 'nextRunAt', Number),
    ...given('lastRun', 'lastRunAt', Number),
    ...given('lastTask', 'lastTask', String),
    ...given('lastSkip', 'lastSkip', JSON.parse),
    missedCount: Number(text('missedCount')),
    createdAt: Math.floor(Number(text('created')) / 1_000),
    owner: JSON.parse(text('owner')),
    tags: JSON.parse(text('tags')),
    ...(priority === undefined ? {} : { priority }),
    revision: text('revision'),
    times,
    created: Number(text('created')),
    readUs: Number(text('readUs')),
    options: text('options'),
  } as StoredSchedule;
}

import { isoMs } from '../definition/duration-scalar.ts';
import { BadUserInputError, type Issue } from '../errors.ts';
import { maxNameLength } from '../tasks/schedule-checks.ts';
import type { ScheduleChanges } from '../tasks/schedules.ts';
import { maxTagLength, maxTags } from '../tasks/tags.ts';
import { mostPriority } from '../tasks/wait-options.ts';
import type { ScheduleTypes } from './schedule.ts';
import { inputNamed } from './sent.ts';
import type { ApiBuilder } from './state.ts';

/** Adds the input that says when. */
export function addScheduleSpec(builder: ApiBuilder) {
  const cron = builder.inputType('CronInput', {
    description: 'A cron expression and its time zone.',
    fields: (t) => ({
      expression: t.string({
        required: true,
        description:
          'Five fields (minute, hour, day, month, weekday), or six with seconds in front: `30 2 * * *`.',
      }),
      timeZone: t.string({ description: 'The IANA name, such as `Europe/Berlin`. `UTC` unless given.' }),
    }),
  });
  return builder.inputType('ScheduleSpec', {
    description: 'When a schedule enqueues its tasks: one of these.',
    isOneOf: true,
    fields: (t) => ({
      cron: t.field({ type: cron, description: 'By the clock on the wall.' }),
      every: t.field({ type: 'Duration', description: 'So often, from now on: at least `1s`.' }),
      at: t.field({ type: 'DateTimeISO', description: 'Once, at a time to come.' }),
    }),
  });
}

/** The input that says when. */
export type ScheduleSpecType = ReturnType<typeof addScheduleSpec>;

/**
 * The arguments that `createSchedule` and `updateSchedule` share.
 *
 * @param otherwise what an argument is that isn't given, of which the former has a value of its own
 */
export function scheduleArgs(
  builder: ApiBuilder,
  { missed, overlap }: ScheduleTypes,
  otherwise: (value: string) => string,
) {
  return builder.args((t) => ({
    name: t.string({
      description: `What it is called: up to ${maxNameLength} characters, need not be unique.`,
    }),
    input: t.field({ type: 'JSON', description: "The input of each task, in the form of the definition's." }),
    missed: t.field({
      type: missed,
      description: `What becomes of slots that passed.${otherwise('SKIP')}`,
    }),
    overlap: t.field({
      type: overlap,
      description: `What becomes of a slot while an earlier task has not ended.${otherwise('ALLOW')}`,
    }),
    tags: t.stringList({
      description: `The tags of its tasks: up to ${maxTags} words of up to ${maxTagLength} characters each.`,
    }),
    priority: t.int({
      description: `The priority of its tasks, in seconds of head start: -${mostPriority} to ${mostPriority}.`,
    }),
  }));
}

/** What a client sent. */
interface Given {
  readonly schedule?: ScheduleSpecType['$inferInput'] | null | undefined;
  readonly name?: string | null | undefined;
  readonly missed?: ScheduleChanges['missed'] | null;
  readonly overlap?: ScheduleChanges['overlap'] | null;
  readonly tags?: readonly string[] | null | undefined;
  readonly priority?: number | null | undefined;
}

/** The arguments as `tasks.schedules` takes them; null is as good as left out. */
export function changesOf({ schedule, ...rest }: Given, input: unknown): ScheduleChanges {
  const { cron, every, at } = schedule ?? {};
  const isGiven = ([, value]: [string, unknown]) => value !== null && value !== undefined;
  return Object.fromEntries(
    Object.entries({
      ...rest,
      input,
      cron: cron?.expression,
      timeZone: cron?.timeZone,
      // What isn't a length of time is told where it is checked.
      every: every && (isoMs(every) ?? every),
      at,
    }).filter(isGiven),
  );
}

const places: Readonly<Record<string, Issue['path']>> = {
  cron: ['schedule', 'cron', 'expression'],
  timeZone: ['schedule', 'cron', 'timeZone'],
  every: ['schedule', 'every'],
  at: ['schedule', 'at'],
};

/** The same error, with paths that name what is wrong as the client has it. */
export function scheduleNamed(inputName: string, error: unknown): unknown {
  if (!(error instanceof BadUserInputError)) return error;
  const issues = error.issues.map((issue) => {
    const [first = 'schedule', ...rest] = issue.path;
    return { ...issue, path: [...(places[first] ?? [first]), ...rest] };
  });
  return inputNamed(inputName, new BadUserInputError(error.message, issues));
}

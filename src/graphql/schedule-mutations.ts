import type { Schedule } from '../tasks/schedule.ts';
import type { NewSchedule } from '../tasks/schedules.ts';
import type { EnqueuedTask } from '../tasks/draft.ts';
import { checkReason, maxReasonLength } from '../tasks/reason.ts';
import { needs } from './access.ts';
import { enqueuesTasks } from './idempotency-header.ts';
import { optionsOf, type OptionsType } from './options.ts';
import { addScheduleSpec, changesOf, scheduleArgs, scheduleNamed } from './schedule-input.ts';
import type { ScheduleTypes } from './schedule.ts';
import { argumentAsSent } from './sent.ts';
import type { ApiBuilder } from './state.ts';
import type { TaskTypes } from './task.ts';
import { waited, waitOf } from './wait.ts';
import { watchTokenField, type WatchTokenTypes } from './watch-token.ts';

/** Adds what makes, changes and runs schedules. */
export function addScheduleMutations(
  builder: ApiBuilder,
  types: ScheduleTypes & TaskTypes & WatchTokenTypes,
  options: OptionsType,
): void {
  const { schedule, task } = types;
  const spec = addScheduleSpec(builder);
  const args = scheduleArgs(builder, types, (value) => ` \`${value}\` unless given.`);
  const changes = scheduleArgs(builder, types, () => '');
  const payload = (name: string, description: string) =>
    builder.objectRef<{ schedule: Schedule }>(name).implement({
      description,
      fields: (t) => ({
        schedule: t.expose('schedule', { type: schedule, nullable: false, description: 'The schedule.' }),
      }),
    });
  const switched = (name: string, description: string, accepted: string) =>
    builder.objectRef<{ accepted: boolean; schedule: Schedule }>(name).implement({
      description,
      fields: (t) => ({
        accepted: t.exposeBoolean('accepted', { nullable: false, description: accepted }),
        schedule: t.expose('schedule', {
          type: schedule,
          nullable: false,
          description: 'The schedule after it.',
        }),
      }),
    });
  const created = payload('CreateSchedulePayload', 'The schedule that was made.');
  const updated = payload('UpdateSchedulePayload', 'The schedule with its changes.');
  const paused = switched(
    'PauseSchedulePayload',
    'What became of a pause.',
    'False where it was paused already.',
  );
  const resumed = switched(
    'ResumeSchedulePayload',
    'What became of the end of a pause.',
    'False where it was not paused.',
  );
  const deleted = payload('DeleteSchedulePayload', 'The schedule as it was.');
  const ran = builder.objectRef<{ task: EnqueuedTask }>('RunScheduleNowPayload').implement({
    description: 'What a run by hand enqueued.',
    fields: (t) => ({
      task: t.expose('task', { type: task, nullable: false, description: 'The task.' }),
      deduplicated: t.boolean({
        nullable: false,
        description:
          'True where the idempotency key had enqueued it before: this is that task, as it is by now.',
        resolve: ({ task }) => task.deduplicated,
      }),
      watchToken: t.field(watchTokenField(types, ({ task }) => task)),
    }),
  });

  builder.mutationFields((t) => {
    const id = t.arg.id({ required: true, description: "The schedule's id." });
    const notFound = 'An id that is not there is the error `SCHEDULE_NOT_FOUND`';
    return {
      createSchedule: t.field({
        type: created,
        nullable: false,
        description:
          'Makes a schedule. Everything that is wrong with it is one error `BAD_USER_INPUT`, with a path each: an ' +
          'expression that no day is like, a time that has passed, an input that the definition does not take.',
        extensions: needs('tasks:write'),
        args: {
          definition: t.arg.string({
            required: true,
            description: 'The definition whose tasks it enqueues.',
          }),
          schedule: t.arg({ type: spec, required: true, description: 'When.' }),
          ...args,
        },
        resolve: async (_, { definition, ...given }, context, info) => {
          const { name, value } = argumentAsSent('input', info, context);
          const { owner } = context.viewer;
          try {
            // Exactly one of cron, every and at, as GraphQL has checked.
            const options = { ...changesOf(given, value), owner } as NewSchedule;
            return { schedule: await context.tasks.schedules.create(definition, options) };
          } catch (error) {
            throw scheduleNamed(name, error);
          }
        },
      }),
      updateSchedule: t.field({
        type: updated,
        nullable: false,
        description:
          'Changes a schedule; what is left out or null stays, and so does each `"[secret]"` in the input. Other times ' +
          `hold from now on. One that stands in the code is changed there: \`BAD_USER_INPUT\`. ${notFound}.`,
        extensions: needs('tasks:write'),
        args: {
          id,
          schedule: t.arg({
            type: spec,
            description: 'When. It is changed as a whole: a cron expression without a zone is one of `UTC`.',
          }),
          ...changes,
        },
        resolve: async (_, { id, ...given }, context, info) => {
          const { name, value } = argumentAsSent('input', info, context);
          try {
            return { schedule: await context.tasks.schedules.update(id, changesOf(given, value)) };
          } catch (error) {
            throw scheduleNamed(name, error);
          }
        },
      }),
      pauseSchedule: t.field({
        type: paused,
        nullable: false,
        description: `Lets a schedule make no tasks until it is resumed; slots that pass meanwhile are passed. ${notFound}.`,
        extensions: needs('tasks:write'),
        args: {
          id,
          reason: t.arg.string({
            description: `Why, for whoever looks at it later; up to ${maxReasonLength} characters.`,
          }),
        },
        resolve: (_, { id, reason }, { tasks, viewer }) => {
          checkReason(reason ?? '');
          return tasks.schedules.pause(id, { ...(reason ? { reason } : {}), actor: viewer.owner });
        },
      }),
      resumeSchedule: t.field({
        type: resumed,
        nullable: false,
        description: `Ends a pause: goes on with the next slot from now. ${notFound}.`,
        extensions: needs('tasks:write'),
        args: { id },
        resolve: (_, { id }, { tasks }) => tasks.schedules.resume(id),
      }),
      deleteSchedule: t.field({
        type: deleted,
        nullable: false,
        description:
          'Takes a schedule away; its tasks stay, and go on. One that stands in the code is taken away there: ' +
          `\`BAD_USER_INPUT\`. ${notFound}.`,
        extensions: needs('tasks:write'),
        args: { id },
        resolve: async (_, { id }, { tasks }) => ({ schedule: await tasks.schedules.delete(id) }),
      }),
      runScheduleNow: t.field({
        type: ran,
        nullable: false,
        description:
          'Enqueues a task of a schedule now, also while it is paused or an earlier one runs; its slots stay as they ' +
          `are. ${notFound}.`,
        extensions: { ...needs('tasks:write'), ...enqueuesTasks },
        args: { id, options: t.arg({ type: options, description: 'How it is enqueued.' }) },
        resolve: async (_, { id, options }, context) => {
          const waitMs = waitOf(options);
          const task = await context.tasks.schedules.runNow(id, optionsOf(options, context));
          return { task: await waited(task, waitMs, context) };
        },
      }),
    };
  });
}

import { hideSecrets } from '../definition/secrets.ts';
import type { MissedPolicy, OverlapPolicy } from '../definition/schedule.ts';
import {
  nextRuns,
  scheduledFor,
  type Schedule,
  type SchedulePause,
  type ScheduleSource,
  type SkipReason,
} from '../tasks/schedule.ts';
import { invalidArgument } from '../errors.ts';
import { maxPageSize } from './connection.ts';
import { actorHelp, type ApiBuilder, date, described, shownActor } from './state.ts';
import type { TaskTypes } from './task.ts';

/** Adds `Schedule` and what belongs to it. */
export function addScheduleTypes(builder: ApiBuilder, { node, task }: TaskTypes) {
  const missed = builder.enumType('MissedSlots', {
    description: 'What becomes of slots that passed while no process was there to make their tasks.',
    values: described(missedSlots),
  });
  const overlap = builder.enumType('ScheduleOverlap', {
    description: 'What becomes of a slot while a task of the same schedule has not ended.',
    values: described(overlaps),
  });
  const source = builder.enumType('ScheduleSource', {
    description: 'Where a schedule was written.',
    values: described(sources),
  });
  const skipReason = builder.enumType('SkipReason', {
    description: 'Why a slot has no task. The list may grow.',
    values: described(skipReasons),
  });

  const cron = builder.objectRef<{ cron: string; timeZone: string }>('CronSpec').implement({
    description: 'A cron expression and its time zone.',
    fields: (t) => ({
      expression: t.exposeString('cron', {
        nullable: false,
        description: 'Five fields, or six with seconds in front.',
      }),
      timeZone: t.exposeString('timeZone', { nullable: false, description: 'The IANA name.' }),
    }),
  });
  const pause = builder.objectRef<SchedulePause>('SchedulePause').implement({
    description: 'Who paused a schedule, when and why.',
    fields: (t) => ({
      at: t.field({
        type: 'DateTimeISO',
        nullable: false,
        description: 'Since when it makes no tasks.',
        resolve: ({ at }) => new Date(at),
      }),
      reason: t.exposeString('reason', { nullable: true, description: 'The reason that was given.' }),
      actor: t.string({
        nullable: true,
        description: actorHelp,
        resolve: ({ actor }, _, { viewer }) => shownActor(actor, viewer),
      }),
    }),
  });
  const skip = builder.objectRef<{ slot: number; reason: SkipReason }>('ScheduleSkip').implement({
    description: 'A slot that has no task.',
    fields: (t) => ({
      slot: t.field({
        type: 'DateTimeISO',
        nullable: false,
        description: 'Its time.',
        resolve: ({ slot }) => new Date(slot),
      }),
      reason: t.expose('reason', { type: skipReason, nullable: false, description: 'Why.' }),
    }),
  });

  const schedule = builder.objectRef<Schedule>('Schedule').implement({
    description:
      'What enqueues tasks of one definition at its times (slots): one task for each, however many processes run.',
    interfaces: [node],
    fields: (t) => ({
      definition: t.exposeString('definition', {
        nullable: false,
        description: 'Of which definition its tasks are.',
      }),
      queue: t.exposeString('queue', { nullable: false, description: 'The queue of its tasks.' }),
      name: t.exposeString('name', { nullable: true, description: 'What it is called, if anything.' }),
      cron: t.field({
        type: cron,
        nullable: true,
        description: 'When, where that is a cron expression.',
        resolve: ({ spec }) => ('cron' in spec ? spec : undefined),
      }),
      every: t.field({
        type: 'Duration',
        nullable: true,
        description: 'How often, where it is that: counted from when it was made, or last given other times.',
        resolve: ({ spec }) => ('everyMs' in spec ? `${spec.everyMs}ms` : undefined),
      }),
      at: t.field({
        type: 'DateTimeISO',
        nullable: true,
        description: 'When, where it is once.',
        resolve: ({ spec }) => ('atMs' in spec ? new Date(spec.atMs) : undefined),
      }),
      input: t.field({
        type: 'JSON',
        nullable: true,
        description:
          'The input of each task, with `"[secret]"` in place of what the definition marks secret.',
        resolve: async ({ id, definition: name, input }, _, { tasks }) =>
          hideSecrets(input, (await tasks.secretsOf({ id, name })).input),
      }),
      missed: t.expose('missed', {
        type: missed,
        nullable: false,
        description: 'What becomes of slots that passed.',
      }),
      overlap: t.expose('overlap', {
        type: overlap,
        nullable: false,
        description: 'What becomes of a slot while an earlier task has not ended.',
      }),
      source: t.expose('source', { type: source, nullable: false, description: 'Where it was written.' }),
      isPaused: t.boolean({
        nullable: false,
        description: 'True while it makes no tasks.',
        resolve: ({ pause }) => pause !== undefined,
      }),
      pause: t.expose('pause', {
        type: pause,
        nullable: true,
        description: 'Who paused it, when and why, while it is.',
      }),
      nextRunAt: t.field({
        type: 'DateTimeISO',
        nullable: true,
        description: 'The slot to come; null while it is paused, and where there is none any more.',
        resolve: ({ nextRunAt }) => date(nextRunAt),
      }),
      nextRuns: t.field({
        type: ['DateTimeISO'],
        nullable: { list: false, items: false },
        description: 'The slots to come, the next one first; none while it is paused.',
        args: {
          first: t.arg.int({ defaultValue: 5, description: `So many at most, 1 to ${maxPageSize}.` }),
        },
        resolve: (schedule, { first }) => nextRuns(schedule, countOf(first)).map((slot) => new Date(slot)),
      }),
      lastRunAt: t.field({
        type: 'DateTimeISO',
        nullable: true,
        description: 'When it last enqueued a task for a slot.',
        resolve: ({ lastRunAt }) => date(lastRunAt),
      }),
      lastTask: t.field({
        type: task,
        nullable: true,
        description: 'The newest of its tasks that is still there, also one of `runScheduleNow`.',
        resolve: ({ lastTask }, _, { tasks }) => (lastTask === undefined ? undefined : tasks.get(lastTask)),
      }),
      lastSkip: t.expose('lastSkip', {
        type: skip,
        nullable: true,
        description: 'The last slot that has no task.',
      }),
      missedCount: t.expose('missedCount', {
        type: 'NonNegativeInt',
        nullable: false,
        description:
          'How many slots passed and were left out by `missed`; of a cron expression at most 200 are counted each time.',
      }),
      createdAt: t.field({
        type: 'DateTimeISO',
        nullable: false,
        description: 'When it was made.',
        resolve: ({ createdAt }) => new Date(createdAt),
      }),
      owner: t.exposeString('owner', { nullable: false, description: 'Whose its tasks are.' }),
      tags: t.exposeStringList('tags', { nullable: false, description: 'The tags of its tasks.' }),
      priority: t.int({
        nullable: false,
        description: 'The priority of its tasks.',
        resolve: ({ priority }) => priority ?? 0,
      }),
    }),
  });

  builder.interfaceField(task, 'schedule', (t) =>
    t.field({
      type: schedule,
      nullable: true,
      description: 'The schedule that made it, if one did and it is still there.',
      resolve: (task, _, { tasks }) =>
        task.schedule === undefined ? undefined : tasks.schedules.get(task.schedule),
    }),
  );
  builder.interfaceField(task, 'scheduledFor', (t) =>
    t.field({
      type: 'DateTimeISO',
      nullable: true,
      description:
        'The slot that it was made for, if a schedule made it; for `runScheduleNow` when that was.',
      resolve: (task) => date(scheduledFor(task)),
    }),
  );

  return { schedule, missed, overlap };
}

/** The types of schedules. */
export type ScheduleTypes = ReturnType<typeof addScheduleTypes>;

function countOf(first: number | null | undefined): number {
  const count = first ?? 5;
  if (count >= 1 && count <= maxPageSize) return count;
  throw invalidArgument('first', `Expected 1 to ${maxPageSize}, got ${count}.`);
}

const missedSlots: Record<MissedPolicy, string> = {
  SKIP: 'Only the last one runs, and only if it is at most a minute late.',
  RUN_LAST: 'Only the last one runs, however late.',
  RUN_ALL: 'Each runs, oldest first; of more than 100 the last 100.',
};

const overlaps: Record<OverlapPolicy, string> = {
  ALLOW: 'Its task is enqueued all the same.',
  SKIP: 'It has no task.',
  CANCEL_PREVIOUS: 'Its task is enqueued, and those before it that have not ended are canceled.',
};

const sources: Record<ScheduleSource, string> = {
  CODE: 'In the definition: it is changed and deleted there.',
  API: 'By `createSchedule`.',
};

const skipReasons: Record<SkipReason, string> = {
  MISSED: 'No process was there in time, and `missed` leaves it out.',
  OVERLAP: 'An earlier task had not ended, and `overlap` is `SKIP`.',
  QUEUE_FULL: 'The queue held as many waiting tasks as it may.',
  QUEUE_DRAINING: 'The queue takes no new tasks.',
  LIMIT_REACHED: 'The limit of its definition has no room and rejects.',
  ERROR: 'Making it failed; the log says why.',
};

import type { Queue, QueueLimitState } from '../tasks/queue.ts';
import type { QueueAct } from '../tasks/rules.ts';
import type { TaskStatus } from '../tasks/task.ts';
import { taskStatuses } from '../tasks/task.ts';
import { durationText } from './duration-text.ts';
import { type ApiBuilder, date } from './state.ts';

/** Adds `Queue` and what belongs to it. */
export function addQueueTypes(builder: ApiBuilder) {
  const limit = addLimitTypes(builder);

  const counts = builder.objectRef<Queue['counts']>('QueueCounts').implement({
    description: 'How many tasks of a queue have each status; of the final ones those that are still kept.',
    fields: (t) =>
      Object.fromEntries(
        taskStatuses.map((status) => [
          status.toLowerCase(),
          t.field({
            type: 'NonNegativeInt',
            nullable: false,
            description: `Tasks that are \`${status}\`.`,
            resolve: (counts) => counts[status],
          }),
        ]),
      ),
  });

  const flow = builder.objectRef<Queue['finishedPerMinute']>('QueueFlow').implement({
    description: 'Tasks that became final within a minute, by how they ended.',
    fields: (t) => {
      const ended = (status: TaskStatus, description: string) =>
        t.field({
          type: 'NonNegativeInt',
          nullable: false,
          description,
          resolve: (flow) => flow[status] ?? 0,
        });
      return {
        total: t.field({
          type: 'NonNegativeInt',
          nullable: false,
          description: 'All of them.',
          resolve: (flow) => Object.values(flow).reduce((sum, count) => sum + count, 0),
        }),
        succeeded: ended('SUCCEEDED', 'Those that succeeded.'),
        failed: ended('FAILED', 'Those that failed for good.'),
        canceled: ended('CANCELED', 'Those that were canceled.'),
        expired: ended('EXPIRED', 'Those whose time in the queue ran out.'),
      };
    },
  });

  const workers = builder.objectRef<Queue['workers']>('QueueWorkers').implement({
    description:
      'The workers that serve a queue, as they said themselves when they last renewed their lease.',
    fields: (t) => ({
      count: t.expose('count', {
        type: 'NonNegativeInt',
        nullable: false,
        description: 'Workers with a lease.',
      }),
      slots: t.expose('slots', {
        type: 'NonNegativeInt',
        nullable: false,
        description: 'Tasks that they run at once, all together.',
      }),
      busy: t.expose('busy', {
        type: 'NonNegativeInt',
        nullable: false,
        description: 'Slots that are taken.',
      }),
    }),
  });

  const act = builder.objectRef<QueueAct>('QueueAct').implement({
    description: 'Who paused or drained something, when and why.',
    fields: (t) => ({
      at: t.field({
        type: 'DateTimeISO',
        nullable: false,
        description: 'Since when.',
        resolve: ({ at }) => new Date(at),
      }),
      reason: t.exposeString('reason', { nullable: true, description: 'The reason that was given.' }),
      actor: t.exposeString('actor', { nullable: true, description: 'Who did it.' }),
    }),
  });

  const pausedDefinition = builder
    .objectRef<Queue['pausedDefinitions'][number]>('PausedDefinition')
    .implement({
      description: 'A definition of which nothing begins.',
      fields: (t) => ({
        name: t.exposeString('name', { nullable: false, description: "The definition's name." }),
        pause: t.field({
          type: act,
          nullable: false,
          description: 'Who paused it, when and why.',
          resolve: (paused) => paused,
        }),
      }),
    });

  const queue = builder.objectRef<Queue>('Queue').implement({
    description: 'A line in which tasks wait, as it is at one moment.',
    fields: (t) => ({
      name: t.exposeString('name', { nullable: false, description: 'By which definitions name it.' }),
      counts: t.expose('counts', { type: counts, nullable: false, description: 'Tasks by status.' }),
      waiting: t.expose('waiting', {
        type: 'NonNegativeInt',
        nullable: false,
        description: 'Tasks that wait for a slot: those that are `QUEUED`.',
      }),
      running: t.expose('running', {
        type: 'NonNegativeInt',
        nullable: false,
        description:
          'Tasks that run: those that are `RUNNING` or `CANCELING`, but for those that wait for their children.',
      }),
      oldestWaitingSince: t.field({
        type: 'DateTimeISO',
        nullable: true,
        description: 'Since when the task waits for a slot that waits longest; null where none does.',
        resolve: ({ oldestWaitingSince }) => date(oldestWaitingSince),
      }),
      oldestWaitingAge: t.field({
        type: 'Duration',
        nullable: true,
        description: 'For how long it has waited by now.',
        resolve: ({ at, oldestWaitingSince }) =>
          oldestWaitingSince === undefined ? undefined : durationText(Math.max(0, at - oldestWaitingSince)),
      }),
      enqueuedPerMinute: t.expose('enqueuedPerMinute', {
        type: 'NonNegativeInt',
        nullable: false,
        description: 'Tasks that were enqueued in the last minute.',
      }),
      finishedPerMinute: t.expose('finishedPerMinute', {
        type: flow,
        nullable: false,
        description:
          'Tasks that became final in the last minute, by how they ended; counted in pieces of 10 s.',
      }),
      workers: t.expose('workers', { type: workers, nullable: false, description: 'Who serves it.' }),
      limits: t.expose('limits', {
        type: [limit],
        nullable: { list: false, items: false },
        description:
          "How much of it may run across all workers: the queue's own limit first, then those of its definitions by name.",
      }),
      maxWaiting: t.expose('maxWaiting', {
        type: 'NonNegativeInt',
        nullable: true,
        description:
          'How many tasks may be QUEUED or SCHEDULED; another one is refused with `QUEUE_FULL`. Null where any number may.',
      }),
      isPaused: t.boolean({
        nullable: false,
        description: 'True while nothing of it begins. What runs goes on, and new tasks are taken.',
        resolve: ({ pause }) => pause !== undefined,
      }),
      pause: t.expose('pause', {
        type: act,
        nullable: true,
        description: 'Who paused it, when and why; null while it is not paused.',
      }),
      isDraining: t.boolean({
        nullable: false,
        description: 'True while it works off what it has and refuses new tasks with `QUEUE_DRAINING`.',
        resolve: ({ drain }) => drain !== undefined,
      }),
      drain: t.expose('drain', {
        type: act,
        nullable: true,
        description: 'Who drains it, since when and why; null while nobody does.',
      }),
      pausedDefinitions: t.expose('pausedDefinitions', {
        type: [pausedDefinition],
        nullable: { list: false, items: false },
        description: 'Its definitions that are paused by themselves, by name.',
      }),
    }),
  });

  return { queue, act, flow };
}

/** The types of queues that other parts of the API show. */
export type QueueTypes = ReturnType<typeof addQueueTypes>;

function addLimitTypes(builder: ApiBuilder) {
  const rate = builder.objectRef<NonNullable<QueueLimitState['rate']>>('LimitRate').implement({
    description:
      'How many tasks may start: a bucket of `burst` starts that is refilled evenly, `count` in each `per`.',
    fields: (t) => ({
      count: t.expose('count', { type: 'PositiveInt', nullable: false, description: 'So many starts …' }),
      per: t.field({
        type: 'Duration',
        nullable: false,
        description: '… in each such time.',
        resolve: ({ perMs }) => durationText(perMs),
      }),
      burst: t.expose('burst', {
        type: 'PositiveInt',
        nullable: false,
        description: 'So many at once after a rest.',
      }),
    }),
  });

  const whenFull = builder.enumType('LimitWhenFull', {
    description: 'What happens to a new task at the limit.',
    values: {
      WAIT: { description: 'It waits.' },
      REJECT: { description: 'It is refused with `LIMIT_REACHED`.' },
      CANCEL_OLDEST: { description: 'It waits, and the oldest one that waits is canceled.' },
    },
  });

  return builder.objectRef<QueueLimitState>('QueueLimit').implement({
    description: 'A limit that holds across all workers.',
    fields: (t) => ({
      definition: t.exposeString('definition', {
        nullable: true,
        description: "The definition whose limit it is; null of the queue's own.",
      }),
      isPerKey: t.exposeBoolean('isPerKey', {
        nullable: false,
        description: 'True where it holds for each key of the definition by itself.',
      }),
      concurrency: t.expose('concurrency', {
        type: 'PositiveInt',
        nullable: true,
        description: 'How many may run side by side; null where it does not say.',
      }),
      rate: t.expose('rate', {
        type: rate,
        nullable: true,
        description: 'How many may start; null where it does not say.',
      }),
      whenFull: t.expose('whenFull', {
        type: whenFull,
        nullable: false,
        description: 'What happens to a new task where it has no room.',
      }),
      running: t.expose('running', {
        type: 'NonNegativeInt',
        nullable: true,
        description: 'How many run under it now; null of one for each key.',
      }),
      blockedKeys: t.field({
        type: 'NonNegativeInt',
        nullable: true,
        description:
          'At how many keys something waits because of it, up to 1,000; null where it has no keys.',
        resolve: ({ isPerKey, blocked }) => (isPerKey ? blocked : undefined),
      }),
      isBlocking: t.boolean({
        nullable: false,
        description: 'True where something waits because of it.',
        resolve: ({ blocked }) => blocked > 0,
      }),
    }),
  });
}

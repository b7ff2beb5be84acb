import { invalidArgument } from '../errors.ts';
import { maxFirstSchedules, type SchedulesUpdate } from '../tasks/schedule-watches.ts';
import { needs } from './access.ts';
import { isGiven, maxPageSize } from './connection.ts';
import { costs } from './cost.ts';
import type { ScheduleTypes } from './schedule.ts';
import type { ApiBuilder } from './state.ts';
import { openStartedStream } from './stream.ts';

/** Adds the subscription to schedules, and what it tells. */
export function addLiveSchedules(builder: ApiBuilder, { schedule }: ScheduleTypes): void {
  const update = builder.objectRef<SchedulesUpdate>('SchedulesUpdate').implement({
    description: 'What is new among schedules.',
    fields: (t) => ({
      schedules: t.field({
        type: [schedule],
        nullable: { list: false, items: false },
        description:
          'Those that are new or have changed, as they are now: what has the same `id` takes the place of what was there. In ' +
          'the first payload those that were made last, newest first.',
        resolve: ({ schedules }) => schedules,
      }),
      removedIds: t.field({
        type: ['ID'],
        nullable: { list: false, items: false },
        description: 'Those that were deleted.',
        resolve: ({ removedIds }) => removedIds,
      }),
      hasNextPage: t.exposeBoolean('hasMore', {
        nullable: false,
        description:
          'True where there are more than the first payload told: `schedules` has them. Their changes are told, too.',
      }),
    }),
  });

  builder.subscriptionField('schedulesUpdated', (t) =>
    t.field({
      type: update,
      nullable: false,
      description:
        'The schedules as they are now, then each that is made, updated, paused, resumed, deleted, or makes a task, at most ' +
        'about twice a second. What becomes of its task is no change. Ends only with the connection.',
      extensions: { ...needs('tasks:read'), ...costs({ size: maxFirstSchedules }) },
      args: {
        definitions: t.arg.stringList({
          description: 'Only those of these definitions. All of them unless given.',
        }),
        first: t.arg.int({
          description: `How many the first payload tells at most, 1 to ${maxFirstSchedules}; ${maxFirstSchedules} unless given.`,
        }),
      },
      subscribe(_, { definitions, first }, { tasks, signal }) {
        if ((definitions?.length ?? 0) > maxPageSize) {
          throw invalidArgument('definitions', `Expected at most ${maxPageSize} members.`);
        }
        const query = {
          ...(isGiven(definitions) ? { definitions } : {}),
          ...(isGiven(first) ? { first } : {}),
        };
        return openStartedStream((signal) => tasks.schedules.watch({ ...query, signal }), signal);
      },
      resolve: (update) => update,
    }),
  );
}

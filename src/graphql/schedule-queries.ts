import { BadUserInputError, invalidArgument, ScheduleNotFoundError } from '../errors.ts';
import type { Schedule } from '../tasks/schedule.ts';
import type { SchedulePage } from '../tasks/schedule-list.ts';
import { needs } from './access.ts';
import { type ConnectionTypes, cursorNamed, isGiven, maxPageSize } from './connection.ts';
import type { ScheduleTypes } from './schedule.ts';
import type { ApiBuilder } from './state.ts';

type Edge = SchedulePage['schedules'][number];

/** Adds `schedule` and `schedules`. */
export function addScheduleQueries(
  builder: ApiBuilder,
  { schedule, pageInfo }: ScheduleTypes & Pick<ConnectionTypes, 'pageInfo'>,
): void {
  const edge = builder.objectRef<Edge>('ScheduleEdge').implement({
    description: 'A schedule and its place in the list.',
    fields: (t) => ({
      node: t.expose('schedule', { type: schedule, nullable: false, description: 'The schedule.' }),
      cursor: t.exposeString('cursor', { nullable: false, description: 'Its place, for `after`.' }),
    }),
  });
  const connection = builder
    .objectRef<SchedulePage & { readonly isFirst: boolean }>('ScheduleConnection')
    .implement({
      description: 'One page of a list of schedules.',
      fields: (t) => ({
        edges: t.expose('schedules', {
          type: [edge],
          nullable: { list: false, items: false },
          description: 'The schedules of this page with their cursors.',
        }),
        nodes: t.field({
          type: [schedule],
          nullable: { list: false, items: false },
          description: 'The schedules of this page.',
          resolve: ({ schedules }): Schedule[] => schedules.map(({ schedule }) => schedule),
        }),
        pageInfo: t.field({
          type: pageInfo,
          nullable: false,
          description: 'How to go on.',
          resolve: ({ schedules, hasMore, isFirst }) => ({
            hasNextPage: hasMore,
            hasPreviousPage: !isFirst,
            startCursor: schedules[0]?.cursor,
            endCursor: schedules.at(-1)?.cursor,
          }),
        }),
      }),
    });

  builder.queryField('schedule', (t) =>
    t.field({
      type: schedule,
      nullable: true,
      description: 'A schedule. An id that is not there is the error `SCHEDULE_NOT_FOUND`.',
      extensions: needs('tasks:read'),
      args: { id: t.arg.id({ required: true, description: "The schedule's id." }) },
      resolve: async (_, { id }, { tasks }) => {
        const found = await tasks.schedules.get(id);
        if (found === undefined) throw new ScheduleNotFoundError(id);
        return found;
      },
    }),
  );

  builder.queryField('schedules', (t) =>
    t.field({
      type: connection,
      nullable: false,
      description: 'The schedules, those that were made last first.',
      extensions: needs('tasks:read'),
      args: {
        definitions: t.arg.stringList({
          description: 'Only those of these definitions. All of them unless given.',
        }),
        first: t.arg.int({ description: `At most so many, 1 to ${maxPageSize}; 20 unless given.` }),
        after: t.arg.string({ description: 'Only what comes after this cursor.' }),
      },
      resolve: async (_, { definitions, first, after }, { tasks }) => {
        const limit = first ?? 20;
        if (limit < 1 || limit > maxPageSize)
          throw invalidArgument('first', `Expected 1 to ${maxPageSize}, got ${limit}.`);
        if ((definitions?.length ?? 0) > maxPageSize) {
          throw invalidArgument('definitions', `Expected at most ${maxPageSize} members.`);
        }
        try {
          const page = await tasks.schedules.list({
            limit,
            ...(definitions ? { definitions } : {}),
            ...(isGiven(after) ? { after } : {}),
          });
          return { ...page, isFirst: !isGiven(after) };
        } catch (error) {
          throw error instanceof BadUserInputError ? cursorNamed('after', error) : error;
        }
      },
    }),
  );
}

import { BadUserInputError } from '../errors.ts';
import type { TaskFilter } from '../tasks/list.ts';
import type { TaskListChange, TaskListUpdate } from '../tasks/list-snapshot.ts';
import { needs } from './access.ts';
import { type ConnectionTypes, connectionOf, cursorNamed, isGiven, maxPageSize } from './connection.ts';
import { costs } from './cost.ts';
import { type FilterTypes, filterOf } from './filter.ts';
import { selects } from './selection.ts';
import { type ApiBuilder, described } from './state.ts';
import { openStartedStream } from './stream.ts';
import type { TaskTypes } from './task.ts';

/** With the filter that it is counted by, and whether the list has something before the window. */
type Update = TaskListUpdate & { readonly filter: TaskFilter; readonly isLater: boolean };

/** Adds the subscription to the first tasks of a list, and what it tells. */
export function addLiveList(
  builder: ApiBuilder,
  { task, filter, order, connection, count }: TaskTypes & FilterTypes & ConnectionTypes,
): void {
  const kind = builder.enumType('TaskChangeKind', {
    description: 'What a change does to a window of tasks.',
    values: described(kinds),
  });

  const change = builder.objectRef<TaskListChange>('TaskChange').implement({
    description: 'One change of a window of tasks.',
    fields: (t) => ({
      kind: t.expose('kind', { type: kind, nullable: false, description: 'What it does.' }),
      index: t.expose('index', {
        type: 'NonNegativeInt',
        nullable: false,
        description: 'Where, counted from 0 in the window as the changes before this one have left it.',
      }),
      id: t.id({
        nullable: false,
        description: 'The id of the task.',
        resolve: (change) => (change.kind === 'REMOVED' ? change.id : change.task.id),
      }),
      task: t.field({
        type: task,
        nullable: true,
        description: 'The task as it is now; null where it was REMOVED.',
        resolve: (change) => (change.kind === 'REMOVED' ? null : change.task),
      }),
      cursor: t.string({
        nullable: true,
        description: 'Its place in the list, as `after` of `tasks`; null where it was REMOVED.',
        resolve: (change) => (change.kind === 'REMOVED' ? null : change.cursor),
      }),
    }),
  });

  const update = builder.objectRef<Update>('TasksUpdate').implement({
    description: 'What is new in a window of tasks: all of it, or what has changed.',
    fields: (t) => ({
      reset: t.field({
        type: connection,
        nullable: true,
        description:
          'The window as it is now, in place of the one before: in the first payload, and where changes may have been ' +
          'missed or nothing is left of what was told last. Else null.',
        resolve: ({ reset, filter, isLater }) =>
          reset === undefined ? null : connectionOf(reset, filter, isLater),
      }),
      changes: t.field({
        type: [change],
        nullable: { list: false, items: false },
        description:
          'What has changed since the payload before, to be applied in order; empty with a `reset`.',
        resolve: ({ changes }) => changes,
      }),
      hasNextPage: t.exposeBoolean('hasMore', {
        nullable: false,
        description: 'True where more tasks may follow after the window: `tasks` has them.',
      }),
      totalCount: t.field({
        type: count,
        nullable: false,
        description:
          'How many tasks match the filter, before and after the window, too. Where it is selected the list is counted at ' +
          'most twice a second, after changes alone; another number is told by a payload, which may have no `changes`.',
        extensions: costs({ points: 5 }),
        // It was counted where the subscription selects it.
        resolve: ({ total, filter }, _, { tasks }) => total ?? tasks.count(filter),
      }),
    }),
  });

  builder.subscriptionField('tasksUpdated', (t) =>
    t.field({
      type: update,
      nullable: false,
      description:
        'A live window of a list: the tasks that `tasks` would answer with the same arguments, then what changes ' +
        'in it, in order. Several changes come as one payload, each task in its newest state. Ends only with the connection.',
      extensions: needs('tasks:read'),
      args: {
        filter: t.arg({ type: filter, description: 'Which tasks. All of them unless given.' }),
        orderBy: t.arg({ type: order, description: 'In which order. Newest first unless given.' }),
        first: t.arg.int({
          description: `How many tasks the window shows, 1 to ${maxPageSize}; 20 unless given.`,
        }),
        after: t.arg.string({
          description:
            'Begins after this cursor of the same list: the window of who has scrolled there. What comes and goes before it ' +
            'is told by `totalCount` alone.',
        }),
      },
      async subscribe(_, { filter: input, orderBy, first, after }, { tasks, signal }, info) {
        const filter = filterOf(input);
        const query = {
          filter,
          ...(orderBy ? { direction: orderBy.direction } : {}),
          ...(isGiven(first) ? { first } : {}),
          ...(isGiven(after) ? { after } : {}),
          counts: selects(info, 'totalCount'),
        };
        try {
          return await openStartedStream((signal) => tasks.watchList(query, { signal }), signal);
        } catch (error) {
          throw error instanceof BadUserInputError ? cursorNamed('after', error) : error;
        }
      },
      resolve: (update, { filter, after }) => ({
        ...update,
        filter: filterOf(filter),
        isLater: isGiven(after),
      }),
    }),
  );
}

const kinds: Record<TaskListChange['kind'], string> = {
  INSERTED: 'Puts a task in before what is at the index.',
  CHANGED: 'Puts a newer state of the same task in place of the one at the index.',
  REMOVED: 'Takes away what is at the index: it left the list, or others have pushed it out of the window.',
};

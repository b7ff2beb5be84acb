import { BadUserInputError, TaskNotFoundError } from '../errors.ts';
import type { Schedule } from '../tasks/schedule.ts';
import type { Batch } from '../tasks/batch.ts';
import { queueOfBatch } from '../tasks/id.ts';
import type { Task } from '../tasks/task.ts';
import { needs } from './access.ts';
import { type ConnectionTypes, maxPageSize, readPage } from './connection.ts';
import { costs } from './cost.ts';
import { type FilterTypes, filterOf } from './filter.ts';
import type { ApiBuilder } from './state.ts';
import type { TaskTypes } from './task.ts';
import type { VisibleTasks } from './visible-tasks.ts';

/** Adds the fields that read tasks of any definition. */
export function addQueries(
  builder: ApiBuilder,
  { node, task, filter, order, connection }: TaskTypes & FilterTypes & ConnectionTypes,
): void {
  builder.queryField('node', (t) =>
    t.field({
      type: node,
      nullable: true,
      description: 'Finds anything by its id; null where there is nothing.',
      extensions: needs('tasks:read', ['STATUS']),
      args: { id: t.arg.id({ required: true, description: 'The id of any object.' }) },
      resolve: (_, { id }, { tasks }) => findNode(tasks, id),
    }),
  );

  builder.queryField('nodes', (t) =>
    t.field({
      type: [node],
      nullable: { list: false, items: true },
      description: 'Finds many by their ids, in their order; null in the places where there is nothing.',
      extensions: { ...needs('tasks:read'), ...costs({ sizedBy: ['ids'] }) },
      args: { ids: t.arg.idList({ required: true, description: `Up to ${maxPageSize} ids.` }) },
      resolve: async (_, { ids }, { tasks }) => {
        if (ids.length > maxPageSize) {
          const message = `Expected at most ${maxPageSize} ids, got ${ids.length}.`;
          throw new BadUserInputError(message, [{ path: ['ids'], message }]);
        }
        return findNodes(tasks, ids);
      },
    }),
  );

  builder.queryField('task', (t) =>
    t.field({
      type: task,
      nullable: true,
      description: 'The task as it is now. An id that is not there is the error `TASK_NOT_FOUND`.',
      extensions: needs('tasks:read', ['STATUS']),
      args: { id: t.arg.id({ required: true, description: "The task's id." }) },
      resolve: async (_, { id }, { tasks }) => {
        const found = await tasks.get(id);
        if (found === undefined) throw new TaskNotFoundError(id);
        return found;
      },
    }),
  );

  builder.queryField('tasks', (t) =>
    t.field({
      type: connection,
      nullable: false,
      description: 'A list of tasks, page by page.',
      extensions: needs('tasks:read'),
      args: {
        filter: t.arg({ type: filter, description: 'Which tasks. All of them unless given.' }),
        orderBy: t.arg({ type: order, description: 'In which order. Newest first unless given.' }),
        first: t.arg.int({
          description: `So many from the beginning, 1 to ${maxPageSize}; 20 unless given.`,
        }),
        after: t.arg.string({ description: 'Only what comes after this cursor.' }),
        last: t.arg.int({ description: `So many from the end, 1 to ${maxPageSize}, instead of \`first\`.` }),
        before: t.arg.string({ description: 'Only what comes before this cursor.' }),
      },
      resolve: (_, { filter, orderBy, ...page }, context) =>
        readPage(context, filterOf(filter), orderBy?.direction ?? 'DESC', page),
    }),
  );
}

/** Whatever has an id. */
async function findNode(tasks: VisibleTasks, id: string): Promise<Node | undefined> {
  return (await findNodes(tasks, [id]))[0];
}

/** The id tells what it is of: each kind is asked only for what may be its own. */
async function findNodes(tasks: VisibleTasks, ids: readonly string[]): Promise<(Node | undefined)[]> {
  const batches = ids.map(async (id) => (queueOfBatch(id) === undefined ? undefined : tasks.getBatch(id)));
  const [found, schedules, others] = await Promise.all([
    tasks.getMany(ids),
    tasks.schedules.getMany(ids),
    Promise.all(batches),
  ]);
  return ids.map((_, place) => found[place] ?? schedules[place] ?? others[place]);
}

type Node = Task | Batch | Schedule;

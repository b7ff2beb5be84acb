import { type FilterTypes, filterOf } from './filter.ts';
import type { ApiBuilder } from './state.ts';
import { openStartedStream, openStream } from './stream.ts';
import type { TaskTypes } from './task.ts';

/** Adds the subscriptions to tasks of any definition. */
export function addSubscriptions(builder: ApiBuilder, { task }: TaskTypes, { filter }: FilterTypes): void {
  builder.subscriptionField('taskUpdated', (t) =>
    t.field({
      type: task,
      nullable: false,
      description:
        'The task as it is now, then each newer state, and the end after a final one. A slow reader may skip ' +
        'states, never the last. An id that is not there is the error `TASK_NOT_FOUND`.',
      args: { id: t.arg.id({ required: true, description: "The task's id." }) },
      subscribe: (_, { id }, { tasks, signal }) =>
        openStartedStream((signal) => tasks.watch(id, { signal }), signal),
      resolve: (task) => task,
    }),
  );

  builder.subscriptionField('tasksUpdated', (t) =>
    t.field({
      type: task,
      nullable: false,
      description: 'Every new state of every task that matches, from now on. Ends only with the connection.',
      args: { filter: t.arg({ type: filter, description: 'Which tasks. All of them unless given.' }) },
      subscribe: (_, { filter }, { tasks }) =>
        openStream((signal) => tasks.watchAll(filterOf(filter), { signal })),
      resolve: (task) => task,
    }),
  );
}

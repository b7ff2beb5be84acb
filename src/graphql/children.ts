import { type ConnectionTypes, maxPageSize, readPage } from './connection.ts';
import type { ApiBuilder } from './state.ts';
import type { TaskTypes } from './task.ts';

/** Adds the children of a task. */
export function addChildren(builder: ApiBuilder, { task, connection }: TaskTypes & ConnectionTypes): void {
  builder.interfaceField(task, 'children', (t) =>
    t.field({
      type: connection,
      nullable: false,
      description: 'The tasks that its `run` has enqueued, oldest first.',
      args: {
        first: t.arg.int({
          description: `So many from the beginning, 1 to ${maxPageSize}; 20 unless given.`,
        }),
        after: t.arg.string({ description: 'Only what comes after this cursor.' }),
      },
      resolve: ({ id }, page, context) => readPage(context, { parents: [id] }, 'ASC', page),
    }),
  );
}

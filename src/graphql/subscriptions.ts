import { needs } from './access.ts';
import { versionedStates } from './shared-states.ts';
import type { ApiBuilder } from './state.ts';
import { started } from './stream.ts';
import { standingHelp, taskWatchOptionsOf, throttleHelp } from './throttle.ts';
import type { TaskTypes } from './task.ts';

/** Adds the subscription to a task of any definition. */
export function addSubscriptions(builder: ApiBuilder, { task }: TaskTypes): void {
  builder.subscriptionField('taskUpdated', (t) =>
    t.field({
      type: task,
      nullable: false,
      description:
        'The task as it is now, then each newer state, and the end after a final one. A slow reader may skip ' +
        `states, never the last. ${standingHelp} An id that is not there is the error \`TASK_NOT_FOUND\`.`,
      extensions: { ...needs('tasks:read', ['STATUS']), ...versionedStates },
      args: {
        id: t.arg.id({ required: true, description: "The task's id." }),
        throttle: t.arg({ type: 'Duration', description: throttleHelp }),
      },
      subscribe: (_, { id, throttle }, { tasks }, info) =>
        started(tasks.watch(id, taskWatchOptionsOf(throttle, info))),
      resolve: (task) => task,
    }),
  );
}

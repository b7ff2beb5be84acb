import type { Task } from '../tasks/task.ts';
import { maxReasonLength } from '../tasks/reason.ts';
import { needs } from './access.ts';
import type { ApiBuilder } from './state.ts';
import type { TaskTypes } from './task.ts';

/** Adds `cancelTask`. */
export function addCancel(builder: ApiBuilder, { task }: TaskTypes): void {
  const payload = builder.objectRef<{ accepted: boolean; task: Task }>('CancelTaskPayload').implement({
    description: 'What became of a request to cancel.',
    fields: (t) => ({
      accepted: t.exposeBoolean('accepted', {
        nullable: false,
        description: 'False where the task was final already; it stays as it was.',
      }),
      task: t.expose('task', { type: task, nullable: false, description: 'The task after the request.' }),
    }),
  });

  builder.mutationField('cancelTask', (t) =>
    t.field({
      type: payload,
      nullable: false,
      description:
        'Cancels a task: one that waits at once, one that runs as soon as its `run` heeds its signal. ' +
        'May be repeated. An id that is not there is the error `TASK_NOT_FOUND`.',
      extensions: needs('tasks:write', ['CANCEL']),
      args: {
        id: t.arg.id({ required: true, description: "The task's id." }),
        reason: t.arg.string({
          description: `Why, for whoever looks at the task later; up to ${maxReasonLength} characters.`,
        }),
      },
      resolve: (_, { id, reason }, { tasks, viewer }) =>
        tasks.cancel(id, { actor: viewer.owner, ...(reason ? { reason } : {}) }),
    }),
  );
}

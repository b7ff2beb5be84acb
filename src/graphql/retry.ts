import type { Task } from '../tasks/task.ts';
import { needs } from './access.ts';
import type { ApiBuilder } from './state.ts';
import type { TaskTypes } from './task.ts';

/** Adds `retryTask`. */
export function addRetry(builder: ApiBuilder, { task }: TaskTypes): void {
  const payload = builder.objectRef<{ accepted: boolean; task: Task }>('RetryTaskPayload').implement({
    description: 'What became of a request to retry.',
    fields: (t) => ({
      accepted: t.exposeBoolean('accepted', {
        nullable: false,
        description: 'False where the task has not ended yet or has succeeded; it stays as it was.',
      }),
      task: t.expose('task', { type: task, nullable: false, description: 'The task after the request.' }),
    }),
  });

  builder.mutationField('retryTask', (t) =>
    t.field({
      type: payload,
      nullable: false,
      description:
        'Puts a task that FAILED, was CANCELED or EXPIRED back, with the same id: attempts are counted on, their ' +
        'budget and its clocks begin anew. Subscribe after it, as what was subscribed before has ended. An id that ' +
        'is not there is the error `TASK_NOT_FOUND`; where its idempotency key has become ' +
        "another task's it is `IDEMPOTENCY_KEY_REUSED`.",
      extensions: needs('tasks:write'),
      args: { id: t.arg.id({ required: true, description: "The task's id." }) },
      resolve: (_, { id }, { tasks }) => tasks.retry(id),
    }),
  );
}

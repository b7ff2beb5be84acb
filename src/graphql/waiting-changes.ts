import { isoMs } from '../definition/duration-scalar.ts';
import { invalidArgument } from '../errors.ts';
import type { Task } from '../tasks/task.ts';
import { needs } from './access.ts';
import type { ApiBuilder } from './state.ts';
import type { TaskTypes } from './task.ts';

/** Adds `rescheduleTask` and `reprioritizeTask`. */
export function addWaitingChanges(builder: ApiBuilder, { task }: TaskTypes): void {
  const payload = (name: string, description: string, refused: string) =>
    builder.objectRef<{ accepted: boolean; task: Task }>(name).implement({
      description,
      fields: (t) => ({
        accepted: t.exposeBoolean('accepted', { nullable: false, description: refused }),
        task: t.expose('task', { type: task, nullable: false, description: 'The task after the request.' }),
      }),
    });
  const rescheduled = payload(
    'RescheduleTaskPayload',
    'What became of a request to give a task another time.',
    'False where the task waits for no time; it stays as it was.',
  );
  const reprioritized = payload(
    'ReprioritizeTaskPayload',
    'What became of a request to give a task another priority.',
    'False where the task was final already; it stays as it was.',
  );

  builder.mutationFields((t) => {
    const id = t.arg.id({ required: true, description: "The task's id." });
    return {
      rescheduleTask: t.field({
        type: rescheduled,
        nullable: false,
        description:
          'Gives a task that is SCHEDULED or RETRYING another time; one that has passed is now. An id that is not ' +
          'there is the error `TASK_NOT_FOUND`.',
        extensions: needs('tasks:write'),
        args: {
          id,
          runAt: t.arg({ type: 'DateTimeISO', description: 'When it may begin. Either this or `delay`.' }),
          delay: t.arg({ type: 'Duration', description: 'How long from now until it may begin.' }),
        },
        resolve: (_, { id, runAt, delay }, { tasks }) => tasks.reschedule(id, timeOf(runAt, delay)),
      }),
      reprioritizeTask: t.field({
        type: reprioritized,
        nullable: false,
        description:
          'Gives a task another priority: at once where it waits, else from its next attempt on. An id that is not ' +
          'there is the error `TASK_NOT_FOUND`.',
        extensions: needs('tasks:write'),
        args: {
          id,
          priority: t.arg.int({ required: true, description: 'Seconds of head start, -600 to 600.' }),
        },
        resolve: (_, { id, priority }, { tasks }) => tasks.prioritize(id, priority),
      }),
    };
  });
}

/** @throws BadUserInputError unless exactly one of the two is there and can be used */
function timeOf(runAt: Date | null | undefined, delay: string | null | undefined): Date {
  const given = [runAt, delay].filter((value) => value !== null && value !== undefined);
  if (given.length !== 1) throw invalidArgument('runAt', 'Expected either `runAt` or `delay`.');
  if (runAt) return runAt;
  const ms = isoMs(delay ?? '');
  // A scalar passes on ISO 8601, which may not be what the client wrote.
  if (ms === undefined)
    throw invalidArgument('delay', `Expected a time without years and months; got ${delay}.`);
  return new Date(Date.now() + ms);
}

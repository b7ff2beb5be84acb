import { hasScope } from '../auth/viewer.ts';
import { isFinal, type Task } from '../tasks/task.ts';
import type { TaskWait, TaskWaitReason } from '../tasks/task-wait.ts';
import type { Context } from './context.ts';
import { costs } from './cost.ts';
import { type ApiBuilder, date, described } from './state.ts';
import type { TaskTypes } from './task.ts';

/** Adds what a task waits for. */
export function addTaskWaits(builder: ApiBuilder, { task }: TaskTypes): void {
  const reason = builder.enumType('TaskWaitReason', {
    description: 'Why a task waits. The list may grow: `TaskWait.message` says it for people.',
    values: described(reasons),
  });
  const wait = builder.objectRef<TaskWait>('TaskWait').implement({
    description: 'One thing that a task waits for.',
    fields: (t) => ({
      reason: t.expose('reason', { type: reason, nullable: false, description: 'What it is, to decide by.' }),
      message: t.string({
        nullable: false,
        description:
          'The same for people: a sentence with figures. Who has paused something, why, and how many slots there are is ' +
          'told to viewers with the scope `queues:manage`.',
        resolve: ({ message, operatorMessage }, _, { viewer }) =>
          hasScope(viewer, 'queues:manage') ? (operatorMessage ?? message) : message,
      }),
      until: t.field({
        type: 'DateTimeISO',
        nullable: true,
        description: 'When it may be over, at the earliest; null where that is not known.',
        resolve: ({ until }) => date(until),
      }),
    }),
  });
  builder.interfaceField(task, 'waitsFor', (t) =>
    t.field({
      type: [wait],
      nullable: false,
      description:
        'Why it does not run: all that holds it up at the moment at which its state is told, the first thing to look at ' +
        'first. Of a task that runs: that it waits for its children. Empty where it does not wait. Live in a subscription to ' +
        'the task: that a queue is paused, say, is no change of the task, and still told.',
      extensions: costs({ points: 2, size: 1 }),
      resolve: waitsOf,
    }),
  );
}

async function waitsOf(task: Task, _: unknown, { tasks }: Context): Promise<readonly TaskWait[]> {
  if (isFinal(task.status) || task.status === 'CANCELING') return [];
  const { waits } = await tasks.standing(task);
  // The look may be newer than the state that is told.
  const isRunning = task.status === 'RUNNING';
  return waits.filter(({ reason }) => (reason === 'CHILDREN') === isRunning);
}

const reasons: Record<TaskWaitReason, string> = {
  SCHEDULED: 'It is not due yet: it was enqueued with a delay or a time, or is debounced.',
  RETRY_BACKOFF: 'An attempt failed, and the next one is not due yet.',
  QUEUE_PAUSED: 'Its queue is paused: by `resumeQueue` it goes on.',
  DEFINITION_PAUSED: 'Its definition is paused.',
  NO_WORKER: 'No live worker serves its definition in its version.',
  QUEUE_LIMIT: 'As many of its queue run as may.',
  DEFINITION_LIMIT: 'As many of its definition run as may.',
  KEY_LIMIT: 'As many run as may with its limit key.',
  RATE_LIMIT: 'The rate of its queue, its definition or its key allows no start now.',
  WORKER_LIMIT: 'Each worker that has a free slot runs as many of its definition as one worker may.',
  SUSPECT: 'It was with a worker that was lost, and runs beside few of its kind.',
  WORKERS_BUSY: 'All slots that serve it are taken.',
  STARTING: 'A free slot is about to take it, or what is before it.',
  CHILDREN: 'Its run waits for its children, and has lent its slot.',
};

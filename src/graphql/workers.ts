import { maxReasonLength } from '../tasks/reason.ts';
import type { WorkerList } from '../tasks/workers.ts';
import type { WorkerState } from '../tasks/worker-state.ts';
import { needs } from './access.ts';
import { costs } from './cost.ts';
import { actOf } from './queue-control.ts';
import { sharedStates } from './shared-states.ts';
import type { ApiBuilder } from './state.ts';
import { openStartedStream } from './stream.ts';
import type { WorkerTypes } from './worker.ts';

/** Adds the fields that read, follow and drain workers. */
export function addWorkers(builder: ApiBuilder, { worker }: WorkerTypes): void {
  builder.queryFields((t) => ({
    workers: t.field({
      type: [worker],
      nullable: { list: false, items: false },
      description: 'All workers that have a lease, by id; of each queue 200 at most.',
      extensions: { ...needs('queues:manage'), ...costs({ points: 1 }) },
      resolve: (_, _args, { tasks }) => tasks.workers.list(),
    }),
    worker: t.field({
      type: worker,
      nullable: true,
      description: 'A worker as it is now; null where none with a lease has this id.',
      extensions: { ...needs('queues:manage'), ...costs({ points: 5 }) },
      args: { id: t.arg.id({ required: true, description: "The worker's id." }) },
      resolve: (_, { id }, { tasks }) => tasks.workers.get(id),
    }),
  }));

  builder.subscriptionField('workersUpdated', (t) =>
    t.field({
      type: [worker],
      nullable: { list: false, items: false },
      description:
        'All workers as they are now, then again after changes, at most once a second: one has come or gone, was drained or ' +
        'resumed, took or ended a task, or renewed its lease. Ends only with the connection.',
      extensions: {
        ...needs('queues:manage'),
        ...costs({ points: 1 }),
        ...sharedStates<WorkerList>(
          ({ at }) => at,
          () => 'workers',
        ),
      },
      subscribe: (_, _args, { tasks, signal }) =>
        openStartedStream((signal) => tasks.workers.watch({ signal }), signal),
      resolve: ({ workers }) => workers,
    }),
  );

  const payload = (name: string, description: string) =>
    builder.objectRef<{ worker: WorkerState }>(name).implement({
      description,
      fields: (t) => ({
        worker: t.expose('worker', {
          type: worker,
          nullable: false,
          description: 'The worker after the request.',
        }),
      }),
    });
  const drained = payload('DrainWorkerPayload', 'What became of a request to drain a worker.');
  const resumed = payload('ResumeWorkerPayload', 'What became of a request to resume a worker.');

  builder.mutationFields((t) => {
    const id = t.arg.id({ required: true, description: "The worker's id." });
    const unknown = 'An id that no worker with a lease has is the error `WORKER_NOT_FOUND`.';
    return {
      drainWorker: t.field({
        type: drained,
        nullable: false,
        description:
          'Lets a worker take nothing more, of any queue, until it is resumed or its process ends: it finishes what it runs, and ' +
          `stays. What it would have taken is left to others. ${unknown}`,
        extensions: needs('queues:manage'),
        args: {
          id,
          reason: t.arg.string({
            description: `Why, for whoever looks at the worker later; up to ${maxReasonLength} characters.`,
          }),
        },
        resolve: async (_, { id, reason }, context) => ({
          worker: await context.tasks.workers.drain(id, actOf(reason, context)),
        }),
      }),
      resumeWorker: t.field({
        type: resumed,
        nullable: false,
        description: `Lets a worker that was drained take tasks again. ${unknown}`,
        extensions: needs('queues:manage'),
        args: { id },
        resolve: async (_, { id }, { tasks }) => ({ worker: await tasks.workers.resume(id) }),
      }),
    };
  });
}

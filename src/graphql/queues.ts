import type { Queue } from '../tasks/queue.ts';
import { needs } from './access.ts';
import { costs } from './cost.ts';
import type { QueueTypes } from './queue.ts';
import { sharedStates } from './shared-states.ts';
import type { ApiBuilder } from './state.ts';
import { openStartedStream } from './stream.ts';

/** Adds the fields that read and follow queues. */
export function addQueues(builder: ApiBuilder, { queue }: QueueTypes): void {
  builder.queryField('queues', (t) =>
    t.field({
      type: [queue],
      nullable: { list: false, items: false },
      description: 'All queues that any process has served or filled, by name.',
      extensions: { ...needs('queues:manage'), ...costs({ points: 5 }) },
      resolve: (_, _args, { tasks }) => tasks.queues.list(),
    }),
  );

  builder.queryField('queue', (t) =>
    t.field({
      type: queue,
      nullable: true,
      description: 'A queue as it is now; null where no process has ever had a definition for it.',
      extensions: { ...needs('queues:manage'), ...costs({ points: 5 }) },
      args: { name: t.arg.string({ required: true, description: "The queue's name." }) },
      resolve: (_, { name }, { tasks }) => tasks.queues.get(name),
    }),
  );

  builder.subscriptionField('queueUpdated', (t) =>
    t.field({
      type: queue,
      nullable: false,
      description:
        'The queue as it is now, then again after changes, at most about twice a second. That ages and rates go on is ' +
        'no change, nor that a worker comes or goes. Ends only with the connection. A name that nobody knows is the ' +
        'error `QUEUE_NOT_FOUND`.',
      extensions: {
        ...needs('queues:manage'),
        ...costs({ points: 5 }),
        ...sharedStates<Queue>(
          ({ at }) => at,
          ({ name }) => name,
        ),
      },
      args: { name: t.arg.string({ required: true, description: "The queue's name." }) },
      subscribe: (_, { name }, { tasks, signal }) =>
        openStartedStream((signal) => tasks.queues.watch(name, { signal }), signal),
      resolve: (queue) => queue,
    }),
  );

  builder.subscriptionField('queuesUpdated', (t) =>
    t.field({
      type: [queue],
      nullable: { list: false, items: false },
      description:
        'All queues by name, then each time those that have changed or are new, at most about twice a second: what has ' +
        'the same `name` takes the place of what was there. Rates are told as well, every few seconds until they are ' +
        'zero. Ends only with the connection.',
      extensions: { ...needs('queues:manage'), ...costs({ points: 5 }) },
      subscribe: (_, _args, { tasks, signal }) =>
        openStartedStream((signal) => tasks.queues.watchAll({ signal }), signal),
      resolve: (queues) => queues,
    }),
  );
}

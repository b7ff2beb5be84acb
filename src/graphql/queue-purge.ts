import { purgeSize } from '../tasks/queues.ts';
import type { Queue } from '../tasks/queue.ts';
import { maxReasonLength } from '../tasks/reason.ts';
import { needs } from './access.ts';
import { costs } from './cost.ts';
import { actOf } from './queue-control.ts';
import type { QueueTypes } from './queue.ts';
import type { ApiBuilder } from './state.ts';

/** Adds `purgeQueue`. */
export function addQueuePurge(builder: ApiBuilder, { queue }: QueueTypes): void {
  interface Payload {
    readonly canceled: number;
    readonly left: number;
    readonly queue: Queue;
  }
  const payload = builder.objectRef<Payload>('PurgeQueuePayload').implement({
    description: 'What became of a request to empty a queue.',
    fields: (t) => ({
      canceledCount: t.expose('canceled', {
        type: 'NonNegativeInt',
        nullable: false,
        description: 'How many tasks were canceled; 0 of a dry run.',
      }),
      leftCount: t.expose('left', {
        type: 'NonNegativeInt',
        nullable: false,
        description:
          'How many tasks still wait: those that came meanwhile, and those beyond what one call cancels. Of a dry run ' +
          'all that it would be for.',
      }),
      queue: t.expose('queue', { type: queue, nullable: false, description: 'The queue after the request.' }),
    }),
  });
  builder.mutationField('purgeQueue', (t) =>
    t.field({
      type: payload,
      nullable: false,
      description:
        'Cancels the tasks of a queue that have not begun or wait for their next attempt, oldest first, at most ' +
        `${purgeSize} in a call. What runs goes on. A name that nobody knows is the error \`QUEUE_NOT_FOUND\`.`,
      // Up to ten thousand tasks.
      extensions: { ...needs('queues:manage'), ...costs({ points: 100 }) },
      args: {
        name: t.arg.string({ required: true, description: "The queue's name." }),
        definition: t.arg.string({ description: 'Only those of this definition.' }),
        dryRun: t.arg.boolean({ defaultValue: false, description: 'Only counts: nothing changes.' }),
        reason: t.arg.string({
          description: `Why, for whoever looks at the tasks later; up to ${maxReasonLength} characters.`,
        }),
      },
      resolve: async (_, { name, definition, dryRun, reason }, context) => {
        const { queues } = context.tasks;
        const options = { definition: definition ?? undefined, dryRun: dryRun ?? false };
        const purged = await queues.purge(name, { ...actOf(reason, context), ...options });
        // It was there a moment ago, and is never taken away.
        const queue = await queues.get(name);
        if (queue === undefined) throw new Error(`the queue ${name} is gone`);
        return { ...purged, queue };
      },
    }),
  );
}

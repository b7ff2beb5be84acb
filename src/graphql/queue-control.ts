import type { Queue } from '../tasks/queue.ts';
import { maxReasonLength } from '../tasks/reason.ts';
import { needs } from './access.ts';
import type { Context } from './context.ts';
import type { QueueTypes } from './queue.ts';
import type { ApiBuilder } from './state.ts';

/** Adds what pauses and drains queues and definitions: kept over restarts, until it is taken back. */
export function addQueueControl(builder: ApiBuilder, { queue }: QueueTypes): void {
  const payload = queuePayload(builder, queue);
  const paused = payload('PauseQueuePayload', 'What became of a request to pause a queue.');
  const resumed = payload('ResumeQueuePayload', 'What became of a request to resume a queue.');
  const drained = payload('DrainQueuePayload', 'What became of a request to drain a queue.');
  const pausedOne = payload('PauseDefinitionPayload', 'What became of a request to pause a definition.');
  const resumedOne = payload('ResumeDefinitionPayload', 'What became of a request to resume a definition.');

  builder.mutationFields((t) => {
    const name = t.arg.string({ required: true, description: "The queue's name." });
    const definition = t.arg.string({ required: true, description: "The definition's name." });
    const reason = t.arg.string({
      description: `Why, for whoever looks at the queue later; up to ${maxReasonLength} characters.`,
    });
    const unknown = 'A name that nobody knows is the error `QUEUE_NOT_FOUND`.';
    return {
      pauseQueue: t.field({
        type: paused,
        nullable: false,
        description: `Lets nothing of a queue begin, in any worker, until it is resumed: what runs goes on, and new tasks are taken. ${unknown}`,
        extensions: needs('queues:manage'),
        args: { name, reason },
        resolve: async (_, { name, reason }, context) => ({
          queue: await context.tasks.queues.pause(name, actOf(reason, context)),
        }),
      }),
      resumeQueue: t.field({
        type: resumed,
        nullable: false,
        description: `Ends a pause and a drain of a queue. Definitions that are paused by themselves stay so. ${unknown}`,
        extensions: needs('queues:manage'),
        args: { name },
        resolve: async (_, { name }, { tasks }) => ({ queue: await tasks.queues.resume(name) }),
      }),
      drainQueue: t.field({
        type: drained,
        nullable: false,
        description:
          'Lets a queue take no new tasks until it is resumed: they are refused with `QUEUE_DRAINING`. Those that are ' +
          `there are worked off, retries included. ${unknown}`,
        extensions: needs('queues:manage'),
        args: { name, reason },
        resolve: async (_, { name, reason }, context) => ({
          queue: await context.tasks.queues.drain(name, actOf(reason, context)),
        }),
      }),
      pauseDefinition: t.field({
        type: pausedOne,
        nullable: false,
        description: 'Lets nothing of one definition begin, in any worker, until it is resumed.',
        extensions: needs('queues:manage'),
        args: { name: definition, reason },
        resolve: async (_, { name, reason }, context) => ({
          queue: await context.tasks.queues.pauseDefinition(name, actOf(reason, context)),
        }),
      }),
      resumeDefinition: t.field({
        type: resumedOne,
        nullable: false,
        description: 'Ends the pause of a definition. It does not begin while its queue is paused.',
        extensions: needs('queues:manage'),
        args: { name: definition },
        resolve: async (_, { name }, { tasks }) => ({ queue: await tasks.queues.resumeDefinition(name) }),
      }),
    };
  });
}

/** Makes what adds a payload that shows the queue after the request. */
export function queuePayload(builder: ApiBuilder, queue: QueueTypes['queue']) {
  return (name: string, description: string) =>
    builder.objectRef<{ queue: Queue }>(name).implement({
      description,
      fields: (t) => ({
        queue: t.expose('queue', {
          type: queue,
          nullable: false,
          description: 'The queue after the request.',
        }),
      }),
    });
}

/** Who does something to a queue, and why. */
export function actOf(reason: string | null | undefined, { viewer }: Context) {
  return { actor: viewer.owner, ...(reason ? { reason } : {}) };
}

import { isoMs } from '../definition/duration-scalar.ts';
import { invalidArgument } from '../errors.ts';
import type { QueueLimits } from '../tasks/queues.ts';
import { needs } from './access.ts';
import { queuePayload } from './queue-control.ts';
import type { QueueTypes } from './queue.ts';
import type { ApiBuilder } from './state.ts';

/** Adds `updateQueue`. */
export function addQueueLimits(builder: ApiBuilder, { queue }: QueueTypes): void {
  const updated = queuePayload(builder, queue)(
    'UpdateQueuePayload',
    'What became of a request to limit a queue.',
  );
  const rateInput = builder.inputType('LimitRateInput', {
    description:
      'How many tasks may start: a bucket of `burst` starts that is refilled evenly, `count` in each `per`.',
    fields: (t) => ({
      count: t.int({ required: true, description: 'So many starts …' }),
      per: t.field({ type: 'Duration', required: true, description: '… in each such time.' }),
      burst: t.int({ description: 'So many at once after a rest. As many as `count` unless given.' }),
    }),
  });
  const limitInput = builder.inputType('QueueLimitInput', {
    description: 'How much of a queue may run across all workers. At least one of the two.',
    fields: (t) => ({
      concurrency: t.int({ description: 'How many tasks may run side by side.' }),
      rate: t.field({ type: rateInput, description: 'How many tasks may start.' }),
    }),
  });
  builder.mutationField('updateQueue', (t) =>
    t.field({
      type: updated,
      nullable: false,
      description:
        'Says how much of a queue may run and wait, beside the limits of its definitions. What is left out stays as it ' +
        'is, null takes it away. A name that nobody knows is the error `QUEUE_NOT_FOUND`.',
      extensions: needs('queues:manage'),
      args: {
        name: t.arg.string({ required: true, description: "The queue's name." }),
        limit: t.arg({ type: limitInput, description: 'How much may run across all workers.' }),
        maxWaiting: t.arg.int({
          description: 'How many tasks may be QUEUED or SCHEDULED; another one is refused with `QUEUE_FULL`.',
        }),
      },
      resolve: async (_, { name, limit, maxWaiting }, { tasks }) => {
        const limits = {
          ...(limit === undefined ? {} : { limit: limit === null ? null : limitOf(limit) }),
          ...(maxWaiting === undefined ? {} : { maxWaiting }),
        };
        return { queue: await tasks.queues.setLimits(name, limits) };
      },
    }),
  );
}

interface LimitInput {
  readonly concurrency?: number | null | undefined;
  readonly rate?:
    | { readonly count: number; readonly per: string; readonly burst?: number | null | undefined }
    | null
    | undefined;
}

function limitOf({ concurrency, rate }: LimitInput): NonNullable<QueueLimits['limit']> {
  return {
    ...(typeof concurrency === 'number' ? { concurrency } : {}),
    ...(rate
      ? { rate: { count: rate.count, perMs: perMsOf(rate.per), burst: rate.burst ?? rate.count } }
      : {}),
  };
}

function perMsOf(per: string): number {
  const ms = isoMs(per);
  if (ms !== undefined) return ms;
  // A scalar passes on ISO 8601, which may not be what the client wrote.
  throw invalidArgument('limit.rate.per', `Expected '1ms' to '30d', without years and months; got ${per}.`);
}

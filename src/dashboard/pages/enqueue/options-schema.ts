import type { Schema } from '../../parts/schema-form/shape.ts';

/** The options of a task that a person sets, as the form takes them; the API's own are in `TaskOptions`. */
export const optionsSchema: Schema = {
  title: 'TaskOptions',
  type: 'object',
  properties: {
    delay: {
      type: ['string', 'null'],
      title: 'Duration',
      format: 'duration',
      description: 'How long it waits before it may begin: `30s`, `15m`, `2h`, `7d`. Either this or `runAt`.',
    },
    runAt: {
      type: ['string', 'null'],
      title: 'DateTimeISO',
      format: 'date-time',
      description: 'When it may begin.',
    },
    priority: {
      type: ['integer', 'null'],
      title: 'Int',
      minimum: -600,
      maximum: 600,
      description: 'Seconds of head start: with 60 it goes before what was enqueued up to a minute earlier.',
    },
    tags: {
      type: ['array', 'null'],
      items: { type: 'string', minLength: 1, maxLength: 64 },
      description: 'Words to filter lists by.',
    },
    idempotencyKey: {
      type: ['string', 'null'],
      title: 'String',
      minLength: 1,
      maxLength: 256,
      description: 'Yours to choose: the same key with the same input gives the same task, not another one.',
    },
  },
  additionalProperties: false,
};

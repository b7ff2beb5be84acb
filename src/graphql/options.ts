import { maxKeyLength } from '../tasks/idempotency.ts';
import { maxTagLength, maxTags } from '../tasks/tags.ts';
import type { EnqueueOptions } from '../tasks/tasks.ts';
import type { Context } from './context.ts';
import type { ApiBuilder } from './state.ts';

/** Adds the input of the options that every enqueuing mutation takes. */
export function addOptions(builder: ApiBuilder) {
  return builder.inputType('TaskOptions', {
    description: 'How a task is enqueued. Everything has a default.',
    fields: (t) => ({
      tags: t.stringList({
        description: `Up to ${maxTags} words of up to ${maxTagLength} characters each, to filter lists by.`,
      }),
      idempotencyKey: t.string({
        description:
          `Up to ${maxKeyLength} characters, yours to choose: the same key gives the same task, so that a request ` +
          'whose answer got lost can be sent again. With another input it is the error `IDEMPOTENCY_KEY_REUSED`. ' +
          'It holds for a day, for one definition, and is free again once the task has FAILED or EXPIRED.',
      }),
    }),
  });
}

/** The ref of `TaskOptions`. */
export type OptionsType = ReturnType<typeof addOptions>;

/** The options as the store knows them. */
export function optionsOf(
  input: OptionsType['$inferInput'] | null | undefined,
  { viewer, trace }: Context,
): EnqueueOptions {
  return {
    owner: viewer.owner,
    tags: input?.tags ?? [],
    ...(trace === undefined ? {} : { trace }),
    ...(typeof input?.idempotencyKey === 'string' ? { idempotencyKey: input.idempotencyKey } : {}),
  };
}

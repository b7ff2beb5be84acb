import { isoMs } from '../definition/duration-scalar.ts';
import { invalidArgument } from '../errors.ts';
import { keyLengthIssue, longestKeyMs, maxKeyLength, shortestKeyMs } from '../tasks/idempotency.ts';
import { checkTags, maxTagLength, maxTags } from '../tasks/tags.ts';
import type { EnqueueOptions } from '../tasks/draft.ts';
import type { Context } from './context.ts';
import { keyHeader } from './idempotency-header.ts';
import type { ApiBuilder } from './state.ts';
import { maxWaitMs } from './wait.ts';

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
          'whose answer got lost can be sent again. With another input, or for a replay of another task, it is the error `IDEMPOTENCY_KEY_REUSED`. ' +
          'It holds for one definition, and is free again once the task has FAILED or EXPIRED. Over HTTP the header ' +
          `\`${keyHeader}\` does the same for an operation with one field that enqueues.`,
      }),
      idempotencyKeyTtl: t.field({
        type: 'Duration',
        description:
          'How long the key holds, `1ms` to `30d`, but never longer than the task is kept. A day unless given.',
      }),
      delay: t.field({
        type: 'Duration',
        description: 'How long it waits before it may begin, up to ten years: until then it is SCHEDULED.',
      }),
      runAt: t.field({
        type: 'DateTimeISO',
        description: 'When it may begin; a time that has passed is now. Either this or `delay`.',
      }),
      priority: t.int({
        description:
          'Seconds of head start, -600 to 600: with 60 it goes before what was enqueued up to a minute earlier, so ' +
          'that nothing waits for ever. Where tasks have the key of a limit it orders those of one key. 0 unless given.',
      }),
      wait: t.field({
        type: 'Duration',
        description:
          'For clients that cannot subscribe: answers when the task is final, or as it is after this time, `0s` to ' +
          `\`${maxWaitMs / 60_000}m\`. Keep it below the time-outs of whatever lies between client and API. The task goes on in either case.`,
      }),
    }),
  });
}

/** The ref of `TaskOptions`. */
export type OptionsType = ReturnType<typeof addOptions>;

/** What a client sent as `TaskOptions`. */
export type OptionsInput = OptionsType['$inferInput'] | null | undefined;

/**
 * The options as the store knows them.
 *
 * @throws BadUserInputError
 */
export function optionsOf(input: OptionsInput, context: Context): EnqueueOptions {
  const { viewer, trace, limits } = context;
  const key = keyOf(input, context);
  const keyMs = keyMsOf(input);
  const delayMs = delayMsOf(input);
  if (input?.tags) checkTags(input.tags);
  return {
    owner: viewer.owner,
    ...(input?.tags ? { tags: input.tags } : {}),
    ...(trace === undefined ? {} : { trace }),
    ...(limits === undefined ? {} : { limits }),
    ...(key === undefined ? {} : { idempotencyKey: key }),
    ...(keyMs === undefined ? {} : { idempotencyKeyMs: keyMs }),
    ...(delayMs === undefined ? {} : { delayMs }),
    ...(input?.runAt ? { runAt: input.runAt } : {}),
    ...(typeof input?.priority === 'number' ? { priority: input.priority } : {}),
  };
}

/** The key of the options or of the header, which must not differ. */
function keyOf(input: OptionsInput, { idempotencyKey: inHeader }: Context): string | undefined {
  const inOptions = input?.idempotencyKey ?? undefined;
  if (inOptions !== undefined && inHeader !== undefined && inOptions !== inHeader) {
    const message = `Expected the same key as in the header ${keyHeader}, or only one of the two.`;
    throw invalidArgument(optionPath, message);
  }
  const key = inOptions ?? inHeader;
  const issue = key === undefined ? undefined : keyLengthIssue(key);
  if (issue !== undefined) throw invalidArgument(inOptions === undefined ? keyHeader : optionPath, issue);
  return key;
}

const optionPath = 'options.idempotencyKey';

function keyMsOf(input: OptionsInput): number | undefined {
  const ttl = input?.idempotencyKeyTtl ?? undefined;
  if (ttl === undefined) return undefined;
  const ms = isoMs(ttl);
  if (ms !== undefined && ms >= shortestKeyMs && ms <= longestKeyMs) return ms;
  // A scalar passes on ISO 8601, which may not be what the client wrote.
  throw invalidArgument(
    'options.idempotencyKeyTtl',
    `Expected '1ms' to '30d', without years and months; got ${ttl}.`,
  );
}

function delayMsOf(input: OptionsInput): number | undefined {
  const delay = input?.delay ?? undefined;
  if (delay === undefined) return undefined;
  const ms = isoMs(delay);
  if (ms !== undefined) return ms;
  throw invalidArgument(
    'options.delay',
    `Expected a time without years and months, up to '3650d'; got ${delay}.`,
  );
}

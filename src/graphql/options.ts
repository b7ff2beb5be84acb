import { BadUserInputError, type Issue } from '../errors.ts';
import type { EnqueueOptions } from '../tasks/tasks.ts';
import type { Context } from './context.ts';
import type { ApiBuilder } from './state.ts';

const maxTags = 20;
const maxTagLength = 64;

/** Adds the input of the options that every enqueuing mutation takes. */
export function addOptions(builder: ApiBuilder) {
  return builder.inputType('TaskOptions', {
    description: 'How a task is enqueued. Everything has a default.',
    fields: (t) => ({
      tags: t.stringList({
        description: `Up to ${maxTags} words of up to ${maxTagLength} characters each, to filter lists by.`,
      }),
    }),
  });
}

/** The ref of `TaskOptions`. */
export type OptionsType = ReturnType<typeof addOptions>;

/**
 * The options as the store knows them. They are checked here, though the store checks them again, so that what
 * it says afterwards is about the input.
 *
 * @throws BadUserInputError
 */
export function optionsOf(
  input: OptionsType['$inferInput'] | null | undefined,
  { viewer, trace }: Context,
): EnqueueOptions {
  const tags = input?.tags ?? [];
  const issues: Issue[] = tags.flatMap((tag, index) =>
    isTag(tag)
      ? []
      : [
          {
            path: ['options', 'tags', index],
            message: `Expected 1 to ${maxTagLength} printable characters.`,
          },
        ],
  );
  if (tags.length > maxTags) {
    issues.push({
      path: ['options', 'tags'],
      message: `Expected at most ${maxTags} tags, got ${tags.length}.`,
    });
  }
  if (issues.length > 0) throw new BadUserInputError("The tags can't be used.", issues);
  return { owner: viewer.owner, tags, ...(trace === undefined ? {} : { trace }) };
}

function isTag(text: string): boolean {
  return text.length > 0 && text.length <= maxTagLength && !/\p{C}/u.test(text);
}

import { BadUserInputError, type Issue } from '../errors.ts';

/** A task has at most this many tags, of at most this many characters each: they are part of its small state. */
export const maxTags = 20;
export const maxTagLength = 64;

/** @throws BadUserInputError with each tag that can't be used */
export function checkTags(tags: readonly string[]): void {
  const path = ['options', 'tags'];
  const issues: Issue[] = [];
  for (const [index, tag] of tags.entries()) {
    // Control characters never reach a key, and a newline would split the list that the record keeps.
    if (tag.length > 0 && tag.length <= maxTagLength && !/\p{C}/u.test(tag)) continue;
    issues.push({ path: [...path, index], message: `Expected 1 to ${maxTagLength} printable characters.` });
  }
  if (tags.length > maxTags) {
    issues.push({ path, message: `Expected at most ${maxTags} tags, got ${tags.length}.` });
  }
  if (issues.length > 0) throw new BadUserInputError("The tags can't be used.", issues);
}

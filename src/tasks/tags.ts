import type { Issue } from '../errors.ts';

/** A task has at most this many tags, of at most this many characters each: they are part of its small state. */
export const maxTags = 20;
export const maxTagLength = 64;

/** What is wrong with a list of tags; paths start with an index. */
export function tagIssues(tags: readonly string[]): Issue[] {
  const issues: Issue[] = [];
  for (const [index, tag] of tags.entries()) {
    // Control characters never reach a key, and a newline would split the list that the record keeps.
    if (tag.length > 0 && tag.length <= maxTagLength && !/\p{C}/u.test(tag)) continue;
    issues.push({ path: [index], message: `Expected 1 to ${maxTagLength} printable characters.` });
  }
  if (tags.length > maxTags) {
    issues.push({ path: [], message: `Expected at most ${maxTags} tags, got ${tags.length}.` });
  }
  return issues;
}

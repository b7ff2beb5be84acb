import { createHash } from 'node:crypto';
import { BadUserInputError, type Issue } from '../errors.ts';
import type { StoreFilter } from './store-filter.ts';

/** A task has at most this many tags, of at most this many characters each: they are part of its small state. */
export const maxTags = 20;
export const maxTagLength = 64;

/** What a task is part of, beside the tags that users give. */
export type Belonging = 'parent' | 'batch' | 'schedule';

/** The tag by which all tasks of a parent, batch or schedule are found. Users' tags can't be one: they are printable. */
export function internalTag(kind: Belonging, id: string): string {
  return `\u0001${kind}:${id}`;
}

/**
 * The tag by which all tasks of an owner are found; none of those who haven't signed in, which are most or all where they
 * are any. A name may be long and of any characters: it is hashed, and short, as a record's fields are best below 64 bytes.
 */
export function ownerTag(owner: string): string | undefined {
  if (owner === 'anonymous') return undefined;
  return `\u0001o:${createHash('sha256').update(owner).digest('base64url').slice(0, 16)}`;
}

/** All tags that a record is indexed by, one a line. */
export function tagListOf({
  tags,
  owner,
  ...task
}: { readonly tags: readonly string[]; readonly owner: string } & {
  readonly [Kind in Belonging]?: string | undefined;
}): string {
  const internal = belongings.flatMap((kind) => {
    const id = task[kind];
    return id === undefined ? [] : [internalTag(kind, id)];
  });
  return [...tags, ...internal, ownerTag(owner) ?? []].flat().join('\n');
}

/**
 * The lists of tags that a filter asks for, each of them any of its members. Where there are owners the first one is read, and
 * it is asked for what it has whether the others have it, too. That of an owner goes before what others may have: how long a
 * look takes and where it ends then depends on the owner's own tasks.
 */
export function tagGroups({
  tags = [],
  parents = [],
  batches = [],
  schedules = [],
  owners = [],
  ownersFirst = false,
}: StoreFilter): string[][] {
  const lists = { parent: parents, batch: batches, schedule: schedules };
  const internal = belongings.map((kind) => lists[kind].map((id) => internalTag(kind, id)));
  const owned = ownerTags(owners);
  const ordered = ownersFirst ? [owned, ...internal] : [...internal, owned];
  return [...ordered, [...tags]].filter((group) => group.length > 0);
}

/** Whether tags find all that belongs to the owners of a filter; also where it asks for none. */
export function hasOwnerIndex({ owners = [] }: StoreFilter): boolean {
  return ownerTags(owners).length === owners.length;
}

/** None where an owner among them has no tag. */
function ownerTags(owners: readonly string[]): string[] {
  const tags = owners.map(ownerTag).filter((tag) => tag !== undefined);
  return tags.length === owners.length ? tags : [];
}

const belongings = ['parent', 'batch', 'schedule'] as const satisfies readonly Belonging[];

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

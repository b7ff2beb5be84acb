/** The longest name of an owner, in characters. */
export const maxOwnerLength = 200;

/** What is wrong with an owner's name, as a sentence; undefined where it is one. */
export function ownerIssue(owner: unknown): string | undefined {
  const expected = `Expected 1 to ${maxOwnerLength} characters, none of them a control character`;
  if (typeof owner !== 'string') return `${expected}; got ${owner === null ? 'null' : typeof owner}.`;
  if (owner.length > maxOwnerLength) return `${expected}; got ${owner.length} characters.`;
  if (owner.trim() === '') return `${expected}; got none.`;
  return /\p{Cc}/u.test(owner) || !owner.isWellFormed() ? `${expected}.` : undefined;
}

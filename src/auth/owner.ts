/** The longest name of an owner, in characters. */
export const maxOwnerLength = 200;

/** Whose is what was enqueued without a sign-in, and what the code's schedules make: nobody signs in as this one. */
export const openOwner = 'anonymous';

/** What is wrong with an owner's name, as a sentence; undefined where it is one. */
export function ownerIssue(owner: unknown): string | undefined {
  const expected = `Expected 1 to ${maxOwnerLength} characters, none of them a control character`;
  if (typeof owner !== 'string') return `${expected}; got ${owner === null ? 'null' : typeof owner}.`;
  if (owner.length > maxOwnerLength) return `${expected}; got ${owner.length} characters.`;
  if (owner.trim() === '') return `${expected}; got none.`;
  if (owner === openOwner) return `Expected another name than ${openOwner}: it is whoever has not signed in.`;
  return /\p{Cc}/u.test(owner) || !owner.isWellFormed() ? `${expected}.` : undefined;
}

import { BadUserInputError, type Issue } from '../errors.ts';
import { ownerIssue } from './owner.ts';
import { type Scope, scopes } from './viewer.ts';

/** What an API token is made of. */
export interface NewApiToken {
  readonly owner: string;
  /** At least one of `scopes`. */
  readonly scopes: readonly string[];
  /** What its maker calls it. @default '' */
  readonly name?: string | undefined;
  /** How long it holds, in ms; without, until it is revoked. */
  readonly expiresInMs?: number | undefined;
}

const maxNameLength = 100;
const [shortestMs, longestMs] = [1_000, 3_650 * 86_400_000];

/** The scopes that a new token has, if all that is said of it can be. @throws BadUserInputError */
export function checkNewApiToken({ owner, scopes: given, name = '', expiresInMs }: NewApiToken): Scope[] {
  const issues: Issue[] = [];
  const refuse = (field: string, message: string) => issues.push({ path: [field], message });
  const badOwner = ownerIssue(owner);
  if (badOwner !== undefined) refuse('owner', badOwner);
  const chosen = scopes.filter((scope) => given.includes(scope));
  const unknown = given.find((scope) => !scopes.some((known) => known === scope));
  if (unknown !== undefined) {
    refuse('scopes', `Expected some of ${scopes.join(', ')}; got '${unknown.slice(0, 100)}'.`);
  } else if (chosen.length === 0) refuse('scopes', `Expected at least one of ${scopes.join(', ')}.`);
  if (name.length > maxNameLength || /\p{Cc}/u.test(name)) {
    refuse('name', `Expected at most ${maxNameLength} characters, none of them a control character.`);
  }
  if (expiresInMs !== undefined && !(expiresInMs >= shortestMs && expiresInMs <= longestMs)) {
    refuse('expiresIn', "Expected '1s' to '3650d'.");
  }
  if (issues.length > 0) {
    const all = issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join(' ');
    throw new BadUserInputError(all, issues);
  }
  return chosen;
}

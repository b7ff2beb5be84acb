import { createHash } from 'node:crypto';
import { BadUserInputError } from '../errors.ts';
import type { Idempotency } from './store.ts';

/** The longest idempotency key, in characters. */
export const maxKeyLength = 256;

/** How long a key holds unless told otherwise: a day. */
export const defaultKeyMs = 86_400_000;

/**
 * What keeps a task from being enqueued twice. The key counts for one owner and one definition and is kept
 * hashed; what has to be the same is the wire input, whatever the order of its members.
 *
 * @throws BadUserInputError where the key is empty or too long
 */
export function idempotencyOf(
  key: string,
  keepMs: number,
  task: { readonly owner: string; readonly name: string; readonly input: unknown },
): Idempotency {
  if (key.length < 1 || key.length > maxKeyLength) {
    const message = `Expected 1 to ${maxKeyLength} characters, got ${key.length}.`;
    throw new BadUserInputError(`idempotencyKey: ${message}`, [
      { path: ['options', 'idempotencyKey'], message },
    ]);
  }
  return {
    key: hash(JSON.stringify([task.owner, task.name, key])),
    input: hash(JSON.stringify(sorted(task.input))),
    keepMs,
  };
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}

/** The same JSON with the members of all objects in one order. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return entries.map(([name, member]) => [name, sorted(member)]);
}

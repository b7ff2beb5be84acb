import { createHash } from 'node:crypto';
import { BadUserInputError } from '../errors.ts';
import type { Idempotency } from './new-task.ts';

/** The longest idempotency key, in characters. */
export const maxKeyLength = 256;

/** How long a key holds unless told otherwise: a day. */
export const defaultKeyMs = 86_400_000;

/** The bounds of what it may be told: a millisecond, and thirty days. */
export const shortestKeyMs = 1;
export const longestKeyMs = 30 * defaultKeyMs;

/** What is wrong with a key, if anything. */
export function keyLengthIssue(key: string): string | undefined {
  // Backend code may be JavaScript.
  if (typeof key !== 'string') return `Expected a text, got ${typeof key}.`;
  const { length } = key;
  if (length >= 1 && length <= maxKeyLength) return undefined;
  return `Expected 1 to ${maxKeyLength} characters, got ${length}.`;
}

/**
 * What keeps a task from being enqueued twice. The key counts for one owner and one definition and is kept
 * hashed; what has to be the same is the wire input, whatever the order of its members, and for a replay the
 * original, which by its own key would otherwise be taken for its replay.
 *
 * @throws BadUserInputError where the key is empty or too long, or holds for no time that it may
 */
export function idempotencyOf(
  key: string,
  keepMs: number,
  task: {
    readonly owner: string;
    readonly name: string;
    readonly input: unknown;
    readonly replayOf?: string | undefined;
  },
): Idempotency {
  const message = keyLengthIssue(key);
  if (message !== undefined) throw invalid('idempotencyKey', message);
  if (!(keepMs >= shortestKeyMs && keepMs <= longestKeyMs)) {
    throw invalid('idempotencyKeyMs', `Expected ${shortestKeyMs} to ${longestKeyMs}, got ${keepMs}.`);
  }
  return {
    key: hash(JSON.stringify([task.owner, task.name, key])),
    input: hash(JSON.stringify([sorted(task.input), task.replayOf])),
    keepMs: Math.round(keepMs),
  };
}

function invalid(option: string, message: string): BadUserInputError {
  return new BadUserInputError(`${option}: ${message}`, [{ path: ['options', option], message }]);
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}

/** The same JSON with the members of all objects in one order. */
export function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([name, member]) => [name, sorted(member)]));
}

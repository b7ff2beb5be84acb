import { ChildFailedError } from '../definition/child-failed.ts';
import { NonRetryableError } from '../definition/non-retryable.ts';
import { BadUserInputError, InvalidOutputError } from '../errors.ts';
import type { TaskFailure } from '../tasks/task.ts';
import { ThrownInThread } from './thrown.ts';

/** A failure's details and a progress' data may have this many bytes as JSON. */
export const detailBytes = 4_096;

const messageLength = 1_000;

/** What a thrown value tells clients: never a stack, never more than fits into the state. */
export function failureOf(error: unknown, attempt: number): TaskFailure {
  // Told where it was thrown: what crosses from a thread has lost its class.
  if (error instanceof ThrownInThread) return error.failure;
  try {
    const { code, retryable } = classify(error);
    const details = detailsOf(error);
    return {
      code,
      message: messageOf(error),
      retryable,
      attempt,
      ...(details === undefined ? {} : { details }),
    };
  } catch {
    // A thrown value may be anything, also one whose properties throw when they are read.
    return {
      code: 'ERROR',
      message: "The run threw something that can't be read.",
      retryable: true,
      attempt,
    };
  }
}

/** What a task ends by whose own outcome no script takes. */
export function outcomeRefused(attempt: number): TaskFailure {
  const message = 'The outcome of the attempt could not be written.';
  return { code: 'OUTCOME_REFUSED', message, retryable: false, attempt };
}

/**
 * When an error wants the next attempt, in ms from now. Its `retryAfter` is a number of seconds, a Date, or the text
 * of HTTP's header: seconds or a date (RFC 9110, 10.2.3).
 */
export function retryAfterMsOf(error: unknown): number | undefined {
  try {
    if (typeof error !== 'object' || error === null || !('retryAfter' in error)) return undefined;
    const ms = waitOf(error.retryAfter);
    return Number.isFinite(ms) ? Math.min(Math.max(0, Math.round(ms)), longestWaitMs) : undefined;
  } catch {
    return undefined;
  }
}

function waitOf(retryAfter: unknown): number {
  if (typeof retryAfter === 'number') return retryAfter * 1_000;
  if (typeof retryAfter === 'string') {
    const isSeconds = /^\s*\d+(\.\d+)?\s*$/.test(retryAfter);
    return isSeconds ? Number(retryAfter) * 1_000 : Date.parse(retryAfter) - Date.now();
  }
  return retryAfter instanceof Date ? retryAfter.getTime() - Date.now() : Number.NaN;
}

/** A year: what an error asks for isn't believed beyond that. */
const longestWaitMs = 365 * 86_400_000;

function classify(error: unknown): { code: string; retryable: boolean } {
  if (error instanceof BadUserInputError) return { code: 'INVALID_INPUT', retryable: false };
  if (error instanceof InvalidOutputError) return { code: error.code, retryable: false };
  if (error instanceof NonRetryableError) return { code: error.code, retryable: false };
  return { code: codeOf(error) ?? 'ERROR', retryable: true };
}

/** The code that an error carries, where it looks like one: `ECONNREFUSED`, `CARD_DECLINED`. */
function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  const { code } = error;
  return typeof code === 'string' && /^[A-Za-z][A-Za-z0-9_]{0,63}$/.test(code) ? code : undefined;
}

function messageOf(error: unknown): string {
  // Typed as a text, but what is thrown may be anything.
  const told: unknown =
    error instanceof Error ? error.message || error.name : `The run threw ${describe(error)}.`;
  const text = String(told);
  return text.length > messageLength ? `${text.slice(0, messageLength - 1)}…` : text;
}

function describe(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value.slice(0, 200)) : `a value of type ${typeof value}`;
}

function detailsOf(error: unknown): unknown {
  const details =
    error instanceof BadUserInputError
      ? error.issues
      : error instanceof NonRetryableError
        ? error.details
        : error instanceof ChildFailedError
          ? { id: error.childId, status: error.status, code: error.failure?.code }
          : undefined;
  if (details === undefined) return undefined;
  try {
    const json = JSON.stringify(details);
    if (Buffer.byteLength(json) <= detailBytes) return details;
    return { omitted: `details of ${Buffer.byteLength(json)} bytes, more than ${detailBytes}` };
  } catch {
    return { omitted: 'details that are not JSON' };
  }
}

import { UnavailableError } from '../errors.ts';
import { type Redis, whenReady } from './connection.ts';

/** A request gets its answer, or UNAVAILABLE, within a second. */
export const answerMs = 900;

/**
 * Bounds any wait for Redis.
 *
 * @throws UnavailableError where it is away, unwell or late
 */
export async function answerWithin<T>(redis: Redis, deadlineMs: number, call: () => Promise<T>): Promise<T> {
  const timeout = Promise.withResolvers<never>();
  const timer = setTimeout(() => timeout.reject(new Error(`no answer within ${deadlineMs} ms`)), deadlineMs);
  try {
    // A connection that is just being made gets a moment, so that a blip isn't an error.
    const ready = redis.status === 'ready';
    const answer = ready ? call() : whenReady(redis, AbortSignal.timeout(deadlineMs / 2)).then(call);
    // A late answer is nobody's: the caller was told that the store is away.
    answer.catch(() => undefined);
    return await Promise.race([answer, timeout.promise]);
  } catch (error) {
    throw isBug(error) ? error : new UnavailableError({ cause: error });
  } finally {
    clearTimeout(timer);
  }
}

/** True for an answer of Redis that says that our script is wrong, not that Redis is away or unwell. */
export function isBug(error: unknown): boolean {
  return error instanceof Error && error.name === 'ReplyError' && /^(ERR|WRONGTYPE)/.test(error.message);
}

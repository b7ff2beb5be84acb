import { UnavailableError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import { isBug } from '../redis/answer.ts';

/** Whether an error is a bug of ours: nothing that a store that is away or unwell makes, and nothing that passes by itself. */
export function isMistake(error: unknown): boolean {
  // A wait with a deadline takes whatever fails in it for the store's absence.
  if (error instanceof UnavailableError) return isMistake(error.cause);
  return isBug(error) || error instanceof TypeError;
}

/** Logs what failed and is tried again: for all to see where it is a bug of ours, as that won't pass. */
export function logFailure(logger: Logger, error: unknown, message: string, details: object = {}): void {
  logger[isMistake(error) ? 'error' : 'debug']({ err: error, ...details }, message);
}

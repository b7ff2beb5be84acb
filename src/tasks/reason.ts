import { BadUserInputError } from '../errors.ts';

/** The longest reason of a cancel or pause, in characters: it is part of published states, which stay small. */
export const maxReasonLength = 500;

/** @throws BadUserInputError where a reason is longer than that */
export function checkReason({ length }: string): void {
  if (length <= maxReasonLength) return;
  const message = `Expected at most ${maxReasonLength} characters, got ${length}.`;
  throw new BadUserInputError(`reason: ${message}`, [{ path: ['reason'], message }]);
}

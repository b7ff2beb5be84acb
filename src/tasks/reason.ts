import { invalidArgument } from '../errors.ts';

/** The longest reason of a cancel or pause, in characters: it is part of published states, which stay small. */
export const maxReasonLength = 500;

/** @throws BadUserInputError where a reason is longer than that */
export function checkReason({ length }: string): void {
  if (length <= maxReasonLength) return;
  throw invalidArgument('reason', `Expected at most ${maxReasonLength} characters, got ${length}.`);
}

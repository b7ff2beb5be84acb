import { invalidArgument } from '../errors.ts';

/** Checks how many somebody wants to be told at first. @throws BadUserInputError where that isn't 1 to `most` */
export function checkFirst(first: number, most: number): void {
  if (Number.isInteger(first) && first >= 1 && first <= most) return;
  throw invalidArgument('first', `Expected 1 to ${most}, got ${first}.`);
}

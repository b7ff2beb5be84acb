import type { Check } from './checks.ts';

/** How a check came out. What Redis doesn't tell is `unknown`, which is no failure. */
export type Mark = 'ok' | 'unknown' | 'warn' | 'FAIL';

/** What one check of the doctor found, and what to do about it where it isn't well. */
export interface Finding {
  readonly check: Check;
  /** Set for what is examined queue by queue. */
  readonly queue?: string;
  /** Set for what is wrong with the tasks of one definition. */
  readonly definition?: string;
  readonly mark: Mark;
  readonly found: string;
  readonly todo?: string;
}

/** A finding that says what to do unless it is fine. */
export function finding(check: Check, mark: Mark, found: string, todo?: string): Finding {
  return todo === undefined ? { check, mark, found } : { check, mark, found, todo };
}

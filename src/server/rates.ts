import type { Authenticator } from '../auth/authenticator.ts';
import { limitFailures } from '../auth/failures.ts';
import type { Rates } from '../redis/rates.ts';
import type { OwnerLimits } from '../tasks/owner-limits.ts';

/** How much may come, whichever API processes it comes to. Where there is no sign-in, all of it. */
export interface RateOptions {
  /** Enqueues a second of each owner, and how many at once after a rest. @default { perSecond: 50, burst: 1000 } */
  readonly enqueues?: { readonly perSecond: number; readonly burst: number } | false;
  /** Tasks of an owner that may wait, in all queues together. @default 10000 */
  readonly maxWaitingPerOwner?: number | false;
  /** Requests a minute of one address that show no valid credentials. @default 60 */
  readonly unauthenticated?: number | false;
}

/** What holds for each owner. */
export function ownerLimits(options: RateOptions = {}): OwnerLimits {
  const { enqueues = { perSecond: 50, burst: 1_000 }, maxWaitingPerOwner = 10_000 } = options;
  return {
    ...(enqueues === false
      ? {}
      : { rate: { count: enqueues.perSecond, perMs: 1_000, burst: enqueues.burst } }),
    ...(maxWaitingPerOwner === false ? {} : { maxWaiting: maxWaitingPerOwner }),
  };
}

/** The same authenticator, with a bound for those that it refuses. */
export function withFailureLimit(
  authenticator: Authenticator,
  rates: Rates,
  { unauthenticated = 60 }: RateOptions = {},
): Authenticator {
  if (unauthenticated === false) return authenticator;
  return limitFailures(authenticator, rates, {
    count: unauthenticated,
    perMs: 60_000,
    burst: unauthenticated,
  });
}

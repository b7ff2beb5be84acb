import type { RateOptions } from '../server/rates.ts';

/** The settings of how much may come. */
export interface RateSettings {
  readonly enqueueRate?: number | false;
  readonly enqueueBurst?: number;
  readonly maxWaitingPerOwner?: number | false;
  readonly unauthenticatedRate?: number | false;
}

/** The settings as the server takes them; what isn't given has the server's defaults. */
export function rateOptions(settings: RateSettings): RateOptions {
  const { enqueueRate = 50, enqueueBurst = 1_000, maxWaitingPerOwner, unauthenticatedRate } = settings;
  return {
    enqueues: enqueueRate === false ? false : { perSecond: enqueueRate, burst: enqueueBurst },
    ...(maxWaitingPerOwner === undefined ? {} : { maxWaitingPerOwner }),
    ...(unauthenticatedRate === undefined ? {} : { unauthenticated: unauthenticatedRate }),
  };
}

/** What happened in one minute. Durations are ISO 8601, as the API sends them. */
export interface Minute {
  /** When it began, in ms. */
  readonly time: number;
  readonly enqueued: number;
  readonly started: number;
  readonly attemptsFailed: number;
  readonly finished: {
    readonly succeeded: number;
    readonly failed: number;
    readonly canceled: number;
    readonly expired: number;
  };
  readonly wait: Spread;
  readonly run: Spread;
}

interface Spread {
  readonly count: number;
  readonly p50: string | null;
  readonly p95: string | null;
}

const minuteMs = 60_000;

/** The 60 minutes up to the one that began at `last`: those of which nothing is known are empty, older ones are left out. */
export function hourUpTo(last: number, known: ReadonlyMap<number, Minute>): readonly Minute[] {
  return Array.from({ length: 60 }, (_, index) => {
    const time = last - (59 - index) * minuteMs;
    return known.get(time) ?? { ...empty, time };
  });
}

/** The sum of something over minutes. */
export function total(minutes: readonly Minute[], of: (minute: Minute) => number): number {
  return minutes.reduce((sum, minute) => sum + of(minute), 0);
}

const nothing: Spread = { count: 0, p50: null, p95: null };

const empty = {
  enqueued: 0,
  started: 0,
  attemptsFailed: 0,
  finished: { succeeded: 0, failed: 0, canceled: 0, expired: 0 },
  wait: nothing,
  run: nothing,
};

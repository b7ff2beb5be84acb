import { ifObject, reportUnknown } from './option-checks.ts';
import { show } from './show.ts';
import { durationHint, parseDuration, type Duration } from './duration.ts';

/** How often and when a failed attempt is followed by another, as a definition writes it. */
export interface RetryOptions {
  /** Attempts in all, the first included. 1 means no retry. @default 3 */
  readonly attempts?: number;
  readonly backoff?: {
    /** The wait after the first attempt. @default '1s' */
    readonly initial?: Duration;
    /** Each wait is this many times the one before. @default 2 */
    readonly factor?: number;
    /** No wait is longer than this. @default '10m' */
    readonly max?: Duration;
    /** The share of a wait that is random, from 0 (none) to 1 ("full jitter": anywhere from 0 to the whole). @default 1 */
    readonly jitter?: number;
  };
}

/** `RetryOptions` with every default filled in. The store works out the waits (`backoff` in its scripts). */
export interface RetryPolicy {
  readonly attempts: number;
  readonly backoff: {
    readonly initialMs: number;
    readonly factor: number;
    readonly maxMs: number;
    readonly jitter: number;
  };
}

/** Fills in the defaults and reports what can't be used. */
export function normalizeRetry(options: RetryOptions, report: (problem: string) => void): RetryPolicy {
  reportUnknown('retry', options, ['attempts', 'backoff'], report);
  const { attempts = 3 } = options;
  const backoff = ifObject(options.backoff, 'retry.backoff', report) ?? {};
  reportUnknown('retry.backoff', backoff, ['initial', 'factor', 'max', 'jitter'], report);
  const { initial = '1s', factor = 2, max = '10m', jitter = 1 } = backoff;
  const initialMs = parseDuration(initial);
  const maxMs = parseDuration(max);
  if (!Number.isSafeInteger(attempts) || attempts < 1) {
    report(`retry.attempts must be a whole number of at least 1, not ${show(attempts)}`);
  }
  if (initialMs === undefined) report(`retry.backoff.initial must be ${durationHint}, not ${show(initial)}`);
  if (maxMs === undefined) report(`retry.backoff.max must be ${durationHint}, not ${show(max)}`);
  if (typeof factor !== 'number' || !(factor >= 1 && factor <= 100)) {
    report(`retry.backoff.factor must be a number from 1 to 100, not ${show(factor)}`);
  }
  if (typeof jitter !== 'number' || !(jitter >= 0 && jitter <= 1)) {
    report(`retry.backoff.jitter must be a number from 0 to 1, not ${show(jitter)}`);
  }
  if (
    initialMs !== undefined &&
    maxMs !== undefined &&
    initialMs > maxMs &&
    options.backoff?.max !== undefined
  ) {
    report(`retry.backoff.max must be at least as long as retry.backoff.initial, not ${show(max)}`);
  }
  return { attempts, backoff: { initialMs: initialMs ?? 0, factor, maxMs: maxMs ?? 0, jitter } };
}

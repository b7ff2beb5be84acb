/**
 * Why an attempt's signal fired: the task was canceled, its time was up, its token is void, or the worker
 * stops.
 */
export type AbortCode = 'CANCELED' | 'TIMED_OUT' | 'STALE' | 'STOPPING';

/** The reason of an attempt's `AbortSignal`. */
export class AttemptAbortedError extends Error {
  readonly code: AbortCode;

  constructor(code: AbortCode) {
    super(reasons[code]);
    this.name = 'AbortError';
    this.code = code;
  }
}

const reasons: Readonly<Record<AbortCode, string>> = {
  CANCELED: 'The task was canceled.',
  TIMED_OUT: "The attempt's time is up.",
  STALE: 'The task was taken from this worker, as its lease had run out.',
  STOPPING: 'The worker stops and gives the task back.',
};

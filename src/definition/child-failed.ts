/** Why a child failed, as its record has it. */
export interface ChildFailure {
  readonly code: string;
  readonly message: string;
  readonly retryable: boolean;
}

/** How a child ended that didn't succeed. */
export interface ChildEnd {
  readonly id: string;
  /** Undefined where its record is gone. */
  readonly status: 'FAILED' | 'CANCELED' | 'EXPIRED' | undefined;
  readonly failure: ChildFailure | undefined;
}

/**
 * A child task that was waited for ended without success. Left alone it fails the parent's attempt, which is tried
 * again as its definition says: children that have succeeded are found again, the others are enqueued anew.
 */
export class ChildFailedError extends Error {
  readonly code = 'CHILD_FAILED' as const;
  readonly childId: string;
  /** How it ended; undefined where its record is gone. */
  readonly status: ChildEnd['status'];
  /** Why it failed; `TASK_LOST` where its record is gone, undefined where it was canceled or has expired. */
  readonly failure: ChildFailure | undefined;

  constructor({ id, status, failure }: ChildEnd) {
    super(
      `The child task ${id} ${whatBecame(status)}${failure === undefined ? '.' : `: ${failure.message}`}`,
    );
    this.name = 'ChildFailedError';
    this.childId = id;
    this.status = status;
    this.failure = failure;
  }
}

function whatBecame(status: ChildEnd['status']): string {
  switch (status) {
    case 'FAILED':
      return 'failed';
    case 'CANCELED':
      return 'was canceled';
    case 'EXPIRED':
      return 'expired before it began';
    default:
      return 'is gone from the store';
  }
}

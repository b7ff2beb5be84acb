/**
 * Thrown by a `run` to say that trying again can't help: the task fails now, whatever attempts are left. The
 * message and `details` reach clients.
 *
 * Any other error is retried. Its `code` (if a string like `CARD_DECLINED`) becomes the failure's code, and its
 * `retryAfter` (seconds from now, a Date, or the text of HTTP's `Retry-After`) the time of the next attempt.
 *
 * @example throw new NonRetryableError('The card was declined.', { code: 'CARD_DECLINED' });
 */
export class NonRetryableError extends Error {
  /** The failure's code. @default 'NON_RETRYABLE' */
  readonly code: string;
  /** More for clients, anything JSON can hold, up to 4 KB. */
  readonly details: unknown;

  constructor(message: string, options: { code?: string; details?: unknown; cause?: unknown } = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.name = 'NonRetryableError';
    this.code = options.code ?? 'NON_RETRYABLE';
    this.details = options.details;
  }
}

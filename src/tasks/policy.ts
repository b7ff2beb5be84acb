import type { TaskDefinition } from '../definition/definition.ts';

/**
 * What a definition says of the life of its tasks. It is kept in each record, so that any process' clock can
 * act on it without knowing the definition. Times in ms.
 */
export interface Policy {
  /** Lost deliveries that are followed by another one. */
  readonly maxDeliveries: number;
  readonly keepSuccessMs: number;
  readonly keepFailureMs: number;
  /** Of its log and streams, from its end; never longer than the record is. */
  readonly keepLogsMs: number;
  readonly graceMs: number;
  readonly timeoutMs?: number;
  readonly deadlineMs?: number;
  readonly expiresInMs?: number;
  /** Attempts in all that may fail or time out. */
  readonly attempts: number;
  readonly initialMs: number;
  readonly factor: number;
  readonly maxMs: number;
  readonly jitter: number;
}

export function policyOf(definition: TaskDefinition): Policy {
  const { retry, retention, logs, maxDeliveries, graceMs, timeoutMs, deadlineMs, expiresInMs } = definition;
  return {
    maxDeliveries,
    keepSuccessMs: retention.successMs,
    keepFailureMs: retention.failureMs,
    keepLogsMs: logs.retentionMs,
    graceMs,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    ...(deadlineMs === undefined ? {} : { deadlineMs }),
    ...(expiresInMs === undefined ? {} : { expiresInMs }),
    attempts: retry.attempts,
    ...retry.backoff,
  };
}

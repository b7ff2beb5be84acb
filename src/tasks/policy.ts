import type { TaskDefinition } from '../definition/definition.ts';
import type { Secrets } from '../definition/secrets.ts';
import { queueOf, scheduleQueueOf } from './id.ts';
import { readPolicy } from './scripts/policy.ts';
import type { Store } from './store.ts';

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
  /** What a process hides that doesn't know the definition. */
  readonly secrets?: Secrets;
}

export function policyOf(definition: TaskDefinition, secrets: Secrets = noSecrets): Policy {
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
    ...(secrets.input.length + secrets.output.length === 0 ? {} : { secrets }),
  };
}

/** The secrets in a task, or in a schedule, as its record tells them: also of a definition that isn't known here. */
export async function storedSecrets(
  store: Store,
  { id, name }: { readonly id: string; readonly name: string },
): Promise<Secrets> {
  const queue = queueOf(id) ?? scheduleQueueOf(id);
  const json = queue === undefined ? null : await store.run(readPolicy, queue, [id, name]);
  if (typeof json !== 'string') return noSecrets;
  // As `policyOf` made it, here or in another process.
  const { secrets = noSecrets } = JSON.parse(json) as Partial<Policy>;
  return secrets;
}

const noSecrets: Secrets = { input: [], output: [] };

import { isoMs } from '../definition/duration-scalar.ts';
import { invalidArgument, UnavailableError } from '../errors.ts';
import { isFinal } from '../tasks/task.ts';
import type { EnqueuedTask } from '../tasks/draft.ts';
import type { Context } from './context.ts';

type WaitInput = { readonly wait?: string | null | undefined } | null | undefined;

/** The longest that a mutation waits for its task: what lies between would cut off much longer requests. */
export const maxWaitMs = 5 * 60_000;

/**
 * How long a mutation is to wait for the end of its task, in ms; undefined where it isn't.
 *
 * @throws BadUserInputError
 */
export function waitOf(options: WaitInput): number | undefined {
  const wait = options?.wait ?? undefined;
  if (wait === undefined) return undefined;
  const ms = isoMs(wait);
  if (ms !== undefined && ms >= 0 && ms <= maxWaitMs) return ms;
  throw invalidArgument('options.wait', `Expected '0s' to '${maxWaitMs / 60_000}m'; got ${wait}.`);
}

/**
 * For a mutation of many tasks, which can't wait for all of them.
 *
 * @throws BadUserInputError
 */
export function refuseWait(options: WaitInput): void {
  if (options?.wait === undefined || options.wait === null) return;
  throw invalidArgument('options.wait', 'Expected none: only a mutation of one task waits for it.');
}

/** The task once it is final, or as it is when the time is over, the client has gone or the API stops. */
export async function waited(
  task: EnqueuedTask,
  waitMs: number | undefined,
  context: Context,
): Promise<EnqueuedTask> {
  if (waitMs === undefined || isFinal(task.status)) return task;
  const { tasks, signal, closing } = context;
  const { deduplicated, debounced } = task;
  context.time.extend(waitMs);
  try {
    const ends = AbortSignal.any(signal === undefined ? [closing] : [signal, closing]);
    const options = { timeoutMs: waitMs, signal: ends };
    return { ...(await tasks.wait(task.id, options)), deduplicated, debounced };
  } catch (error) {
    // It was enqueued, which is what was asked for.
    if (error instanceof UnavailableError) return task;
    throw error;
  }
}

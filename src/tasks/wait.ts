import { TaskNotFoundError } from '../errors.ts';
import type { Store } from './store.ts';
import type { Task } from './task.ts';
import type { Watches } from './watches.ts';

/** How long somebody waits for a task's end. */
export interface WaitOptions {
  /** @default as long as it takes */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** A task once it has ended, or as it is when the time is over or the signal has fired. */
export async function waitForEnd(
  store: Store,
  watches: Watches<Task>,
  id: string,
  { timeoutMs, signal }: WaitOptions,
): Promise<Task> {
  const late = new AbortController();
  const timer = timeoutMs === undefined ? undefined : setTimeout(() => late.abort(), timeoutMs);
  const over = signal === undefined ? late.signal : AbortSignal.any([signal, late.signal]);
  let last: Task | undefined;
  try {
    for await (const task of watches.watch(id, { signal: over })) last = task;
  } finally {
    clearTimeout(timer);
  }
  // Over before the first look.
  last ??= await store.get(id);
  if (last === undefined) throw new TaskNotFoundError(id);
  return last;
}

import { TaskNotFoundError } from '../errors.ts';
import type { Store } from './store.ts';
import { isFinal, type Task } from './task.ts';
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
  if (last === undefined || !isFinal(last.status)) last = await asItIs(store, id, last);
  if (last === undefined) throw new TaskNotFoundError(id);
  return last;
}

/** The task now: the time was over before the first look, or what was told last is still on its way. */
async function asItIs(store: Store, id: string, last: Task | undefined): Promise<Task | undefined> {
  try {
    return (await store.get(id)) ?? last;
  } catch (error) {
    // What is known is an answer, too, where the store gives none.
    if (last === undefined) throw error;
    return last;
  }
}

import type { Delivery, Hint } from './delivery.ts';
import type { Task } from './task.ts';

/** Parses a state as the scripts join it. */
export function parseTask(state: string): Task {
  // The one place where the scripts' JSON becomes a Task: `state` in scripts/record.ts writes these fields.
  return JSON.parse(state) as Task;
}

/** What the channel of a queue's states tells: a task's new state, or the id of one whose record was removed. */
export function parseNews(message: string): { readonly task: Task } | { readonly removed: string } {
  return message.startsWith('-') ? { removed: message.slice(1) } : { task: parseTask(message) };
}

/** Parses the hints that a script promises. */
export function parseHints(values: readonly string[]): Hint[] {
  return chunks(values, 3).map(([hint = '', id = '', delivery = '']) => ({
    hint,
    id,
    delivery: Number(delivery),
  }));
}

/** Parses what `begin` and `finish` hand out. */
export function parseDelivery(reply: string | readonly string[]): Delivery | undefined {
  if (typeof reply === 'string') return undefined;
  const [, token = '', , state = '', input = '', timeoutMs = '', graceMs = '', suspect = ''] = reply;
  return {
    token,
    task: parseTask(state),
    input,
    timeoutMs: timeoutMs === '' ? undefined : Number(timeoutMs),
    graceMs: Number(graceMs),
    isSuspect: suspect !== '',
  };
}

/** The items in groups of a size. */
export function chunks<T>(items: readonly T[], size: number): T[][] {
  const count = Math.ceil(items.length / size);
  return Array.from({ length: count }, (_, index) => items.slice(index * size, (index + 1) * size));
}

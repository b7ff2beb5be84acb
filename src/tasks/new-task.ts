import {
  LimitReachedError,
  QueueDrainingError,
  QueueFullError,
  type TaskwireError,
  TooManyWaitingError,
} from '../errors.ts';
import { itemError } from './bundle.ts';
import type { Policy } from './policy.ts';
import { parseTask } from './replies.ts';
import { tagListOf } from './tags.ts';
import type { Task } from './task.ts';

/** What a new record holds. */
export interface NewTask extends WaitOptions {
  readonly id: string;
  readonly name: string;
  readonly definitionVersion: string;
  readonly owner: string;
  readonly tags: readonly string[];
  readonly parent?: string | undefined;
  readonly replayOf?: string | undefined;
  readonly trace?: string | undefined;
  /** Wire JSON, as text. */
  readonly input: string;
  readonly policy: Policy;
  readonly idempotency?: Idempotency | undefined;
}

/** When it may begin, before whom, and with whom it shares a limit or a place; all of it optional. Times in ms. */
export interface WaitOptions {
  readonly delayMs?: number | undefined;
  readonly runAt?: number | undefined;
  /** Seconds of head start. */
  readonly priority?: number | undefined;
  readonly limitKey?: string | undefined;
  /** The limits of its definition, as JSON, and the start of the process that says so. */
  readonly limits?: { readonly since: number; readonly rules: string } | undefined;
  readonly pending?: Pending | undefined;
  readonly batch?: string | undefined;
  readonly schedule?: string | undefined;
  /** Where its parent stood in the backlog (µs, as text): it stands there, too. */
  readonly standsAt?: string | undefined;
  /** Its key stands for the task that had it, also where that has FAILED or EXPIRED. */
  readonly resume?: boolean | undefined;
  readonly room?: OwnerRoom | undefined;
}

/** How many tasks of the owner may wait, and how many do in other queues. */
export interface OwnerRoom {
  readonly most: number;
  readonly elsewhere: number;
}

/** A key under which one task waits: debounced (D), or single (S). */
export interface Pending {
  readonly hash: string;
  readonly mode: 'D' | 'S';
  readonly waitMs?: number | undefined;
  readonly maxWaitMs?: number | undefined;
}

/** What keeps a task from being enqueued twice. */
export interface Idempotency {
  /** A hash of the key with whose and what it is. */
  readonly key: string;
  /** A hash of the input, which has to be the same. */
  readonly input: string;
  readonly keepMs: number;
}

/**
 * What became of a request to enqueue: the task is there already where its key was used for the same input before, or
 * where another one waits under its singleton key; where one waits under its debounce key, that one took the input.
 */
export interface Created {
  readonly status: 'CREATED' | 'WAS_THERE' | 'DEBOUNCED' | 'KEY_REUSED';
  readonly task: Task;
}

/** The same of one of many, of which each may be refused. */
export type CreateResult = Created | { readonly status: 'REFUSED'; readonly error: TaskwireError };

/** A task as the script `create` takes it: in the order of its `itemFields`. */
export function itemOf(task: NewTask): (string | number)[] {
  const { idempotency } = task;
  const json = (text: string | undefined) => (text === undefined ? '' : JSON.stringify(text));
  return [
    task.id,
    task.name,
    task.definitionVersion,
    JSON.stringify(task.owner),
    JSON.stringify(task.tags),
    tagListOf(task),
    json(task.parent),
    json(task.replayOf),
    json(task.trace),
    task.input,
    JSON.stringify(task.policy),
    idempotency?.key ?? '',
    idempotency?.input ?? '',
    idempotency?.keepMs ?? '',
    optionsJson(task),
  ];
}

/** Nothing where nothing is said, which spares the script to read it. */
function optionsJson(task: NewTask): string {
  const { delayMs, runAt, priority, limitKey, limits, pending, batch, schedule, standsAt, resume, room } =
    task;
  const json = JSON.stringify({
    delayMs,
    runAt,
    priority,
    limitKey,
    limits,
    pending,
    batch,
    schedule,
    standsAt,
    resume,
    room,
  });
  return json === '{}' ? '' : json;
}

/** What `enqueue` in the scripts answers for one item. @throws Error where it failed by the store, or by our script */
export function resultOf(queue: string, name: string, code: number, text: string): CreateResult {
  switch (code) {
    case -9:
      throw itemError(text);
    case -2:
      return { status: 'REFUSED', error: new QueueFullError(queue, Number(text)) };
    case -3:
      return { status: 'REFUSED', error: new QueueDrainingError(queue) };
    case -4:
      return {
        status: 'REFUSED',
        error: new LimitReachedError(name, text === '' ? undefined : Number(text)),
      };
    case -5:
      return { status: 'REFUSED', error: new TooManyWaitingError(Number(text)) };
    default: {
      const status =
        code === 1 ? 'CREATED' : code === 2 ? 'DEBOUNCED' : code === 0 ? 'WAS_THERE' : 'KEY_REUSED';
      return { status, task: parseTask(text) };
    }
  }
}

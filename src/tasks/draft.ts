import type { CompiledDefinition } from '../definition/types.ts';
import { BadUserInputError, IdempotencyKeyReusedError, type Issue } from '../errors.ts';
import { createId } from './id.ts';
import { defaultKeyMs, idempotencyOf } from './idempotency.ts';
import type { Created, NewTask, OwnerRoom } from './new-task.ts';
import type { OwnerLimits } from './owner-limits.ts';
import { policyOf } from './policy.ts';
import { checkTags } from './tags.ts';
import type { Task } from './task.ts';
import { type StartOptions, waitOptionsOf } from './wait-options.ts';

/** How a task is enqueued, beside its input. */
export interface EnqueueOptions extends StartOptions {
  /** Up to 20 labels of 1 to 64 characters, to find tasks by. */
  readonly tags?: readonly string[];
  /** @default 'anonymous' */
  readonly owner?: string;
  /** The id of the task that enqueued this one. */
  readonly parent?: string;
  /**
   * Up to 256 characters: the same key gives the same task, so that enqueueing can be repeated when its answer got
   * lost. It holds for one owner and definition, until the task fails for good or expires.
   */
  readonly idempotencyKey?: string;
  /** How long the key holds, in ms: 1 to 30 days. @default 86400000 */
  readonly idempotencyKeyMs?: number;
  /** With a key: gives its task also where that has failed or expired, in place of trying anew. @default false */
  readonly resume?: boolean;
  /** W3C `traceparent`. */
  readonly trace?: string;
  /** How much its owner may enqueue. @default whatever it likes */
  readonly limits?: OwnerLimits;
  /** How much it counts to the rate of `limits`. @default 1, of a batch and a hundredth of its items */
  readonly cost?: number;
  /** Asked with the input as `run` gets it, before anything is written; what it throws is thrown. */
  readonly permit?: (input: unknown) => void;
}

/** How a task is enqueued again. */
export interface ReplayOptions extends EnqueueOptions {
  /** Wire JSON that takes the place of the original's input. */
  readonly input?: unknown;
}

/** A task as it was enqueued, or as it is by now where another call had enqueued it before. */
export interface EnqueuedTask extends Task {
  /** Another call had enqueued it before: by its idempotency key, singleton key or debounce key. */
  readonly deduplicated: boolean;
  /** It waited under its debounce key, and has taken this call's input. */
  readonly debounced: boolean;
}

/** What a task comes from, where nobody enqueued it anew. */
export interface Origin {
  readonly replayOf?: string | undefined;
  readonly schedule?: string | undefined;
}

/**
 * Makes what the store writes: the input checked against its definition, and all that the definition and the options say.
 *
 * @param input wire JSON, or values that become it by `toJSON`
 * @throws BadUserInputError with each thing that is wrong, its path beginning with `input` or `options`
 */
export async function draftTask(
  compiled: CompiledDefinition,
  input: unknown,
  options: EnqueueOptions,
  given: Origin & { readonly id?: string; readonly room?: OwnerRoom | undefined } = {},
): Promise<NewTask> {
  const { definition, version } = compiled;
  const { id = createId(definition.queue), replayOf, schedule } = given;
  const { room } = given;
  const { tags = [], owner = 'anonymous', parent, trace, idempotencyKey } = options;
  checkTags(tags);
  const wire = JSON.stringify(input ?? null);
  const idempotency =
    idempotencyKey === undefined
      ? undefined
      : idempotencyOf(idempotencyKey, options.idempotencyKeyMs ?? defaultKeyMs, {
          owner,
          name: definition.name,
          input: JSON.parse(wire),
          replayOf,
        });
  const coerced = await checkInput(compiled, wire);
  options.permit?.(coerced);
  return {
    id,
    name: definition.name,
    definitionVersion: version,
    owner,
    tags: [...new Set(tags)],
    parent,
    replayOf,
    schedule,
    trace,
    input: wire,
    policy: policyOf(definition, compiled.secrets),
    idempotency,
    ...(options.resume === true ? { resume: true } : {}),
    ...waitOptionsOf(compiled, coerced, owner, options),
    ...(room === undefined ? {} : { room }),
  };
}

/** What a caller is told of a task that was written. @throws IdempotencyKeyReusedError */
export function enqueuedTask(draft: NewTask, { status, task }: Created): EnqueuedTask {
  if (status === 'KEY_REUSED') throw new IdempotencyKeyReusedError(task.id);
  return { ...task, deduplicated: task.id !== draft.id, debounced: status === 'DEBOUNCED' };
}

/** Gives the input as `run` gets it. */
async function checkInput(compiled: CompiledDefinition, wire: string): Promise<unknown> {
  try {
    return await compiled.coerceInput(JSON.parse(wire));
  } catch (error) {
    throw error instanceof BadUserInputError ? under(['input'], error) : error;
  }
}

/** The same error, with paths that start where the caller has what is wrong. */
function under(path: Issue['path'], error: BadUserInputError): BadUserInputError {
  const issues = error.issues.map((issue) => ({ ...issue, path: [...path, ...issue.path] }));
  return new BadUserInputError(error.message, issues);
}

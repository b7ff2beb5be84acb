import type { CompiledDefinition } from '../definition/types.ts';
import { BadUserInputError, IdempotencyKeyReusedError, UnavailableError } from '../errors.ts';
import { type Batch, parseBatch } from './batch.ts';
import { draftTask, type EnqueuedTask, enqueuedTask, type EnqueueOptions } from './draft.ts';
import { createBatchId, itemId } from './id.ts';
import { defaultKeyMs, idempotencyOf } from './idempotency.ts';
import type { CreateResult, Idempotency, NewTask } from './new-task.ts';
import { chunks } from './replies.ts';
import { openBatch, settleBatch } from './scripts/batch.ts';
import { itemsPerCall } from './scripts/bounds.ts';
import type { Store } from './store.ts';
import { checkTags } from './tags.ts';
import { checkStart } from './wait-options.ts';

/** The most items of one batch. */
export const maxBatchSize = 1_000;

const dayMs = 86_400_000;

/**
 * What became of one item of a batch. `deduplicated` says that it wasn't written now: an earlier call with the same key had
 * done so, or another task stands for it by its singleton or debounce key. The paths of a BadUserInputError's issues begin
 * in the item's input.
 */
export type BatchItem =
  | { readonly index: number; readonly task: EnqueuedTask }
  | { readonly index: number; readonly error: unknown };

/** A batch right after its tasks were written, and an answer for each item in the order of the inputs. */
export interface EnqueuedBatch {
  readonly batch: Batch;
  readonly items: readonly BatchItem[];
}

/**
 * Opens a batch, writes its tasks in pieces and settles it. Each piece is one script, so that other requests have their
 * turns in between. A call that broke off half-way is completed by one with the same key: ids of tasks follow from the
 * batch's, so that what is there stays as it is.
 *
 * @param write writes a piece, when its turn has come, and wakes slots for it
 * @throws BadUserInputError; IdempotencyKeyReusedError; UnavailableError
 */
export async function writeBatch(
  store: Store,
  compiled: CompiledDefinition,
  inputs: readonly unknown[],
  options: EnqueueOptions,
  write: (piece: readonly NewTask[]) => Promise<readonly CreateResult[]>,
): Promise<EnqueuedBatch> {
  const { queue } = compiled.definition;
  check(compiled, inputs, options);
  const key = keyOf(compiled, inputs, options);
  const id = await open(store, compiled, inputs.length, options, key);
  const items: BatchItem[] = [];
  // One after the other, so that they wait in the order of their items.
  for (const piece of chunks([...inputs.entries()], itemsPerCall)) {
    const drafts = await Promise.all(
      piece.map(([index, input]) => draftItem(compiled, input, options, { id, index, key })),
    );
    const valid = drafts.filter((draft): draft is NewTask => !('error' in draft));
    const results = valid.length === 0 ? [] : await write(valid);
    const written = new Map<Draft, CreateResult | undefined>(
      valid.map((draft, place) => [draft, results[place]]),
    );
    for (const draft of drafts) {
      items.push({ index: items.length, ...answerOf(draft, written.get(draft)) });
    }
  }
  const state = await store.run(settleBatch, queue, [id]);
  // It is there for a month, unless the store lost what was written.
  if (typeof state !== 'string') throw new UnavailableError();
  return { batch: parseBatch(state), items };
}

/** An item that is ready to be written, or what keeps it from being. */
type Draft = NewTask | { readonly error: unknown };

/** What is wrong with the whole: everything else is told with its item. */
function check({ definition }: CompiledDefinition, { length }: readonly unknown[], options: EnqueueOptions) {
  if (length < 1 || length > maxBatchSize) {
    const message = `Expected 1 to ${maxBatchSize} inputs, got ${length}.`;
    throw new BadUserInputError(message, [{ path: ['inputs'], message }]);
  }
  checkTags(options.tags ?? []);
  checkStart(definition, options);
}

/** The key of the whole: it holds for all inputs together, and is none of a single task's. */
function keyOf(
  { definition }: CompiledDefinition,
  inputs: readonly unknown[],
  { idempotencyKey, idempotencyKeyMs = defaultKeyMs, owner = 'anonymous' }: EnqueueOptions,
): Idempotency | undefined {
  if (idempotencyKey === undefined) return undefined;
  const input: unknown = JSON.parse(JSON.stringify(inputs));
  return idempotencyOf(idempotencyKey, idempotencyKeyMs, { owner, name: `${definition.name}[]`, input });
}

/** The id of the batch: a new one, or the one that the key has opened before. */
async function open(
  store: Store,
  { definition: { queue, name } }: CompiledDefinition,
  total: number,
  { owner = 'anonymous' }: EnqueueOptions,
  key: Idempotency | undefined,
): Promise<string> {
  const [code, id] = (await store.run(openBatch, queue, [
    createBatchId(queue),
    key?.key ?? '',
    key?.input ?? '',
    key?.keepMs ?? '',
    total,
    JSON.stringify(name),
    JSON.stringify(owner),
  ])) as [number, string];
  if (code === -1) throw new IdempotencyKeyReusedError({ batch: id }, 'Take a new key for other inputs.');
  return id;
}

async function draftItem(
  compiled: CompiledDefinition,
  input: unknown,
  options: EnqueueOptions,
  item: { readonly id: string; readonly index: number; readonly key: Idempotency | undefined },
): Promise<Draft> {
  const { id: batch, index, key } = item;
  const { idempotencyKey: _, ...own } = options;
  try {
    const draft = await draftTask(compiled, input, own, { id: itemId(batch, index) });
    return { ...draft, batch, ...(key === undefined ? {} : repeatable(draft, batch, index, key)) };
  } catch (error) {
    return { error: error instanceof BadUserInputError ? withinInput(error) : error };
  }
}

/** What makes a task the same when the call is repeated, beside its id. */
function repeatable(draft: NewTask, batch: string, index: number, { keepMs }: Idempotency): Partial<NewTask> {
  const { policy, pending, owner } = draft;
  const { keepSuccessMs, keepFailureMs } = policy;
  // In whole days, as the store keeps each policy that it has met for ever.
  const keptMs = Math.ceil(keepMs / dayMs) * dayMs;
  return {
    // A record that went before its key would be written anew.
    policy: {
      ...policy,
      keepSuccessMs: Math.max(keepSuccessMs, keptMs),
      keepFailureMs: Math.max(keepFailureMs, keptMs),
    },
    // Another task may stand for it, which has another id.
    ...(pending === undefined
      ? {}
      : {
          idempotency: idempotencyOf(String(index), keepMs, {
            owner,
            name: batch,
            input: JSON.parse(draft.input),
          }),
        }),
  };
}

function answerOf(
  draft: Draft,
  result: CreateResult | undefined,
): { readonly task: EnqueuedTask } | { readonly error: unknown } {
  if ('error' in draft) return draft;
  if (result === undefined) throw new TypeError('The store has an answer for each task.');
  if (result.status === 'REFUSED') return { error: result.error };
  if (result.status === 'KEY_REUSED') return { error: new IdempotencyKeyReusedError(result.task.id) };
  return { task: { ...enqueuedTask(draft, result), deduplicated: result.status !== 'CREATED' } };
}

/** The same error with paths that begin in the item's input. */
function withinInput({ message, issues }: BadUserInputError): BadUserInputError {
  return new BadUserInputError(
    message,
    issues.map((issue) => ({ ...issue, path: issue.path[0] === 'input' ? issue.path.slice(1) : issue.path })),
  );
}

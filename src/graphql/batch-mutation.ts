import type { TaskDefinition } from '../definition/definition.ts';
import type { InputRef } from '../definition/input-types.ts';
import { generatedNames } from '../definition/names.ts';
import { type BatchItem, type EnqueuedBatch, maxBatchSize } from '../tasks/new-batch.ts';
import { needs } from './access.ts';
import { type ActionErrorType, toldError } from './action-error.ts';
import { companionPoints, costs } from './cost.ts';
import type { TypedTask } from './definition.ts';
import { enqueuesTasks } from './idempotency-header.ts';
import { optionsOf, type OptionsType } from './options.ts';
import { argumentAsSent, inputNamed } from './sent.ts';
import type { ApiBuilder } from './state.ts';
import type { TaskTypes } from './task.ts';
import { refuseWait } from './wait.ts';
import { watchTokenField, type WatchTokenTypes } from './watch-token.ts';

/** The types that mutations of batches are made of. */
export interface BatchTypes extends TaskTypes, WatchTokenTypes {
  readonly options: OptionsType;
  readonly actionError: ActionErrorType;
}

/** Adds the mutation that enqueues many tasks of one definition. One without input has nothing to tell them apart by. */
export function addBatchMutation(
  builder: ApiBuilder,
  { name, description }: TaskDefinition,
  input: InputRef,
  typed: TypedTask,
  types: BatchTypes,
): void {
  const { batch, options, actionError } = types;
  const { types: names, mutations } = generatedNames(name);

  const item = builder.objectRef<BatchItem>(names.batchItem).implement({
    description: `What became of one of the inputs of \`${mutations.batch}\`.`,
    fields: (t) => ({
      index: t.expose('index', {
        type: 'NonNegativeInt',
        nullable: false,
        description: 'The place of its input in `inputs`, counted from 0.',
      }),
      task: t.field({
        type: typed,
        nullable: true,
        description: 'The task that was enqueued. Null with an error.',
        extensions: costs({ points: companionPoints }),
        resolve: (item) => ('task' in item ? item.task : undefined),
      }),
      deduplicated: t.boolean({
        nullable: false,
        description:
          'True where nothing was written for it: the same call had done so before, or another task stands for it, ' +
          'which waits under the same key.',
        resolve: (item) => 'task' in item && item.task.deduplicated,
      }),
      watchToken: t.field(watchTokenField(types, (item) => ('task' in item ? item.task : undefined))),
      error: t.field({
        type: actionError,
        nullable: true,
        description:
          'Why it was refused, if it was; paths of its issues begin in its own input. The others are not held up by it.',
        resolve: (item, _, { maskError }) => ('task' in item ? undefined : toldError(item.error, maskError)),
      }),
    }),
  });

  const payload = builder.objectRef<EnqueuedBatch>(names.batchPayload).implement({
    description: `What \`${mutations.batch}\` answers.`,
    fields: (t) => ({
      batch: t.expose('batch', {
        type: batch,
        nullable: false,
        description: 'The batch, to be followed by `batchUpdated`.',
      }),
      items: t.expose('items', {
        type: [item],
        nullable: { list: false, items: false },
        description: 'One for each input, in their order.',
      }),
    }),
  });

  builder.mutationField(mutations.batch, (t) =>
    t.field({
      type: payload,
      nullable: false,
      description:
        `Enqueues up to ${maxBatchSize} tasks as one batch, each of which is refused by itself where it is not valid. ` +
        `With an idempotency key, which stands for all inputs together, the call can be repeated. ${
          description ?? `The task \`${name}\`.`
        }`,
      extensions: { ...needs('tasks:write'), ...enqueuesTasks, ...costs({ each: 0.2, sizedBy: ['inputs'] }) },
      args: {
        inputs: t.arg({
          type: [input],
          required: true,
          description: `What they work on: 1 to ${maxBatchSize}, best sent as a variable.`,
        }),
        options: t.arg({ type: options, description: 'How each of them is enqueued.' }),
      },
      resolve: async (_, args, context, info) => {
        const { name: argument, value } = argumentAsSent('inputs', info, context);
        // GraphQL takes a single value for a list of one.
        const inputs: unknown[] = Array.isArray(value) ? value : [value];
        refuseWait(args.options);
        const options = optionsOf(args.options, context);
        try {
          return await context.tasks.enqueueBatch(name, inputs, options);
        } catch (error) {
          throw inputNamed(argument, error, 'inputs');
        }
      },
    }),
  );
}

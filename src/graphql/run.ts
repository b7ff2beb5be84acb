import type { TaskDefinition } from '../definition/definition.ts';
import type { InputRef } from '../definition/input-types.ts';
import { generatedNames } from '../definition/names.ts';
import { BadUserInputError } from '../errors.ts';
import type { EnqueuedTask } from '../tasks/draft.ts';
import { keyLengthIssue } from '../tasks/idempotency.ts';
import { needs } from './access.ts';
import type { Context } from './context.ts';
import type { TypedTask } from './definition.ts';
import { enqueuesTasks } from './idempotency-header.ts';
import { optionsOf, type OptionsType } from './options.ts';
import { argumentAsSent, inputNamed } from './sent.ts';
import { versionedStates } from './shared-states.ts';
import type { ApiBuilder } from './state.ts';
import { started } from './stream.ts';
import { standingHelp, taskWatchOptionsOf, throttleHelp } from './throttle.ts';
import { refuseWait } from './wait.ts';

/** Adds the subscription that enqueues a task of one definition and follows it, in one operation. */
export function addRun(
  builder: ApiBuilder,
  { name, description }: TaskDefinition,
  input: InputRef | undefined,
  typed: TypedTask,
  options: OptionsType,
): void {
  const names = generatedNames(name);
  builder.subscriptionField(names.subscriptions.run, (t) =>
    t.field({
      type: typed,
      nullable: false,
      description:
        `Enqueues a task and follows it: \`${names.mutations.enqueue}\` and \`${names.subscriptions.updated}\` in one ` +
        'operation, over WebSocket or by POST. The first state is that of the task as it was accepted. The same key gives ' +
        `the same task, so that a client whose connection broke follows on. ${standingHelp} ${description ?? ''}`.trim(),
      extensions: { ...needs('tasks:write'), ...enqueuesTasks, ...versionedStates },
      args: {
        ...(input === undefined
          ? {}
          : { input: t.arg({ type: input, required: true, description: 'What it works on.' }) }),
        idempotencyKey: t.arg.string({
          required: true,
          description:
            'As in `options`: another one for each task. Also a task that has FAILED or EXPIRED is followed by its key, ' +
            'and not tried anew.',
        }),
        options: t.arg({ type: options, description: 'How it is enqueued.' }),
        throttle: t.arg({ type: 'Duration', description: throttleHelp }),
      },
      subscribe: async (_, { idempotencyKey, options, throttle }, context, info) => {
        refuseWait(options);
        // What is wrong with it is told before anything is enqueued.
        const watchOptions = taskWatchOptionsOf(throttle, info);
        const given = withKey(options, idempotencyKey);
        const wire = argumentAsSent('input', info, context);
        const { id } = await accepted(name, wire, { ...optionsOf(given, context), resume: true }, context);
        return await started(context.tasks.watch(id, watchOptions));
      },
      resolve: (task) => task,
    }),
  );
}

async function accepted(
  name: string,
  wire: ReturnType<typeof argumentAsSent>,
  options: ReturnType<typeof optionsOf>,
  { tasks }: Context,
): Promise<EnqueuedTask> {
  try {
    return await tasks.enqueue(name, wire.value ?? {}, options);
  } catch (error) {
    throw inputNamed(wire.name, error);
  }
}

type Options = NonNullable<Parameters<typeof optionsOf>[0]>;

/** The options with the operation's own key, which must be the only one. */
function withKey(options: Options | null | undefined, idempotencyKey: string): Options {
  const issue = keyLengthIssue(idempotencyKey);
  if (issue !== undefined)
    throw new BadUserInputError(`idempotencyKey: ${issue}`, [{ path: ['idempotencyKey'], message: issue }]);
  const other = options?.idempotencyKey ?? idempotencyKey;
  if (other === idempotencyKey) return { ...options, idempotencyKey };
  const message = 'Expected the same key as in `idempotencyKey`, or none.';
  throw new BadUserInputError(`options.idempotencyKey: ${message}`, [
    { path: ['options', 'idempotencyKey'], message },
  ]);
}

import { generatedNames } from '../definition/names.ts';
import type { TaskDefinition } from '../definition/definition.ts';
import type { DefinitionTypes } from '../definition/types.ts';
import { TaskNotFoundError } from '../errors.ts';
import type { Task } from '../tasks/task.ts';
import type { EnqueuedTask } from '../tasks/draft.ts';
import { needs } from './access.ts';
import { costs } from './cost.ts';
import { enqueuesTasks } from './idempotency-header.ts';
import { optionsOf, type OptionsType } from './options.ts';
import { addRun } from './run.ts';
import { argumentAsSent, inputNamed } from './sent.ts';
import { versionedStates } from './shared-states.ts';
import type { ApiBuilder } from './state.ts';
import { started } from './stream.ts';
import type { TaskTypes } from './task.ts';
import { standingHelp, taskWatchOptionsOf, throttleHelp } from './throttle.ts';
import { waited, waitOf } from './wait.ts';
import { watchTokenField, type WatchTokenTypes } from './watch-token.ts';

/** Adds what one definition brings: its typed task, which it gives, the mutation that enqueues it, the subscription to it. */
export function addDefinition(
  builder: ApiBuilder,
  definition: TaskDefinition,
  { input, output }: DefinitionTypes,
  types: TaskTypes & WatchTokenTypes,
  options: OptionsType,
) {
  const { name } = definition;
  const names = generatedNames(name);
  const about = definition.description ?? `The task \`${name}\`.`;

  const typed = builder.objectRef<Task>(names.types.task).implement({
    description: about,
    interfaces: [types.node, types.task],
    fields: (t) =>
      output === undefined
        ? {}
        : {
            output: t.field({
              type: output,
              nullable: true,
              description: 'What it returned, once it has succeeded.',
              // Read as a whole, and bounded by `maxOutputBytes`.
              extensions: costs({ points: 1, coversAll: true }),
              resolve: (task, _, { tasks }) => (task.status === 'SUCCEEDED' ? tasks.output(task) : undefined),
            }),
          },
  });

  const payload = builder.objectRef<{ task: EnqueuedTask }>(names.types.payload).implement({
    description: `What \`${names.mutations.enqueue}\` answers.`,
    fields: (t) => ({
      task: t.expose('task', { type: typed, nullable: false, description: 'The task that was enqueued.' }),
      deduplicated: t.boolean({
        nullable: false,
        description:
          'True where the idempotency key had enqueued it before: this is that task, as it is by now.',
        resolve: ({ task }) => task.deduplicated,
      }),
      watchToken: t.field(watchTokenField(types, ({ task }) => task)),
    }),
  });

  builder.mutationField(names.mutations.enqueue, (t) =>
    t.field({
      type: payload,
      nullable: false,
      description: `Enqueues a task. ${about}`,
      extensions: { ...needs('tasks:write'), ...enqueuesTasks },
      args: {
        ...(input === undefined
          ? {}
          : { input: t.arg({ type: input, required: true, description: 'What it works on.' }) }),
        options: t.arg({ type: options, description: 'How it is enqueued.' }),
      },
      resolve: async (_, args, context, info) => {
        const wire = argumentAsSent('input', info, context);
        const options = optionsOf(args.options, context);
        const waitMs = waitOf(args.options);
        try {
          const task = await context.tasks.enqueue(name, wire.value ?? {}, options);
          return { task: await waited(task, waitMs, context) };
        } catch (error) {
          throw inputNamed(wire.name, error);
        }
      },
    }),
  );

  addRun(builder, definition, input, typed, options);

  builder.subscriptionField(names.subscriptions.updated, (t) =>
    t.field({
      type: typed,
      nullable: false,
      description:
        `A task of \`${name}\` as it is now, then each newer state, and the end after a final one. ` +
        `${standingHelp} An id that is not there, or of another definition, is the error \`TASK_NOT_FOUND\`.`,
      extensions: { ...needs('tasks:read', ['STATUS']), ...versionedStates },
      args: {
        id: t.arg.id({ required: true, description: "The task's id." }),
        throttle: t.arg({ type: 'Duration', description: throttleHelp }),
      },
      subscribe: (_, { id, throttle }, { tasks }, info) =>
        started(tasks.watch(id, taskWatchOptionsOf(throttle, info)), (first) => {
          if (first.name !== name) throw new TaskNotFoundError(id);
        }),
      resolve: (task) => task,
    }),
  );

  return typed;
}

/** The ref of a definition's typed task. */
export type TypedTask = ReturnType<typeof addDefinition>;

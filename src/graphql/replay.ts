import type { EnqueuedTask } from '../tasks/draft.ts';
import { needs } from './access.ts';
import { enqueuesTasks } from './idempotency-header.ts';
import { optionsOf, type OptionsType } from './options.ts';
import { argumentAsSent, inputNamed } from './sent.ts';
import type { ApiBuilder } from './state.ts';
import type { TaskTypes } from './task.ts';
import { waited, waitOf } from './wait.ts';
import { watchTokenField, type WatchTokenTypes } from './watch-token.ts';

/** Adds `replayTask`. */
export function addReplay(
  builder: ApiBuilder,
  types: TaskTypes & WatchTokenTypes,
  options: OptionsType,
): void {
  const payload = builder.objectRef<{ task: EnqueuedTask }>('ReplayTaskPayload').implement({
    description: 'What a replay enqueued.',
    fields: (t) => ({
      task: t.expose('task', {
        type: types.task,
        nullable: false,
        description: 'The new task; its `replayOf` is the original.',
      }),
      deduplicated: t.boolean({
        nullable: false,
        description:
          'True where the idempotency key had enqueued it before: this is that task, as it is by now.',
        resolve: ({ task }) => task.deduplicated,
      }),
      watchToken: t.field(watchTokenField(types, ({ task }) => task)),
    }),
  });

  builder.mutationField('replayTask', (t) =>
    t.field({
      type: payload,
      nullable: false,
      description:
        'Enqueues a task anew, whatever its status: a new id, the same input unless another is given, the same tags ' +
        'unless the options bring others. The original stays as it is. An id that is not there is the error ' +
        '`TASK_NOT_FOUND`; one of a definition that this API does not know, or an input that its definition does ' +
        'not take, is `BAD_USER_INPUT`.',
      extensions: { ...needs('tasks:write'), ...enqueuesTasks },
      args: {
        id: t.arg.id({ required: true, description: "The original's id." }),
        input: t.arg({
          type: 'JSON',
          description:
            'The whole of an edited input, in the form of its definition\'s; a `"[secret]"` left in place is the ' +
            "original's value. The original's input unless given.",
        }),
        options: t.arg({ type: options, description: 'How it is enqueued.' }),
      },
      resolve: async (_, { id, ...args }, context, info) => {
        const { name, value } = argumentAsSent('input', info, context);
        const edited = value === undefined || value === null ? {} : { input: value };
        // It is the original's owner's, whoever asks for it.
        const { owner: _owner, ...options } = optionsOf(args.options, context);
        const waitMs = waitOf(args.options);
        try {
          const task = await context.tasks.replay(id, { ...options, ...edited });
          return { task: await waited(task, waitMs, context) };
        } catch (error) {
          throw inputNamed(name, error);
        }
      },
    }),
  );
}

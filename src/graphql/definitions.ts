import { isInputObjectType, type GraphQLSchema } from 'graphql';
import { hasScope } from '../auth/viewer.ts';
import { generatedNames } from '../definition/names.ts';
import type { CompiledDefinition } from '../definition/types.ts';
import { needs } from './access.ts';
import type { Context } from './context.ts';
import { costs } from './cost.ts';
import { durationText } from './duration-text.ts';
import { type JsonSchema, jsonSchemaOf } from './json-schema.ts';
import type { ApiBuilder } from './state.ts';

/** Adds `definitions` and `definition`: what can be enqueued, for a client that was not written for it. */
export function addDefinitions(builder: ApiBuilder): void {
  const definition = builder.objectRef<CompiledDefinition>('TaskDefinition').implement({
    description: 'A kind of task that this API knows: what its mutation takes, and how its tasks are run.',
    fields: (t) => ({
      name: t.string({
        nullable: false,
        description: 'Its name, that of `Task.name`.',
        resolve: ({ definition }) => definition.name,
      }),
      description: t.string({
        nullable: true,
        description: 'What its tasks do, for people.',
        resolve: ({ definition }) => definition.description,
      }),
      version: t.exposeString('version', {
        nullable: false,
        description: 'Changes with the shape of its input; that of `Task.definitionVersion`.',
      }),
      queue: t.string({
        nullable: false,
        description: 'The line in which its tasks wait.',
        resolve: ({ definition }) => definition.queue,
      }),
      inputType: t.string({
        nullable: true,
        description: "The name of its input's GraphQL type; null where it takes none.",
        resolve: ({ definition: { input, name } }) =>
          input === undefined ? undefined : generatedNames(name).types.input,
      }),
      inputSchema: t.field({
        type: 'JSONObject',
        nullable: true,
        description:
          'What its input has to be, as JSON Schema 2020-12: properties in their order, `required`, `default`, `enum`, ' +
          '`format`, with `title` for names of GraphQL types and `writeOnly` for what is secret. Its `validate` may want ' +
          'more. Null where it takes none, and where you may neither enqueue it nor have the scope `schema:read`.',
        extensions: costs({ points: 0.1 }),
        resolve: ({ definition: { name } }, _, context, { schema }) =>
          hasScope(context.viewer, 'schema:read') || canEnqueue(name, context)
            ? inputSchemaOf(name, schema)
            : undefined,
      }),
      taskType: t.string({
        nullable: false,
        description: "The name of its tasks' GraphQL type.",
        resolve: ({ definition: { name } }) => generatedNames(name).types.task,
      }),
      outputType: t.string({
        nullable: true,
        description: "The name of its output's GraphQL type; null where it returns nothing.",
        resolve: ({ definition: { output, name } }) =>
          output === undefined ? undefined : generatedNames(name).types.output,
      }),
      mutation: t.string({
        nullable: false,
        description: 'The mutation that enqueues one.',
        resolve: ({ definition: { name } }) => generatedNames(name).mutations.enqueue,
      }),
      batchMutation: t.string({
        nullable: true,
        description: 'The mutation that enqueues many; null where it takes no input.',
        resolve: ({ definition: { input, name } }) =>
          input === undefined ? undefined : generatedNames(name).mutations.batch,
      }),
      subscription: t.string({
        nullable: false,
        description: 'The subscription that follows one, with the type of its output.',
        resolve: ({ definition: { name } }) => generatedNames(name).subscriptions.updated,
      }),
      maxAttempts: t.field({
        type: 'PositiveInt',
        nullable: false,
        description: 'How many attempts may fail or time out until a task has FAILED.',
        resolve: ({ definition }) => definition.retry.attempts,
      }),
      timeout: t.field({
        type: 'Duration',
        nullable: true,
        description: 'The longest that one attempt may run; null where nothing bounds it.',
        resolve: ({ definition }) => durationText(definition.timeoutMs),
      }),
      deadline: t.field({
        type: 'Duration',
        nullable: true,
        description: 'The longest from enqueue to the end, waits included; null where nothing bounds it.',
        resolve: ({ definition }) => durationText(definition.deadlineMs),
      }),
      expiresIn: t.field({
        type: 'Duration',
        nullable: true,
        description: 'The longest that a task may wait for its first start; null where nothing bounds it.',
        resolve: ({ definition }) => durationText(definition.expiresInMs),
      }),
      canEnqueue: t.boolean({
        nullable: false,
        description:
          'Whether to offer it: you have the scope `tasks:write`, and its `authorize`, asked without an input, does not ' +
          'refuse. What it says of an input is decided by the mutation.',
        resolve: ({ definition: { name } }, _, context) => canEnqueue(name, context),
      }),
    }),
  });

  builder.queryFields((t) => ({
    definitions: t.field({
      type: [definition],
      nullable: false,
      description: 'What can be enqueued here, in the order of the names.',
      extensions: needs('tasks:read'),
      resolve: (_, _args, { tasks }) =>
        [...tasks.definitions.values()].toSorted((a, b) => (a.definition.name < b.definition.name ? -1 : 1)),
    }),
    definition: t.field({
      type: definition,
      nullable: true,
      description: 'One of `definitions`; null where this API does not know it.',
      extensions: needs('tasks:read'),
      args: { name: t.arg.string({ required: true, description: 'Its name.' }) },
      resolve: (_, { name }, { tasks }) => tasks.definitions.get(name),
    }),
  }));
}

function canEnqueue(name: string, { viewer, tasks }: Context): boolean {
  return hasScope(viewer, 'tasks:write') && (tasks.mayEnqueue?.(name) ?? true);
}

const inputSchemas = new WeakMap<object, JsonSchema>();

/** Made once: of the API's own type, which has its fields in the order in which they were written. */
function inputSchemaOf(name: string, schema: GraphQLSchema): JsonSchema | undefined {
  const type = schema.getType(generatedNames(name).types.input);
  if (!isInputObjectType(type)) return undefined;
  const known = inputSchemas.get(type) ?? jsonSchemaOf(type);
  inputSchemas.set(type, known);
  return known;
}

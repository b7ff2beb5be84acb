import { type GraphQLSchema, isIntrospectionType, isScalarType } from 'graphql';
import { createBuilder } from '../definition/builder.ts';
import type { TaskDefinition } from '../definition/definition.ts';
import { findClashes, generatedNames, type OwnedName } from '../definition/names.ts';
import { describe } from '../definition/source.ts';
import { addTypes } from '../definition/types.ts';
import { ConfigurationError } from '../errors.ts';

/**
 * Every clash of the names that definitions bring, with each other and with the API's own, one sentence each.
 * Names are compared without case: a reader, and a file system without case under a generated client, would
 * take `resizeImage` and `resizeimage` for the same.
 */
export function nameClashes(api: GraphQLSchema, definitions: readonly TaskDefinition[]): string[] {
  const apiTypes = owned(Object.keys(api.getTypeMap()), ownSchema);
  const { names, problems } = typeNames(definitions);
  return [
    ...problems,
    // Each by itself: how the types of definitions clash with each other has been said by `addTypes`.
    ...names.flatMap((name) => findClashes([...apiTypes, name])),
    ...fieldClashes(api.getMutationType()?.getFields(), definitions, 'mutations'),
    ...fieldClashes(api.getSubscriptionType()?.getFields(), definitions, 'subscriptions'),
  ];
}

const ownSchema = "Taskwire's own schema";

function fieldClashes(
  fields: object | undefined,
  definitions: readonly TaskDefinition[],
  kind: 'mutations' | 'subscriptions',
): string[] {
  const byName = new Map(definitions.map((definition) => [definition.name, definition]));
  return findClashes([
    ...owned(Object.keys(fields ?? {}), ownSchema),
    ...byName
      .values()
      .flatMap((definition) =>
        owned(Object.values(generatedNames(definition.name)[kind]), `the task ${describe(definition)}`),
      ),
  ]);
}

/** The types that definitions bring: those made from their names, and those that they name themselves. */
function typeNames(definitions: readonly TaskDefinition[]): {
  names: OwnedName[];
  problems: readonly string[];
} {
  const generated = definitions.flatMap((definition) =>
    owned(Object.values(generatedNames(definition.name).types), `the task ${describe(definition)}`),
  );
  const builder = createBuilder();
  try {
    addTypes(builder, definitions);
  } catch (error) {
    if (error instanceof ConfigurationError) return { names: generated, problems: error.problems };
    throw error;
  }
  const known = new Set(generated.map(({ name }) => name));
  const nested = Object.values(builder.toSchema().getTypeMap())
    .filter((type) => !isScalarType(type) && !isIntrospectionType(type) && !known.has(type.name))
    .map(({ name }) => name);
  return { names: [...generated, ...owned(nested, 'a task definition')], problems: [] };
}

function owned(names: readonly string[], owner: string): OwnedName[] {
  return names.map((name) => ({ name, owner }));
}

import type { GraphQLScalarType } from 'graphql';
import type { Builder } from './builder.ts';
import type { TaskDefinition } from './definition.ts';
import { builtInScalars } from './built-in-scalars.ts';
import { describe } from './source.ts';
import type { TypeRegistry } from './type-registry.ts';

const baseScalars = ['Boolean', 'Float', 'ID', 'Int', 'String'];

/** Puts the definitions' own scalars on the builder, and gives the names of all that are there. */
export function addScalars(
  builder: Builder,
  definitions: readonly TaskDefinition[],
  registry: TypeRegistry,
): ReadonlySet<string> {
  const own = new Map<string, { type: GraphQLScalarType; definition: TaskDefinition }>();
  for (const definition of definitions) {
    for (const [name, type] of Object.entries(definition.scalars)) {
      const known = own.get(name);
      const problem = problemOf(name, type);
      if (problem !== undefined) {
        registry.report(definition, problem);
      } else if (known && known.type !== type) {
        registry.problems.push(
          `Tasks ${describe(known.definition)} and ${describe(definition)} have different scalars '${name}': use one GraphQLScalarType for both.`,
        );
      } else if (!known) {
        own.set(name, { type, definition });
        // Through `use`, so that no other type takes the name; the shape of a scalar is itself.
        registry.use({ name, signature: `scalar ${name}`, definition, nested: false }, () =>
          // Users merge its name into `Scalars`, which isn't known here.
          builder.addScalarType(name as 'JSON', type),
        );
      }
    }
  }
  return new Set([...baseScalars, ...builtInScalars.keys(), ...own.keys()]);
}

function problemOf(name: string, type: GraphQLScalarType): string | undefined {
  if (baseScalars.includes(name) || builtInScalars.has(name))
    return `the scalar '${name}' is built in already`;
  // Not by `instanceof`: the scalar may come from another copy of graphql-js.
  if (typeof type?.toConfig !== 'function') return `scalars.${name} must be a GraphQLScalarType`;
  if (type.name !== name) return `scalars.${name} is a scalar named '${type.name}'; use that name for it`;
  return undefined;
}

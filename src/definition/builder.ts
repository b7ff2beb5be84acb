import SchemaBuilder from '@pothos/core';
import { GraphQLBoolean, GraphQLFloat, GraphQLID, GraphQLInt, GraphQLString } from 'graphql';
import { builtInScalars } from './built-in-scalars.ts';
import type { Scalars } from './scalars.ts';

/** What Pothos knows about our schema: the scalars, and the context of its resolvers. */
export type BuilderTypes<Context extends object = object> = PothosSchemaTypes.ExtendDefaultTypes<{
  // A mapped copy, as an interface has no index signature.
  Scalars: { [Name in keyof Scalars]: Scalars[Name] };
  Context: Context;
}>;

/** A Pothos builder with our scalars. */
export type Builder<Context extends object = object> = PothosSchemaTypes.SchemaBuilder<BuilderTypes<Context>>;

/** Makes a builder on which `addTypes` puts the types of definitions; the API adds its own to the same one. */
export function createBuilder<Context extends object = object>(): Builder<Context> {
  const builder = new SchemaBuilder<BuilderTypes<Context>>({});
  // Pothos would add these five when the schema is built; `addTypes` looks them up before.
  for (const type of [GraphQLBoolean, GraphQLFloat, GraphQLID, GraphQLInt, GraphQLString]) {
    builder.addScalarType(type.name as 'Int', type);
  }
  for (const [name, { type, description, specifiedBy }] of builtInScalars) {
    // `builtInScalars` is keyed by the names of `Scalars`, which a Map of strings can't say.
    builder.addScalarType(name as 'JSON', type, { description, specifiedByURL: specifiedBy });
  }
  return builder;
}

import { ListRef, type TypeParam } from '@pothos/core';
import type { GraphQLScalarType } from 'graphql';
import type { BuilderTypes } from './builder.ts';
import { addEnum } from './enum-types.ts';
import { generatedNames } from './names.ts';
import { outputFields, type OutputFieldMap, type OutputType } from './output.ts';
import { checkFieldNames, checkTypeName, describedField } from './type-names.ts';
import type { TypeScope } from './type-registry.ts';

export type OutputRef = PothosSchemaTypes.ObjectRef<BuilderTypes, unknown>;

/**
 * Puts a definition's output type, with the types in it, on the builder; undefined where it has no output. It
 * resolves the wire form that `serializeOutput` made.
 */
export function addOutputType(scope: TypeScope): OutputRef | undefined {
  const { definition } = scope;
  if (!definition.output) return undefined;
  const { output } = generatedNames(definition.name).types;
  const fields = definition.output(outputFields);
  return addObject(scope, output, fields, `What \`${definition.name}\` returned.`, false);
}

function addObject(
  scope: TypeScope,
  name: string,
  fields: OutputFieldMap,
  description: string | undefined,
  nested: boolean,
): OutputRef {
  const { builder, definition, registry, report } = scope;
  checkFieldNames(`the output type ${name}`, Object.keys(fields), report);
  const types = Object.entries(fields).map(([name, field]) => ({
    name,
    field,
    type: typeParam(scope, field.type),
  }));
  const signature = `type { ${Object.entries(fields)
    .map(
      ([name, { type, nullable, secret }]) =>
        `${name}: ${typeText(type)}${nullable ? '' : '!'}${secret ? ' @secret' : ''}`,
    )
    .toSorted()
    .join(', ')} }`;
  return registry.use({ name, signature, definition, nested }, (name) =>
    builder.objectRef<Readonly<Record<string, unknown>>>(name).implement({
      ...(description === undefined ? {} : { description }),
      fields: (t) =>
        Object.fromEntries(
          types.map(({ name, field, type }) => [
            name,
            t.field({
              // Of all types that an output can have, JSON is the one whose values are unknown here.
              type: type as 'JSON',
              // Also where `run` must give it: records of an older version of the definition lack new fields.
              nullable: true,
              ...describedField(field.description, field.secret && hiddenOutput),
              ...(field.deprecationReason === undefined
                ? {}
                : { deprecationReason: field.deprecationReason }),
              resolve: (parent) =>
                field.secret || !Object.hasOwn(parent, name)
                  ? null
                  : fromWire(scope, field.type, parent[name]),
            }),
          ]),
        ),
    }),
  );
}

const hiddenOutput = 'Secret: null, whatever it is.';

function typeParam(scope: TypeScope, type: OutputType): TypeParam<BuilderTypes> {
  switch (type.kind) {
    case 'scalar':
      if (!scope.scalars.has(type.name)) {
        scope.report(`the output uses the scalar '${type.name}', which isn't known; give it in \`scalars\``);
        return 'String';
      }
      // One of `Scalars`, or one that the definition brought.
      return type.name as 'JSON';
    case 'enum':
      return addEnum(scope, type.name, type.values, type.description);
    case 'object':
      checkTypeName(type.name, scope.report);
      return addObject(scope, type.name, type.fields, type.description, true);
    default:
      return new ListRef<BuilderTypes, Iterable<unknown>>(typeParam(scope, type.item), type.itemNullable);
  }
}

// Our own scalars serialize what they have serialized; a user's may only know what its `parseValue` gives.
function fromWire(scope: TypeScope, type: OutputType, wire: unknown): unknown {
  if (wire === null || wire === undefined) return null;
  if (type.kind === 'list') {
    return Array.isArray(wire) ? wire.map((item) => fromWire(scope, type.item, item)) : null;
  }
  const own: GraphQLScalarType | undefined =
    type.kind === 'scalar' ? scope.definition.scalars[type.name] : undefined;
  return own ? own.parseValue(wire) : wire;
}

function typeText(type: OutputType): string {
  if (type.kind === 'list') return `[${typeText(type.item)}${type.itemNullable ? '' : '!'}]`;
  return type.name;
}

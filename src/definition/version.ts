import { createHash } from 'node:crypto';
import {
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  type GraphQLInputField,
  type GraphQLInputObjectType,
  type GraphQLInputType,
  type GraphQLNamedType,
} from 'graphql';
import { uncoerce } from './coerce.ts';

/**
 * Names the shape of an input: 12 hex digits of a hash of its type and the types in it. Fields, their types and
 * defaults, and enum values count; descriptions, deprecations and the order in which things are written don't.
 */
export function versionOf(type: GraphQLInputObjectType | undefined): string {
  const lines = (type ? namedTypesIn(type) : []).map((type) => shapeOf(type)).toSorted();
  return createHash('sha256').update(lines.join('\n')).digest('hex').slice(0, 12);
}

/** Gives an input type and all types that are in it, however deep. */
export function namedTypesIn(type: GraphQLInputType): readonly GraphQLNamedType[] {
  const types = new Map<string, GraphQLNamedType>();
  collect(type, types);
  return [...types.values()];
}

function collect(type: GraphQLInputType, types: Map<string, GraphQLNamedType>): void {
  if (isNonNullType(type) || isListType(type)) return collect(type.ofType, types);
  if (types.has(type.name)) return;
  types.set(type.name, type);
  if (isInputObjectType(type)) {
    for (const field of Object.values(type.getFields())) collect(field.type, types);
  }
}

function shapeOf(type: GraphQLNamedType): string {
  if (isInputObjectType(type)) {
    const fields = Object.values(type.getFields()).map((field) => fieldShape(field));
    return `input ${type.name} { ${fields.toSorted().join(', ')} }`;
  }
  if (isEnumType(type)) {
    const values = type.getValues().map(({ name }) => name);
    return `enum ${type.name} { ${values.toSorted().join(', ')} }`;
  }
  return `scalar ${type.name}`;
}

function fieldShape({ name, type, defaultValue }: GraphQLInputField): string {
  const shape = `${name}: ${String(type)}`;
  return defaultValue === undefined ? shape : `${shape} = ${canonicalJson(uncoerce(defaultValue, type))}`;
}

function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}

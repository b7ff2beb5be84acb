import {
  type GraphQLEnumType,
  type GraphQLInputField,
  type GraphQLInputObjectType,
  type GraphQLInputType,
  type GraphQLScalarType,
  getNullableType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isSpecifiedScalarType,
} from 'graphql';
import { uncoerce } from '../definition/coerce.ts';
import { isSecretField } from '../definition/secrets.ts';

/** A JSON Schema of the draft 2020-12, or a part of one. */
export type JsonSchema = Record<string, unknown>;

/**
 * What a GraphQL input takes, as JSON Schema: what it allows is a value of the type. Fields keep their order, named types
 * are in `$defs`. It is a little stricter than GraphQL, which takes a single value for a list of one and a number for an
 * ID; a scalar says of its format what the `jsonSchema` in its `extensions` says, and nothing where it has none.
 */
export function jsonSchemaOf(type: GraphQLInputObjectType): JsonSchema {
  const types = new Types(type);
  const schema = types.object(type);
  const definitions = types.definitions();
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    ...schema,
    ...(definitions === undefined ? {} : { $defs: definitions }),
  };
}

/** The types that one schema is made of. */
class Types {
  readonly #root: GraphQLInputObjectType;
  readonly #named: Map<string, JsonSchema> = new Map();

  constructor(root: GraphQLInputObjectType) {
    this.#root = root;
  }

  /** Undefined where the root names no other type. */
  definitions(): JsonSchema | undefined {
    return this.#named.size === 0 ? undefined : Object.fromEntries(this.#named);
  }

  object(type: GraphQLInputObjectType): JsonSchema {
    const fields = Object.values(type.getFields());
    const required = fields.filter((field) => isNonNullType(field.type) && field.defaultValue === undefined);
    return {
      title: type.name,
      ...described(type.description),
      type: 'object',
      properties: Object.fromEntries(fields.map((field) => [field.name, this.#field(field, type.isOneOf)])),
      ...(required.length === 0 ? {} : { required: required.map(({ name }) => name) }),
      additionalProperties: false,
      ...(type.isOneOf ? { oneOf: fields.map(({ name }) => ({ required: [name] })) } : {}),
    };
  }

  #field(field: GraphQLInputField, isOneOf: boolean): JsonSchema {
    // The one that is given must not be null.
    const schema = this.#schemaOf(isOneOf ? getNullableType(field.type) : field.type, isOneOf);
    const { deprecationReason, defaultValue } = field;
    const notes = [field.description, deprecationReason && `Deprecated: ${deprecationReason}`];
    return {
      ...schema,
      ...described(notes.filter(Boolean).join('\n\n')),
      ...(defaultValue === undefined ? {} : { default: uncoerce(defaultValue, field.type) }),
      ...(isSecretField(field) ? { writeOnly: true } : {}),
      ...(deprecationReason ? { deprecated: true } : {}),
    };
  }

  #schemaOf(type: GraphQLInputType, isGiven = false): JsonSchema {
    if (isNonNullType(type)) return this.#schemaOf(type.ofType, true);
    const schema = isListType(type)
      ? { type: 'array', items: this.#schemaOf(type.ofType) }
      : isInputObjectType(type) || isEnumType(type)
        ? this.#reference(type)
        : scalar(type);
    return isGiven ? schema : orNull(schema);
  }

  #reference(type: GraphQLInputObjectType | GraphQLEnumType): JsonSchema {
    const { name } = type;
    if (type === this.#root) return { $ref: '#' };
    if (!this.#named.has(name)) {
      // It may contain itself.
      this.#named.set(name, {});
      this.#named.set(name, isEnumType(type) ? enumeration(type) : this.object(type));
    }
    return { $ref: `#/$defs/${name}` };
  }
}

function enumeration(type: GraphQLEnumType): JsonSchema {
  const values = type.getValues();
  const isExplained = values.some(({ description, deprecationReason }) => description || deprecationReason);
  return {
    title: type.name,
    ...described(type.description),
    type: 'string',
    ...(isExplained
      ? {
          oneOf: values.map(({ name, description, deprecationReason }) => ({
            const: name,
            ...described(description),
            ...(deprecationReason ? { deprecated: true } : {}),
          })),
        }
      : { enum: values.map(({ name }) => name) }),
  };
}

/** What graphql-scalars don't say, or not quite as they do it. */
const formats: Readonly<Record<string, JsonSchema>> = {
  String: { type: 'string' },
  ID: { type: 'string' },
  Boolean: { type: 'boolean' },
  Int: { type: 'integer', minimum: -2_147_483_648, maximum: 2_147_483_647 },
  Float: { type: 'number' },
  LocalDate: { type: 'string', format: 'date' },
  Duration: { type: 'string', format: 'duration' },
  TimeZone: { type: 'string' },
  // Its own pattern isn't one of Unicode, as those of JSON Schema are.
  PhoneNumber: { type: 'string', pattern: String.raw`^\+?\d{1,3}[\- ]?\(?\d+\)?([\- ]?\d+)+$` },
  NonEmptyString: { type: 'string', minLength: 1, pattern: String.raw`\S` },
  PositiveFloat: { type: 'number', exclusiveMinimum: 0 },
  JSONObject: { type: 'object' },
};

function scalar(type: GraphQLScalarType): JsonSchema {
  const { name, description, specifiedByURL, extensions } = type;
  const said: unknown = extensions['jsonSchema'];
  const format = Object.hasOwn(formats, name) ? formats[name] : said;
  return {
    title: name,
    // GraphQL's own texts are about GraphQL.
    ...(isSpecifiedScalarType(type) ? {} : described(description)),
    ...(specifiedByURL ? { $comment: specifiedByURL } : {}),
    ...(typeof format === 'object' ? { ...format, title: name } : {}),
  };
}

/** Words that are for people. */
const notes: ReadonlySet<string> = new Set(['title', 'description', '$comment']);

/** The same, or null. */
function orNull(schema: JsonSchema): JsonSchema {
  const { type } = schema;
  if (typeof type === 'string') return { ...schema, type: [type, 'null'] };
  // What says nothing of its values allows null as well.
  const isAny = Object.keys(schema).every((word) => notes.has(word));
  return isAny ? schema : { anyOf: [schema, { type: 'null' }] };
}

function described(description: string | null | undefined): JsonSchema {
  return description ? { description } : {};
}

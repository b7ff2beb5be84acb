import * as fc from 'fast-check';
import {
  type GraphQLInputFieldConfig,
  GraphQLBoolean,
  GraphQLEnumType,
  GraphQLInputObjectType,
  type GraphQLInputType,
  type GraphQLNullableInputType,
  GraphQLInt,
  GraphQLList,
  GraphQLNonNull,
  GraphQLScalarType,
  GraphQLString,
  getNullableType,
  isInputObjectType,
  isListType,
  isNonNullType,
} from 'graphql';
import { expect, test } from 'vitest';
import { builtInScalars } from '../../src/definition/built-in-scalars.ts';
import { coerceToType } from '../../src/definition/coerce.ts';
import { jsonSchemaOf } from '../../src/graphql/json-schema.ts';
import { buildSchema } from '../../src/graphql/schema.ts';
import { defineTask, type TaskDefinition } from '../../src/index.ts';
import { isAllowed } from '../support/json-schema.ts';

function schemaOf<Input, Output>(definition: TaskDefinition<Input, Output>, type: string) {
  const input = buildSchema([definition]).getType(type);
  if (!isInputObjectType(input)) throw new Error(`there is no input ${type}`);
  return jsonSchemaOf(input);
}

const storeImage = defineTask({
  name: 'storeImage',
  scalars: {
    Shade: new GraphQLScalarType({
      name: 'Shade',
      description: 'How dark it is.',
      specifiedByURL: 'https://example.com/shade',
    }),
    Even: new GraphQLScalarType({
      name: 'Even',
      extensions: { jsonSchema: { type: 'integer', multipleOf: 2 } },
    }),
  },
  input: (t) => ({
    url: t.field({ type: 'URL', required: true, description: 'Where it is.' }),
    format: t.enum(
      'StoredFormat',
      { JPEG: 'Small.', PNG: 'Sharp.' },
      { defaultValue: 'JPEG', description: 'How to store it.', typeDescription: 'Formats.' },
    ),
    rights: t.enumList('StoredRights', ['ALL', 'OWN'], { required: true }),
    password: t.string({ secret: true }),
    mail: t.field({ type: 'EmailAddress' }),
    at: t.field({ type: 'DateTimeISO' }),
    keep: t.field({ type: 'Duration', required: true, defaultValue: '1d' }),
    copies: t.field({ type: 'PositiveInt', required: true, defaultValue: 1 }),
    size: t.object('StoredSize', (t) => ({ width: t.int({ required: true }), height: t.int() }), {
      typeDescription: 'In pixels.',
    }),
    old: t.boolean({ deprecationReason: 'Use `format`.' }),
    extra: t.field({ type: 'JSON' }),
    // Their types are in no `Scalars` here.
    shade: t.field({ type: 'Shade' as 'JSON' }),
    even: t.field({ type: 'Even' as 'JSON', required: true }),
    words: t.stringList({ required: true }),
  }),
  run() {},
});

test('an input is told as JSON Schema, its fields in the order in which they are written', () => {
  const schema = schemaOf(storeImage, 'StoreImageInput');

  expect(schema).toMatchObject({
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'StoreImageInput',
    description: 'The input of `storeImage`.',
    type: 'object',
    required: ['url', 'rights', 'even', 'words'],
    additionalProperties: false,
  });
  const properties = Object(schema['properties']) as Record<string, object>;
  const order = 'url format rights password mail at keep copies size old extra shade even words';
  expect(Object.keys(properties).join(' ')).toBe(order);
  expect(properties).toEqual({
    url: {
      title: 'URL',
      description: 'Where it is.',
      type: 'string',
      format: 'uri',
      $comment: 'https://url.spec.whatwg.org/',
    },
    format: {
      anyOf: [{ $ref: '#/$defs/StoredFormat' }, { type: 'null' }],
      description: 'How to store it.',
      default: 'JPEG',
    },
    rights: {
      type: 'array',
      items: { $ref: '#/$defs/StoredRights' },
    },
    password: {
      title: 'String',
      type: ['string', 'null'],
      description: expect.stringContaining('Secret') as string,
      writeOnly: true,
    },
    mail: expect.objectContaining({ type: ['string', 'null'], format: 'email' }) as object,
    at: expect.objectContaining({ type: ['string', 'null'], format: 'date-time' }) as object,
    keep: expect.objectContaining({ type: 'string', format: 'duration', default: 'P1D' }) as object,
    copies: expect.objectContaining({ type: 'integer', minimum: 1, default: 1 }) as object,
    size: { anyOf: [{ $ref: '#/$defs/StoredSize' }, { type: 'null' }] },
    old: {
      title: 'Boolean',
      type: ['boolean', 'null'],
      description: 'Deprecated: Use `format`.',
      deprecated: true,
    },
    extra: {
      title: 'JSON',
      description: 'Any JSON value.',
      $comment: 'https://www.rfc-editor.org/rfc/rfc8259',
    },
    shade: { title: 'Shade', description: 'How dark it is.', $comment: 'https://example.com/shade' },
    even: { title: 'Even', type: 'integer', multipleOf: 2 },
    words: { type: 'array', items: { title: 'String', type: 'string' } },
  });
  expect(schema['$defs']).toEqual({
    StoredFormat: {
      title: 'StoredFormat',
      description: 'Formats.',
      type: 'string',
      oneOf: [
        { const: 'JPEG', description: 'Small.' },
        { const: 'PNG', description: 'Sharp.' },
      ],
    },
    StoredRights: { title: 'StoredRights', type: 'string', enum: ['ALL', 'OWN'] },
    StoredSize: {
      title: 'StoredSize',
      description: 'In pixels.',
      type: 'object',
      properties: {
        width: { title: 'Int', type: 'integer', minimum: -2_147_483_648, maximum: 2_147_483_647 },
        height: { title: 'Int', type: ['integer', 'null'], minimum: -2_147_483_648, maximum: 2_147_483_647 },
      },
      required: ['width'],
      additionalProperties: false,
    },
  });
});

test('each pattern is one that JSON Schema and pages of a browser take', () => {
  const fields = [...builtInScalars.values()].map(({ type }) => [type.name, { type }] as const);
  const schema = jsonSchemaOf(
    new GraphQLInputObjectType({ name: 'AllScalars', fields: Object.fromEntries(fields) }),
  );
  const patterns = [...JSON.stringify(schema).matchAll(/"pattern":("(?:[^"\\]|\\.)*")/g)].map(
    ([, text = '']) => String(JSON.parse(text)),
  );

  expect(patterns.length).toBeGreaterThan(3);
  for (const pattern of patterns) {
    expect(() => new RegExp(pattern, 'u')).not.toThrow();
    expect(() => new RegExp(pattern, 'v')).not.toThrow();
  }
});

test('a type may contain itself, and one of which exactly one field is given says so', () => {
  const either = new GraphQLInputObjectType({
    name: 'Either',
    isOneOf: true,
    fields: { left: { type: GraphQLInt }, right: { type: GraphQLString } },
  });
  const tree: GraphQLInputObjectType = new GraphQLInputObjectType({
    name: 'Tree',
    fields: () => ({
      left: { type: tree },
      leaves: { type: new GraphQLList(new GraphQLNonNull(leaf)) },
      either: { type: either },
    }),
  });
  const leaf: GraphQLInputObjectType = new GraphQLInputObjectType({
    name: 'Leaf',
    fields: () => ({ of: { type: tree }, next: { type: leaf } }),
  });
  const schema = jsonSchemaOf(tree);

  expect(schema).toMatchObject({
    properties: { left: { anyOf: [{ $ref: '#' }, { type: 'null' }] } },
    $defs: {
      Leaf: {
        properties: { of: { anyOf: [{ $ref: '#' }, {}] }, next: { anyOf: [{ $ref: '#/$defs/Leaf' }, {}] } },
      },
      Either: {
        properties: { left: { type: 'integer' }, right: { type: 'string' } },
        oneOf: [{ required: ['left'] }, { required: ['right'] }],
      },
    },
  });
  const allows = (value: unknown) => isAllowed(value, schema);
  expect(allows({ left: { left: null, leaves: [{ of: { left: {} } }] }, either: { left: 1 } })).toBe(true);
  for (const either of [{}, { left: 1, right: 'a' }, { left: null }, { left: 'a' }]) {
    expect(allows({ either })).toBe(false);
  }
  expect(allows({ left: { leaves: [null] } })).toBe(false);
});

const names = ['a', 'b', 'c', 'd'];
let made = 0;

/** Any input type, so deep. */
function anyType(depth: number): fc.Arbitrary<GraphQLInputType> {
  const leaf = fc.constantFrom<GraphQLNullableInputType>(
    GraphQLInt,
    GraphQLString,
    GraphQLBoolean,
    new GraphQLEnumType({ name: `Enum${(made += 1)}`, values: { A: {}, B: { description: 'The other.' } } }),
  );
  const nullable: fc.Arbitrary<GraphQLNullableInputType> =
    depth === 0 ? leaf : fc.oneof(leaf, anyObject(depth - 1), listOf(anyType(depth - 1)));
  return fc
    .tuple(nullable, fc.boolean())
    .map(([type, isRequired]): GraphQLInputType => (isRequired ? new GraphQLNonNull(type) : type));
}

function listOf(item: fc.Arbitrary<GraphQLInputType>): fc.Arbitrary<GraphQLNullableInputType> {
  return item.map((type) => new GraphQLList(type));
}

function anyObject(depth: number): fc.Arbitrary<GraphQLInputObjectType> {
  const field = anyType(depth).map((type): GraphQLInputFieldConfig => ({ type }));
  return fc.tuple(fc.dictionary(fc.constantFrom(...names), field, { minKeys: 1 }), fc.boolean()).map(
    ([fields, isOneOf]) =>
      new GraphQLInputObjectType({
        name: `Input${(made += 1)}`,
        isOneOf,
        fields: Object.fromEntries(
          Object.entries(fields).map(([name, field]) => [
            name,
            isOneOf ? { type: getNullableType(field.type) } : field,
          ]),
        ),
      }),
  );
}

const anything = fc.constantFrom<unknown>(null, 1, 1.5, 'A', 'x', true, [], [1], {}, { a: 1 });

/** A value of a type, or now and then something that may be none. */
function nearly(type: GraphQLInputType): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 15, arbitrary: valueOf(type) }, { weight: 1, arbitrary: anything });
}

function valueOf(type: GraphQLInputType): fc.Arbitrary<unknown> {
  if (isNonNullType(type)) return valueOf(type.ofType);
  if (isListType(type)) return fc.array(nearly(type.ofType), { maxLength: 2 });
  if (!isInputObjectType(type)) return fc.constantFrom<unknown>(null, ...(examples[type.name] ?? ['A', 'B']));
  const fields = Object.values(type.getFields());
  return fc.record(Object.fromEntries(fields.map(({ name, type }) => [name, nearly(type)])), {
    requiredKeys: fields.filter(({ type }) => isNonNullType(type)).map(({ name }) => name),
  });
}

const examples: Readonly<Record<string, readonly unknown[]>> = { Int: [1], String: ['x'], Boolean: [true] };

test('what the JSON Schema of an input allows is what the input takes, whatever it is made of', () => {
  const seen = { allowed: 0, refused: 0 };
  fc.assert(
    fc.property(
      anyObject(2).chain((type) => fc.tuple(fc.constant(type), nearly(type))),
      ([type, value]) => {
        const schema = jsonSchemaOf(type);
        const isTaken = 'value' in coerceToType(value, new GraphQLNonNull(type));
        const allows = isAllowed(value, schema);
        seen[allows ? 'allowed' : 'refused'] += 1;
        // GraphQL alone takes one value for a list of one.
        return allows ? isTaken : !isTaken || JSON.stringify(schema).includes('"array"');
      },
    ),
    { numRuns: 2_000 },
  );
  expect(Math.min(seen.allowed, seen.refused)).toBeGreaterThan(100);
});

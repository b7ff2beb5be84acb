import {
  buildSchema as parseSchema,
  type GraphQLSchema,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
  isScalarType,
  isSpecifiedScalarType,
} from 'graphql';
import { expect, test } from 'vitest';
import { builtIn } from '../../src/cli/definitions.ts';
import { buildSchema, printTaskwireSchema } from '../../src/graphql/schema.ts';
import { ConfigurationError } from '../../src/errors.ts';
import { defineTask } from '../../src/index.ts';
import { double, forever } from '../support/definitions.ts';

const resizeImage = defineTask({
  name: 'resizeImage',
  description: 'Scales an image.',
  input: (t) => ({
    url: t.field({ type: 'URL', required: true, description: 'Where the image is.' }),
    format: t.enum(
      'ImageFormat',
      { JPEG: 'Small.', PNG: 'Sharp.' },
      { description: 'How to store it.', typeDescription: 'Formats.' },
    ),
  }),
  output: (t) => ({ bytes: t.int({ description: 'Its size.' }) }),
  run: () => ({ bytes: 1 }),
});

test('a definition brings its mutation, its typed task and its subscription', () => {
  const printed = printTaskwireSchema(buildSchema([resizeImage])).replaceAll(/ *"""[^"]*"""\n/g, '');

  expect(printed).toContain(
    'resizeImage(\n    input: ResizeImageInput!\n\n    options: TaskOptions\n  ): ResizeImagePayload!',
  );
  expect(printed).toContain(
    'type ResizeImagePayload {\n  deduplicated: Boolean!\n\n  task: ResizeImageTask!\n\n  watchToken(',
  );
  expect(printed).toContain('type ResizeImageTask implements Node & Task {');
  expect(printed).toContain('  output: ResizeImageOutput\n');
  expect(printed).toContain('type ResizeImageOutput {\n  bytes: Int\n}');
  expect(printed).toContain(
    'resizeImageUpdated(\n    id: ID!\n\n    throttle: Duration\n  ): ResizeImageTask!',
  );
  expect(printed).toContain('runResizeImage(\n    idempotencyKey: String!\n\n    input: ResizeImageInput!\n');
});

test('a definition without input or output has neither argument nor field', () => {
  const schema = buildSchema([forever]);
  const mutations = schema.getMutationType()?.getFields() ?? {};

  expect(mutations['forever']?.args.map(({ name }) => name)).toEqual(['options']);
  expect(fieldNames(schema, 'ForeverTask')).not.toContain('output');
});

test('the schema is printed sorted: the same whatever the order of the definitions', () => {
  const printed = printTaskwireSchema(buildSchema([double, resizeImage]));

  expect(printTaskwireSchema(buildSchema([resizeImage, double]))).toBe(printed);
  expect(() => parseSchema(printed)).not.toThrow();
  expect(printed.endsWith('}\n')).toBe(true);
});

test('every type, field, argument and enum value has a description', () => {
  const schema = buildSchema([resizeImage, double, ...builtIn]);

  expect(undescribed(schema)).toEqual([]);
});

test('every scalar of its own tells where its format is written down, and none is there unused', () => {
  const scalars = Object.values(buildSchema([resizeImage]).getTypeMap()).filter(
    (type) => isScalarType(type) && !isSpecifiedScalarType(type),
  );

  expect(scalars.map(({ name }) => name).toSorted()).toEqual([
    'DateTimeISO',
    'Duration',
    'JSON',
    'JSONObject',
    'NonNegativeInt',
    'PositiveInt',
    'SafeInt',
    'URL',
  ]);
  for (const scalar of scalars) expect(isScalarType(scalar) && scalar.specifiedByURL).toMatch(/^https:/);
});

test('all tasks have the fields of Task', () => {
  const schema = buildSchema([resizeImage]);

  for (const type of ['ResizeImageTask', 'UntypedTask']) {
    expect(fieldNames(schema, type)).toEqual(expect.arrayContaining(fieldNames(schema, 'Task')));
  }
});

test('names that clash with each other or with the schema are all told in one error', () => {
  const bare = { run: () => undefined };
  const definitions = [
    defineTask({ name: 'cancelTask', ...bare }),
    defineTask({ name: 'taskUpdated', ...bare }),
    defineTask({ name: 'untyped', ...bare }),
    defineTask({ name: 'makeCopy', ...bare }),
    defineTask({ name: 'makeCopyBatch', ...bare }),
    defineTask({ name: 'count', input: (t) => ({ n: t.object('Tasks', (t) => ({ n: t.int() })) }), ...bare }),
  ];

  const problems = problemsOf(definitions);

  expect(problems).toEqual([
    expect.stringContaining("'MakeCopyBatchPayload' of the task 'makeCopyBatch'"),
    expect.stringContaining("'CancelTaskPayload' of the task 'cancelTask'"),
    expect.stringContaining("'UntypedTask' of the task 'untyped'"),
    expect.stringContaining("'cancelTask' of the task 'cancelTask'"),
    expect.stringContaining("'makeCopyBatch' of the task 'makeCopyBatch'"),
  ]);
});

test('a type that a definition names itself may not be one of the schema', () => {
  const order = defineTask({
    name: 'order',
    input: (t) => ({ n: t.object('TaskOrder', (t) => ({ n: t.int() })) }),
    run: () => undefined,
  });

  expect(problemsOf([order])).toEqual([expect.stringContaining("'TaskOrder' of a task definition")]);
});

test('names are compared without upper and lower case', () => {
  const bare = { run: () => undefined };

  const problems = problemsOf([
    defineTask({ name: 'resizeImage', ...bare }),
    defineTask({ name: 'resizeimage', ...bare }),
    defineTask({ name: 'canceltask', ...bare }),
  ]);

  expect(problems.join('\n')).toContain("'resizeimage' of the task 'resizeimage' clashes with 'resizeImage'");
  expect(problems.join('\n')).toContain("'canceltask' of the task 'canceltask' clashes with 'cancelTask'");
});

function problemsOf(definitions: Parameters<typeof buildSchema>[0]): readonly string[] {
  try {
    buildSchema(definitions);
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems;
    throw error;
  }
  return [];
}

function fieldNames(schema: GraphQLSchema, type: string): string[] {
  const found = schema.getType(type);
  return isObjectType(found) || isInterfaceType(found) ? Object.keys(found.getFields()) : [];
}

/** Where the schema says nothing: `Type`, `Type.field`, `Type.field(argument)`, `Enum.VALUE`. */
function undescribed(schema: GraphQLSchema): string[] {
  const places: string[] = [];
  const look = (place: string, { description }: { description?: string | null | undefined }) => {
    if (!description?.trim()) places.push(place);
  };
  for (const type of Object.values(schema.getTypeMap())) {
    if (type.name.startsWith('__')) continue;
    look(type.name, type);
    if (isEnumType(type)) for (const value of type.getValues()) look(`${type.name}.${value.name}`, value);
    if (isInputObjectType(type)) {
      for (const field of Object.values(type.getFields())) look(`${type.name}.${field.name}`, field);
    }
    if (!isObjectType(type) && !isInterfaceType(type)) continue;
    for (const field of Object.values(type.getFields())) {
      look(`${type.name}.${field.name}`, field);
      for (const arg of field.args) look(`${type.name}.${field.name}(${arg.name})`, arg);
    }
  }
  return places;
}

import { GraphQLScalarType, graphql, isScalarType, printSchema, type GraphQLSchema } from 'graphql';
import { expect, test } from 'vitest';
import { createBuilder } from '../../src/definition/builder.ts';
import { builtInScalars } from '../../src/definition/built-in-scalars.ts';
import { findClashes, generatedNames } from '../../src/definition/names.ts';
import { setSource } from '../../src/definition/source.ts';
import { addTypes, compileDefinitions } from '../../src/definition/types.ts';
import { ConfigurationError, defineTask, type InputFields, type TaskDefinition } from '../../src/index.ts';

function problemsOf(...definitions: readonly TaskDefinition[]): readonly string[] {
  try {
    compileDefinitions(definitions);
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems;
    throw error;
  }
  return [];
}

/** The schema that an API would make of a definition, with a query that gives its stored output. */
function schemaOf(definition: TaskDefinition, stored: unknown): GraphQLSchema {
  const builder = createBuilder();
  const output = addTypes(builder, [definition]).get(definition.name)?.output;
  if (!output) throw new Error('no output');
  builder.queryType({
    fields: (t) => ({ output: t.field({ type: output, nullable: true, resolve: () => stored }) }),
  });
  return builder.toSchema();
}

const versionOf = (definition: TaskDefinition) =>
  compileDefinitions([definition]).get(definition.name)?.version;

const withInput = (name: string, input: TaskDefinition['input']) =>
  defineTask({ name, ...(input ? { input } : {}), run() {} });

test('a definition becomes the GraphQL types that it says', () => {
  const definition = defineTask({
    name: 'resizeImage',
    input: (t) => ({
      url: t.field({ type: 'URL', required: true, description: 'Where the image is.' }),
      width: t.int({ required: true, defaultValue: 100 }),
      format: t.enum(
        'ImageFormat',
        { JPEG: 'Small.', PNG: 'Exact.' },
        { description: 'What to make.', typeDescription: 'A format.', defaultValue: 'PNG' },
      ),
      marks: t.objectList('ImageMark', (t) => ({ text: t.string({ required: true }) }), {
        typeDescription: 'A text in the image.',
      }),
    }),
    output: (t) => ({
      bytes: t.int({ description: 'Its size.' }),
      format: t.enum('ImageFormat', ['JPEG', 'PNG']),
      sizes: t.objectList('ImageSize', (t) => ({ width: t.int(), height: t.int({ nullable: true }) })),
      grid: t.list(t.list(t.float({ nullable: true })), { deprecationReason: 'Use sizes.' }),
    }),
    run: () => ({ bytes: 1, format: 'PNG', sizes: [], grid: [] }),
  });

  const printed = printSchema(schemaOf(definition, null))
    .replaceAll(/"""[^"]*"""\nscalar .*(\n\n|$)/g, '')
    .trim();

  expect(printed).toBe(`"""A format."""
enum ImageFormat {
  """Small."""
  JPEG

  """Exact."""
  PNG
}

"""A text in the image."""
input ImageMark {
  text: String!
}

type ImageSize {
  height: Int
  width: Int
}

type Query {
  output: ResizeImageOutput
}

"""The input of \`resizeImage\`."""
input ResizeImageInput {
  """What to make."""
  format: ImageFormat = PNG
  marks: [ImageMark!]

  """Where the image is."""
  url: URL!
  width: Int! = 100
}

"""What \`resizeImage\` returned."""
type ResizeImageOutput {
  """Its size."""
  bytes: Int
  format: ImageFormat
  grid: [[Float]!] @deprecated(reason: "Use sizes.")
  sizes: [ImageSize!]
}`);
});

test('a stored output is read as it was written, also one of an older version that lacks fields', async () => {
  const Kelvin = new GraphQLScalarType<number, string>({
    name: 'Kelvin',
    serialize: (value) => `${Number(value)}K`,
    parseValue: (wire) => Number.parseFloat(String(wire)),
  });
  const definition = defineTask({
    name: 'measure',
    scalars: { Kelvin },
    output: (t) => ({
      at: t.field({ type: 'DateTimeISO' }),
      link: t.field({ type: 'URL' }),
      warm: t.field({ type: ['Kelvin'] }),
      place: t.object('Place', (t) => ({ name: t.string() })),
      added: t.int(),
    }),
    run: () => ({ at: new Date(0), link: 'https://a.example', warm: [20], place: { name: 'x' }, added: 1 }),
  });
  const compiled = compileDefinitions([definition]).get('measure');
  const stored = compiled?.serializeOutput(
    await definition.run(
      {},
      // `run` doesn't look at it.
      undefined as never,
    ),
  ) as { added?: number };
  delete stored.added;

  const result = await graphql({
    schema: schemaOf(definition, stored),
    source: '{ output { at link warm place { name } added } }',
  });

  expect(result).toEqual({
    data: {
      output: {
        at: '1970-01-01T00:00:00.000Z',
        link: 'https://a.example/',
        warm: ['20K'],
        place: { name: 'x' },
        added: null,
      },
    },
  });
});

declare module '../../src/index.ts' {
  interface Scalars {
    Kelvin: { Input: number; Output: number };
    Fahrenheit: { Input: number; Output: number };
  }
}

test('the same name with the same shape is one type, in one definition, across several, and for enums in both directions', () => {
  const size = (t: InputFields) => ({ width: t.int({ required: true }), height: t.int() });
  const one = defineTask({
    name: 'one1',
    input: (t) => ({
      from: t.object('Size', size),
      to: t.object('Size', size),
      unit: t.enum('Unit', ['CM', 'IN']),
    }),
    output: (t) => ({ unit: t.enum('Unit', { CM: 'Metric.', IN: 'Imperial.' }) }),
    run: () => ({ unit: 'CM' }),
  });
  // Another order, other descriptions.
  const two = withInput('two2', (t) => ({
    size: t.object('Size', (t) => ({
      height: t.int({ description: 'Up.' }),
      width: t.int({ required: true }),
    })),
    unit: t.enum('Unit', ['CM', 'IN']),
  }));

  expect(problemsOf(one, two)).toEqual([]);
});

test('the same name with two shapes is an error that names both definitions and their files', () => {
  const one = withInput('one1', (t) => ({ size: t.object('Size', (t) => ({ width: t.int() })) }));
  const two = withInput('two2', (t) => ({
    size: t.object('Size', (t) => ({ width: t.int({ required: true }) })),
  }));
  const three = withInput('three3', (t) => ({ size: t.enum('Size', ['S', 'M']) }));
  const four = withInput('four4', (t) => ({
    a: t.object('Other', (t) => ({ width: t.int({ defaultValue: 1 }) })),
    b: t.object('Other', (t) => ({ width: t.int({ defaultValue: 2 }) })),
  }));
  const five = defineTask({
    name: 'five5',
    output: (t) => ({ size: t.object('Size', (t) => ({ width: t.int({ nullable: true }) })) }),
    run: () => ({ size: {} }),
  });
  setSource(one, new URL('tasks/one.ts', `file://${process.cwd()}/`).href);

  expect(problemsOf(one, two, three, four, five)).toEqual([
    `Tasks 'one1' (tasks/one.ts) and 'two2' use the type name 'Size' for two shapes, input { width: Int } and input { width: Int! }: rename one.`,
    `Tasks 'one1' (tasks/one.ts) and 'three3' use the type name 'Size' for two shapes, input { width: Int } and enum { S, M }: rename one.`,
    `Task 'four4' uses the type name 'Other' for two shapes, input { width: Int = 1 } and input { width: Int = 2 }: rename one.`,
    `Tasks 'one1' (tasks/one.ts) and 'five5' use the type name 'Size' for two shapes, input { width: Int } and type { width: Int }: rename one.`,
  ]);
});

test('names that GraphQL or JavaScript does not allow are reported, all at once', () => {
  const bad = defineTask({
    name: 'bad1',
    input: (t) => ({
      'with-dash': t.int(),
      __typename: t.int(),
      constructor: t.int(),
      low: t.object('lowerCase', (t) => ({ x: t.int() })),
      none: t.object('Nothing', () => ({})),
      values: t.enum('Values', ['A', 'true', 'B-C', 'A']),
      empty: t.enum('Empty', []),
    }),
    output: () => ({}),
    run: () => ({}),
  });

  expect(problemsOf(bad)).toEqual([
    'Task \'bad1\': the type name "lowerCase" must match ^[A-Z][A-Za-z0-9]*$.',
    "Task 'bad1': the input type Nothing has no fields; leave it out or give it one.",
    'Task \'bad1\': the enum Values has a value "true", which must match ^(?!__|(?:true|false|null)$)[A-Za-z_][A-Za-z0-9_]*$.',
    'Task \'bad1\': the enum Values has a value "B-C", which must match ^(?!__|(?:true|false|null)$)[A-Za-z_][A-Za-z0-9_]*$.',
    "Task 'bad1': the enum Values has the value 'A' twice.",
    "Task 'bad1': the enum Empty has no values.",
    'Task \'bad1\': the input type Bad1Input has a field "with-dash", which must match ^(?!__)[A-Za-z_][A-Za-z0-9_]*$.',
    'Task \'bad1\': the input type Bad1Input has a field "__typename", which must match ^(?!__)[A-Za-z_][A-Za-z0-9_]*$.',
    "Task 'bad1': the input type Bad1Input has a field 'constructor', which every JavaScript object has already; rename it.",
    "Task 'bad1': the output type Bad1Output has no fields; leave it out or give it one.",
  ]);
});

test('a default that is not a value of its type is reported, in nested types, too', () => {
  // As in JavaScript, where no compiler says it.
  const wrong = (value: unknown) => value as never;
  const bad = withInput('bad1', (t) => ({
    n: t.int({ defaultValue: wrong('one') }),
    size: t.object('Size', (t) => ({ unit: t.enum('Unit', ['CM'], { defaultValue: wrong('IN') }) })),
    list: t.intList({ defaultValue: wrong([1, null]) }),
    need: t.object('Need', (t) => ({ x: t.int({ required: true }) }), { defaultValue: wrong({}) }),
  }));

  expect(problemsOf(bad)).toEqual([
    `Task 'bad1': the default of Bad1Input.list.1 isn't a value of its type: Expected Int!, not null.`,
    `Task 'bad1': the default of Bad1Input.n isn't a value of its type: Expected Int, not "one" (Int cannot represent non-integer value: "one").`,
    `Task 'bad1': the default of Bad1Input.need.x isn't a value of its type: Expected Int!, but it is missing.`,
    `Task 'bad1': the default of Size.unit isn't a value of its type: Expected Unit, one of CM, not "IN".`,
  ]);
});

test('fields that cannot be built are reported with their definition, and the others still are', () => {
  const throwing = withInput('one1', () => {
    throw new Error('no fields today');
  });
  const unknown = withInput('two2', (t) => ({ x: t.field({ type: 'Colour' as 'URL' }) }));

  expect(problemsOf(throwing, unknown)).toEqual([
    "Task 'one1': its input or output can't be built: no fields today.",
    expect.stringMatching(
      /^Task 'two2': the input field 'x' has no usable type \(.*Colour.*\); give a scalar of your own in `scalars`\.$/,
    ),
  ]);
});

test("a user's scalar must be one scalar under its own name", () => {
  const Kelvin = new GraphQLScalarType({ name: 'Kelvin' });
  const Another = new GraphQLScalarType({ name: 'Kelvin' });
  const using = (name: string, scalars: Record<string, GraphQLScalarType>) =>
    defineTask({ name, scalars, input: (t) => ({ x: t.field({ type: 'Kelvin' }) }), run() {} });

  expect(problemsOf(using('one1', { Kelvin }), using('two2', { Kelvin }))).toEqual([]);
  expect(
    problemsOf(
      using('one1', { Kelvin }),
      using('two2', { Kelvin: Another }),
      using('three3', { Kelvin, URL: Kelvin, Fahrenheit: Kelvin, Int: Kelvin }),
      using('four4', { Kelvin, Fahrenheit: 'F' as never }),
    ),
  ).toEqual([
    "Tasks 'one1' and 'two2' have different scalars 'Kelvin': use one GraphQLScalarType for both.",
    "Task 'three3': the scalar 'URL' is built in already.",
    "Task 'three3': scalars.Fahrenheit is a scalar named 'Kelvin'; use that name for it.",
    "Task 'three3': the scalar 'Int' is built in already.",
    "Task 'four4': scalars.Fahrenheit must be a GraphQLScalarType.",
  ]);
});

test('the version of a definition changes with the shape of its input and nothing else', () => {
  const base = withInput('job1', (t) => ({
    a: t.int({ required: true }),
    b: t.object('Inner', (t) => ({ x: t.enum('Letter', ['A', 'B']), y: t.string({ defaultValue: 'y' }) })),
  }));
  const same = defineTask({
    name: 'job1',
    description: 'Described.',
    queue: 'other',
    input: (t) => ({
      b: t.object(
        'Inner',
        (t) => ({
          y: t.string({ defaultValue: 'y', description: 'A "quoted" text.\n\nOn lines { like: this }.' }),
          x: t.enum('Letter', { B: 'Second.', A: 'First.' }, { typeDescription: 'A letter.' }),
        }),
        { description: 'Nested.' },
      ),
      a: t.int({ required: true, description: 'A number.' }),
    }),
    output: (t) => ({ n: t.int() }),
    run: () => ({ n: 1 }),
  });
  const version = versionOf(base);

  expect(version).toMatch(/^[0-9a-f]{12}$/);
  expect(versionOf(same)).toBe(version);
  const others = [
    withInput('job1', (t) => ({ a: t.int({ required: true }) })),
    withInput('job1', (t) => ({
      a: t.int(),
      b: t.object('Inner', (t) => ({ x: t.enum('Letter', ['A', 'B']), y: t.string({ defaultValue: 'y' }) })),
    })),
    withInput('job1', (t) => ({
      a: t.int({ required: true }),
      b: t.object('Inner', (t) => ({
        x: t.enum('Letter', ['A', 'B', 'C']),
        y: t.string({ defaultValue: 'y' }),
      })),
    })),
    withInput('job1', (t) => ({
      a: t.int({ required: true }),
      b: t.object('Inner', (t) => ({ x: t.enum('Letter', ['A', 'B']), y: t.string({ defaultValue: 'z' }) })),
    })),
    withInput('job1', undefined),
  ].map(versionOf);
  expect(new Set([version, ...others]).size).toBe(6);
});

test('a version stays the same over releases', () => {
  const known = withInput('job1', (t) => ({
    url: t.field({ type: 'URL', required: true }),
    size: t.object('Size', (t) => ({ width: t.int({ required: true, defaultValue: 1 }) })),
  }));

  // When this changes, workers of the release before no longer take tasks of this one: say so in CHANGELOG.md.
  expect(versionOf(known)).toBe('4bd29818e49a');
});

test('all names made from a definition are known before, and clashes are found without case', () => {
  expect(generatedNames('resizeImage')).toEqual({
    types: {
      input: 'ResizeImageInput',
      options: 'ResizeImageOptions',
      payload: 'ResizeImagePayload',
      batchPayload: 'ResizeImageBatchPayload',
      batchItem: 'ResizeImageBatchItem',
      task: 'ResizeImageTask',
      output: 'ResizeImageOutput',
    },
    mutations: { enqueue: 'resizeImage', batch: 'resizeImageBatch' },
    subscriptions: { updated: 'resizeImageUpdated', run: 'runResizeImage' },
  });
  expect(
    findClashes([
      { name: 'Image', owner: 'a' },
      { name: 'IMAGE', owner: 'b' },
      { name: 'Images', owner: 'b' },
    ]),
  ).toEqual(["The name 'IMAGE' of b clashes with 'Image' of a: rename one."]);
});

test('a nested type cannot take a name that is made from a definition or is a scalar', () => {
  const one = withInput('image', (t) => ({
    a: t.object('ImagePayload', (t) => ({ x: t.int() })),
    b: t.object('Url', (t) => ({ x: t.int() })),
  }));

  expect(problemsOf(one)).toEqual([
    "The name 'ImagePayload' of a type of the task 'image' clashes with 'ImagePayload' of the task 'image': rename one.",
    "The name 'Url' of a type of the task 'image' clashes with 'URL' of a scalar: rename one.",
  ]);
});

test('two definitions of one name are an error', () => {
  const one = withInput('image', undefined);

  expect(problemsOf(one, withInput('image', undefined))).toEqual([
    "Tasks 'image' and 'image' have the same name: rename one.",
  ]);
  expect(problemsOf(one, one)).toEqual([]);
});

test('every scalar says what it is and where its format is specified', () => {
  const schema = createBuilder().toSchema();

  const undocumented = [...builtInScalars.keys()].filter((name) => {
    const type = schema.getType(name);
    return !isScalarType(type) || !type.specifiedByURL?.startsWith('https://') || !type.description;
  });
  expect(undocumented).toEqual([]);
});

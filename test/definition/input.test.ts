import type { StandardSchemaV1 } from '@standard-schema/spec';
import { GraphQLScalarType } from 'graphql';
import { expect, test } from 'vitest';
import { defineTask, type Validate } from '../../src/index.ts';
import { compile, issuesOf } from './checked-input.ts';

const importRows = defineTask({
  name: 'importRows',
  input: (t) => ({
    url: t.field({ type: 'URL', required: true }),
    since: t.field({ type: 'DateTimeISO' }),
    format: t.enum('RowFormat', ['CSV', 'JSON'], { defaultValue: 'CSV' }),
    limit: t.int({ required: true, defaultValue: 100 }),
    tags: t.stringList({ defaultValue: ['new'] }),
    rows: t.objectList('ImportRow', (t) => ({
      name: t.string({ required: true }),
      size: t.object('RowSize', (t) => ({ width: t.int({ required: true, defaultValue: 1 }) }), {
        defaultValue: { width: 7 },
      }),
    })),
  }),
  run() {},
});

test('run gets the values that the wire stands for, with defaults filled in', async () => {
  const input = await compile(importRows).coerceInput({
    url: 'https://example.com/a?b=1',
    since: '2026-01-02T03:04:05+02:00',
    rows: [{ name: 'first' }, { name: 'second', size: {} }, { name: 'third', size: null }],
  });

  expect(input).toEqual({
    url: new URL('https://example.com/a?b=1'),
    since: new Date('2026-01-02T01:04:05Z'),
    format: 'CSV',
    limit: 100,
    tags: ['new'],
    rows: [
      { name: 'first', size: { width: 7 } },
      { name: 'second', size: { width: 1 } },
      { name: 'third', size: null },
    ],
  });
});

test('one run cannot change the default of the next', async () => {
  const compiled = compile(importRows);
  const first = (await compiled.coerceInput({ url: 'https://a.example' })) as { tags: string[] };
  first.tags.push('changed');

  expect(await compiled.coerceInput({ url: 'https://a.example' })).toMatchObject({ tags: ['new'] });
});

test('a single value is taken for a list of one, and null for a nullable field, as GraphQL does', async () => {
  const input = await compile(importRows).coerceInput({
    url: 'https://a.example',
    tags: 'one',
    format: null,
  });

  expect(input).toMatchObject({ tags: ['one'], format: null });
});

test('everything that is wrong is said, each with its path, what was expected and what came', async () => {
  const issues = await issuesOf(compile(importRows), {
    url: 'not a url',
    since: 'yesterday',
    format: 'XML',
    limit: null,
    tags: [1, 'two', null],
    rows: [{ name: 'ok' }, {}, { name: 3, size: { width: 'wide', depth: 1 } }, 'row', [1]],
    extra: true,
  });

  expect(issues).toEqual([
    { path: ['format'], message: 'Expected RowFormat, one of CSV, JSON, not "XML".' },
    { path: ['limit'], message: 'Expected Int!, not null.' },
    { path: ['rows', 1, 'name'], message: 'Expected String!, but it is missing.' },
    {
      path: ['rows', 2, 'name'],
      message: 'Expected String, not 3 (String cannot represent a non string value: 3).',
    },
    {
      path: ['rows', 2, 'size', 'width'],
      message: 'Expected Int, not "wide" (Int cannot represent non-integer value: "wide").',
    },
    { path: ['rows', 2, 'size', 'depth'], message: 'RowSize has no field of this name; it has width.' },
    { path: ['rows', 3], message: 'Expected ImportRow, an object, not "row".' },
    { path: ['rows', 4], message: 'Expected ImportRow, an object, not a list.' },
    {
      path: ['since'],
      message:
        'Expected DateTimeISO, not "yesterday" (DateTime cannot represent an invalid date-time-string yesterday.).',
    },
    {
      path: ['tags', 0],
      message: 'Expected String, not 1 (String cannot represent a non string value: 1).',
    },
    { path: ['tags', 2], message: 'Expected String!, not null.' },
    { path: ['url'], message: 'Expected URL, not "not a url" (Invalid URL).' },
    {
      path: ['extra'],
      message: 'ImportRowsInput has no field of this name; it has format, limit, rows, since, tags, url.',
    },
  ]);
});

test("the names of JavaScript's own properties are data like any other", async () => {
  const wire: unknown = JSON.parse(
    '{ "url": "https://a.example", "__proto__": { "limit": 5 }, "constructor": 1, "toString": "x" }',
  );

  const issues = await issuesOf(compile(importRows), wire);

  expect(issues.map(({ path }) => path)).toEqual([['__proto__'], ['constructor'], ['toString']]);
  expect({}).not.toHaveProperty('limit');
});

test('a message repeats neither long values nor a stack', async () => {
  const compiled = compile(importRows);
  const secret = 'x'.repeat(100_000);

  const error: unknown = await compiled
    .coerceInput({ url: secret, format: secret })
    .catch((error: unknown) => error);

  expect(JSON.stringify(error).length).toBeLessThan(1_000);
  expect(String(error)).not.toContain('    at ');
});

test('a hundred thousand wrong items are answered like a hundred', async () => {
  const rows = Array.from({ length: 100_000 }, () => ({ nome: 'x' }));

  expect(await issuesOf(compile(importRows), { url: 'https://a.example', rows })).toHaveLength(100);
});

test('an input that is no object is refused, and none at all is an empty one', async () => {
  expect(await issuesOf(compile(importRows), 'text')).toEqual([
    { path: [], message: 'Expected ImportRowsInput, an object, not "text".' },
  ]);
  expect(await issuesOf(compile(importRows), undefined)).toEqual([
    { path: ['url'], message: 'Expected URL!, but it is missing.' },
  ]);
});

test('a task without input takes nothing', async () => {
  const compiled = compile(defineTask({ name: 'tick', run() {} }));

  expect(await compiled.coerceInput(undefined)).toEqual({});
  expect(await compiled.coerceInput({})).toEqual({});
  expect(await issuesOf(compiled, { n: 1 })).toEqual([
    { path: [], message: 'Expected no input: this task takes none.' },
  ]);
});

test('a scalar that throws something odd is an issue and no crash', async () => {
  const Odd = new GraphQLScalarType({
    name: 'Odd',
    parseValue() {
      // oxlint-disable-next-line typescript/only-throw-error -- as a careless user might
      throw 'odd';
    },
  });
  const compiled = compile(
    defineTask({ name: 'a1', scalars: { Odd }, input: (t) => ({ odd: t.field({ type: 'Odd' }) }), run() {} }),
  );

  expect(await issuesOf(compiled, { odd: 1 })).toEqual([{ path: ['odd'], message: 'Expected Odd, not 1.' }]);
});

declare module '../../src/index.ts' {
  interface Scalars {
    Odd: { Input: unknown; Output: unknown };
    Celsius: { Input: { degrees: number }; Output: { degrees: number } };
  }
}

const Celsius = new GraphQLScalarType<{ degrees: number }, string>({
  name: 'Celsius',
  description: 'A temperature such as `20C`.',
  parseValue: (wire) => ({ degrees: Number.parseFloat(String(wire)) }),
  serialize: (value) => `${(value as { degrees: number }).degrees}C`,
});

test('what a resolver got from GraphQL becomes wire JSON again, own scalars included', async () => {
  const compiled = compile(
    defineTask({
      name: 'a1',
      scalars: { Celsius },
      input: (t) => ({
        at: t.field({ type: 'DateTimeISO' }),
        url: t.field({ type: 'URL' }),
        warm: t.field({ type: ['Celsius'] }),
        deep: t.object('Deep', (t) => ({ cold: t.field({ type: 'Celsius' }), none: t.int() })),
      }),
      run() {},
    }),
  );
  const wire = {
    at: '2026-01-02T03:04:05.000Z',
    url: 'https://a.example/',
    warm: ['20C', '21C'],
    deep: { cold: '-4C', none: null },
  };

  expect(compiled.serializeInput(await compiled.coerceInput(wire))).toEqual(wire);
});

const even = (validate: Validate<{ n: number }>) =>
  compile(defineTask({ name: 'a1', input: (t) => ({ n: t.int({ required: true }) }), validate, run() {} }));

test('a validate function returns issues, throws, or finds nothing wrong', async () => {
  expect(
    await issuesOf(
      even(() => 'must be even'),
      { n: 1 },
    ),
  ).toEqual([{ path: [], message: 'must be even' }]);
  expect(
    await issuesOf(
      even(({ n }) => [{ path: ['n'], message: `${n} is odd` }, 'and more']),
      { n: 1 },
    ),
  ).toEqual([
    { path: ['n'], message: '1 is odd' },
    { path: [], message: 'and more' },
  ]);
  const throwing = even(() => {
    throw new Error('no such account');
  });
  expect(await issuesOf(throwing, { n: 1 })).toEqual([{ path: [], message: 'no such account' }]);
  const later = even(async ({ n }) => (n % 2 === 0 ? undefined : 'odd'));
  expect(await issuesOf(later, { n: 1 })).toEqual([{ path: [], message: 'odd' }]);
  expect(await later.coerceInput({ n: 2 })).toEqual({ n: 2 });
  expect(await even(() => []).coerceInput({ n: 1 })).toEqual({ n: 1 });
});

test('a validate function sees only what has its types', async () => {
  const seen: unknown[] = [];
  const compiled = even((input) => void seen.push(input));

  await issuesOf(compiled, { n: 'one' });
  await compiled.coerceInput({ n: 1 });

  expect(seen).toEqual([{ n: 1 }]);
});

test('a Standard Schema checks, and what it returns changes nothing', async () => {
  const schema: StandardSchemaV1<{ n: number }, string> = {
    '~standard': {
      version: 1,
      vendor: 'test',
      validate: (value) =>
        (value as { n: number }).n % 2 === 0
          ? { value: 'something else' }
          : { issues: [{ message: 'odd', path: ['n', { key: 'deep' }, 0] }, { message: 'bad' }] },
    },
  };
  // ArkType's are functions.
  const callable = Object.assign(() => 'called', schema);

  expect(await even(schema).coerceInput({ n: 2 })).toEqual({ n: 2 });
  expect(await even(callable).coerceInput({ n: 2 })).toEqual({ n: 2 });
  expect(await issuesOf(even(schema), { n: 1 })).toEqual([
    { path: ['n', 'deep', 0], message: 'odd' },
    { path: [], message: 'bad' },
  ]);
});

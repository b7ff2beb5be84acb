import { isInputObjectType } from 'graphql';
import { expect, test } from 'vitest';
import { enqueueOperation } from '../../src/dashboard/pages/enqueue/operation.ts';
import { draftOf, linkTo } from '../../src/dashboard/pages/enqueue/draft.ts';
import { optionsSchema } from '../../src/dashboard/pages/enqueue/options-schema.ts';
import { check } from '../../src/dashboard/parts/schema-form/check.ts';
import {
  issuesBelow,
  issuesHere,
  issuesLeft,
  issuesOf,
} from '../../src/dashboard/parts/schema-form/issue.ts';
import {
  coverSecrets,
  nameSecrets,
  uncoverSecrets,
  withoutSecrets,
} from '../../src/dashboard/parts/schema-form/secret.ts';
import { shapeOf } from '../../src/dashboard/parts/schema-form/shape.ts';
import {
  fits,
  initialItem,
  initialValue,
  readJson,
  readNumber,
  withProperty,
} from '../../src/dashboard/parts/schema-form/value.ts';
import { jsonSchemaOf } from '../../src/graphql/json-schema.ts';
import { buildSchema } from '../../src/graphql/schema.ts';
import { defineTask } from '../../src/index.ts';

const definition = defineTask({
  name: 'printBook',
  input: (t) => ({
    title: t.field({ type: 'NonEmptyString', required: true }),
    copies: t.field({ type: 'PositiveInt', required: true, defaultValue: 1 }),
    mail: t.field({ type: 'EmailAddress' }),
    cover: t.object('BookCover', (t) => ({
      colour: t.enum('CoverColour', { RED: 'As blood.', BLUE: 'As the sky.' }, { required: true }),
    })),
    size: t.object(
      'BookSize',
      (t) => ({ width: t.float({ required: true }), unit: t.string({ required: true, defaultValue: 'mm' }) }),
      { required: true },
    ),
    chapters: t.objectList(
      'BookChapter',
      (t) => ({ name: t.string({ required: true }), key: t.string({ secret: true }) }),
      { required: true },
    ),
    isSigned: t.boolean(),
    password: t.string({ secret: true }),
    zone: t.field({ type: 'TimeZone' }),
    extra: t.field({ type: 'JSON' }),
  }),
  run() {},
});
const type = buildSchema([definition]).getType('PrintBookInput');
if (!isInputObjectType(type)) throw new Error('there is no such input');
const schema = jsonSchemaOf(type);

function shapeAt(name: string) {
  const whole = shapeOf(schema, schema);
  if (whole.kind !== 'object') throw new Error('the input is an object');
  const [, property = {}] = whole.properties.find(([known]) => known === name) ?? [];
  return shapeOf(property, schema);
}

test('each field of an input has the control of its type, also behind a reference and where it may be null', () => {
  const whole = shapeOf(schema, schema);

  expect(whole.kind === 'object' && whole.properties.map(([name]) => [name, shapeAt(name).kind])).toEqual([
    ['title', 'text'],
    ['copies', 'number'],
    ['mail', 'text'],
    ['cover', 'object'],
    ['size', 'object'],
    ['chapters', 'list'],
    ['isSigned', 'boolean'],
    ['password', 'text'],
    ['zone', 'text'],
    ['extra', 'json'],
  ]);
  expect(shapeAt('mail')).toMatchObject({ format: 'email', isNullable: true, title: 'EmailAddress' });
  expect(shapeAt('zone')).toMatchObject({ format: 'time-zone' });
  expect(shapeAt('copies')).toMatchObject({ isWhole: true, min: 1, default: 1, isNullable: false });
  expect(shapeAt('password')).toMatchObject({ isSecret: true });
  expect(shapeAt('cover')).toMatchObject({ title: 'BookCover', isNullable: true });
});

test('an enum offers its values with what each means', () => {
  const cover = shapeAt('cover');
  const [, colour] = (cover.kind === 'object' ? cover.properties[0] : undefined) ?? [];

  expect(shapeOf(colour ?? {}, schema)).toMatchObject({
    kind: 'choice',
    choices: [
      { value: 'RED', description: 'As blood.' },
      { value: 'BLUE', description: 'As the sky.' },
    ],
  });
});

test('a form begins with what must be there, and leaves to the API what has a default or may be left out', () => {
  expect(initialValue(schema, schema)).toEqual({ size: {}, chapters: [] });
});

test('what a page can tell to be wrong is told with the place, before anything is sent', () => {
  const input = {
    title: '',
    copies: 0,
    mail: 'nobody',
    cover: { colour: 'GREEN' },
    size: { width: 'wide' },
    chapters: [{ name: 'One' }, {}],
    isSigned: null,
    other: 1,
  };

  expect(check(input, schema).map(({ path }) => path.join('.'))).toEqual([
    'title',
    'copies',
    'mail',
    'cover.colour',
    'size.width',
    'chapters.1.name',
    'other',
  ]);
  const right = { title: 'Emma', size: { width: 1.5 }, chapters: [], password: '[secret]', extra: null };
  expect(check(right, schema)).toEqual([]);
  expect(check({}, schema).map(({ path }) => path[0])).toEqual(['title', 'size', 'chapters']);
  expect(check({ delay: '5s', priority: 700 }, optionsSchema)).toMatchObject([{ path: ['priority'] }]);
});

test('what GraphQL takes beside its type is nothing wrong: one value for a list, a number for an ID', () => {
  expect(check({ tags: ['a'] }, optionsSchema)).toEqual([]);
  expect(check({ tags: 'a' }, optionsSchema)).toEqual([]);
  expect(check({ tags: 7 }, optionsSchema)).toMatchObject([{ path: ['tags'] }]);
  const id = { type: 'object', properties: { id: { type: 'string', title: 'ID' } } };
  expect(check({ id: 7 }, id)).toEqual([]);
  expect(check({ id: 7.5 }, id)).toMatchObject([{ path: ['id'] }]);
});

test('a value that a control would not show, as of an older version of the input, is not given to it', () => {
  const shown = {
    title: 'a',
    copies: 'ten',
    cover: null,
    size: {},
    chapters: [],
    isSigned: true,
    extra: [1],
  };
  const hidden = { title: 1, copies: [1], cover: 'RED', size: [], chapters: 'One', isSigned: 'yes' };

  expect(Object.entries(shown).map(([name, value]) => fits(value, shapeAt(name)))).not.toContain(false);
  expect(Object.entries(hidden).map(([name, value]) => fits(value, shapeAt(name)))).not.toContain(true);
  expect(fits(readJson('{'), shapeAt('cover'))).toBe(false);
});

test('exactly one field of a choice of fields is given, and a type that contains itself ends', () => {
  const tree = {
    type: 'object',
    properties: { leaf: { type: 'integer' }, left: { anyOf: [{ $ref: '#' }, { type: 'null' }] } },
    oneOf: [{ required: ['leaf'] }, { required: ['left'] }],
  };

  expect(shapeOf(tree, tree).kind).toBe('one-of');
  expect(initialValue(tree, tree)).toEqual({});
  expect(check({ left: { leaf: 1 } }, tree)).toEqual([]);
  expect(check({ leaf: 1, left: { leaf: 1 } }, tree)).toMatchObject([{ path: [] }]);
  expect(check({ left: {} }, tree)).toMatchObject([{ path: ['left'] }]);
  expect(check({ leaf: undefined }, tree)).toMatchObject([{ path: ['leaf'] }]);
});

test('what the API says is wrong is shown at its field until that is changed', () => {
  const issues = issuesOf({
    code: 'BAD_USER_INPUT',
    issues: [
      { path: ['input', 'chapters', 1, 'name'], message: 'Too long.' },
      { path: ['input'], message: 'Too much.' },
      { path: 'nowhere', message: 'Nothing.' },
    ],
  });
  const below = issuesBelow(issues, 'input');

  expect(issuesBelow(issuesBelow(below, 'chapters'), 1)).toEqual([{ path: ['name'], message: 'Too long.' }]);
  expect(issuesHere(below, ['chapters'])).toEqual([{ path: [], message: 'Too much.' }]);
  const before = { title: 'Emma', chapters: [{ name: 'One' }, { name: 'Two' }] };
  expect(issuesLeft(below, before, { ...before, chapters: [{ name: 'Other' }, { name: 'Two' }] })).toEqual([
    { path: ['chapters', 1, 'name'], message: 'Too long.' },
  ]);
  expect(issuesLeft(below, before, { ...before, chapters: [{ name: 'One' }] })).toEqual([]);
});

test('secrets are in no link, and covered where the input is shown as JSON', () => {
  const input = { title: 'Emma', chapters: [{ name: 'One', key: 'k' }], password: 'p' };
  const covered = { title: 'Emma', chapters: [{ name: 'One', key: '[secret]' }], password: '[secret]' };

  expect(withoutSecrets(input, schema, schema)).toEqual({ title: 'Emma', chapters: [{ name: 'One' }] });
  // Half-typed JSON may hold one anywhere.
  expect(withoutSecrets({ title: 'Emma', chapters: readJson('[{ "key": "x') }, schema, schema)).toEqual({
    title: 'Emma',
  });
  expect(coverSecrets(input, schema, schema)).toEqual(covered);
  const edited = { ...covered, title: 'Persuasion', password: 'new' };
  expect(uncoverSecrets(edited, input, schema, schema)).toEqual({
    title: 'Persuasion',
    chapters: [{ name: 'One', key: 'k' }],
    password: 'new',
  });
  const link = linkTo(input, schema);
  expect(link).not.toContain('%22p%22');
  expect(draftOf('printBook', schema, link).input).toEqual({ title: 'Emma', chapters: [{ name: 'One' }] });
  const forged = `?input=${encodeURIComponent('{"title":"a","password":"p"}')}`;
  expect(draftOf('printBook', schema, forged).input).toEqual({ title: 'a' });
});

test('a secret is in no link and covered wherever the value is not of its type, or one stands for a list', () => {
  const one = { chapters: { name: 'One', key: 'hush' } };
  expect(check({ ...one, title: 'Emma', size: { width: 1 } }, schema)).toEqual([]);

  expect(withoutSecrets(one, schema, schema)).toEqual({ chapters: { name: 'One' } });
  expect(coverSecrets(one, schema, schema)).toEqual({ chapters: { name: 'One', key: '[secret]' } });
  expect(uncoverSecrets(coverSecrets(one, schema, schema), one, schema, schema)).toEqual(one);
  for (const chapters of ['hush', ['hush'], [['hush']], [{ name: 'One', key: { of: 'hush' } }], 7]) {
    expect(JSON.stringify(withoutSecrets({ chapters }, schema, schema))).not.toMatch(/hush|7/);
    const covered = coverSecrets({ chapters }, schema, schema);
    expect(JSON.stringify(covered)).not.toMatch(/hush|7/);
    expect(uncoverSecrets(covered, { chapters }, schema, schema)).toEqual({ chapters });
  }
  // Where no secret can be there is nothing to hide.
  const wrong = { cover: 'RED', size: [1], title: { of: 'Emma' } };
  expect(coverSecrets(wrong, schema, schema)).toEqual(wrong);
});

test('in what is copied each secret that was given says which it is, and one that is kept stays as it is', () => {
  const input = {
    title: 'Emma',
    password: 'hush',
    chapters: [
      { name: 'One', key: '[secret]' },
      { name: 'Two', key: 'hush' },
    ],
  };

  expect(nameSecrets(input, schema)).toEqual({
    value: {
      title: 'Emma',
      password: '<secret of password>',
      chapters: [
        { name: 'One', key: '[secret]' },
        { name: 'Two', key: '<secret of chapters.1.key>' },
      ],
    },
    named: ['password', 'chapters.1.key'],
  });
});

test('a secret that is covered stays with its item, whichever item before it has gone', () => {
  const uncovered = (names: readonly string[], before: unknown) =>
    uncoverSecrets(
      { chapters: names.map((name) => ({ name, key: '[secret]' })) },
      { chapters: before },
      schema,
      schema,
    );
  const before = [
    { name: 'One', key: '1' },
    { name: 'Two', key: '2' },
  ];

  expect(uncovered(['Two'], before)).toEqual({ chapters: [{ name: 'Two', key: '2' }] });
  expect(uncovered(['Two', 'One'], before)).toEqual({ chapters: before.toReversed() });
  expect(uncovered(['One', 'Three'], before)).toEqual({
    chapters: [
      { name: 'One', key: '1' },
      { name: 'Three', key: '2' },
    ],
  });
  expect(uncovered(['Four'], before)).toEqual({ chapters: [{ name: 'Four', key: '[secret]' }] });
  // The first is called as the second for a moment, on the way to another name.
  expect(uncovered(['Two', 'Two'], before)).toEqual({
    chapters: [
      { name: 'Two', key: '1' },
      { name: 'Two', key: '2' },
    ],
  });
});

test('a number is what was typed, and a text that is none stays to be corrected', () => {
  expect(['12', ' -0.5 ', '1e3', '.5'].map(readNumber)).toEqual([12, -0.5, 1000, 0.5]);
  expect(['1,5', '0x10', 'ten'].map(readNumber)).toEqual(['1,5', '0x10', 'ten']);
});

test('fields stand in the order of their schema, whichever was filled in first', () => {
  const value = withProperty({ b: 2 }, 'a', 1, ['a', 'b']);

  expect(Object.keys(value)).toEqual(['a', 'b']);
  expect(withProperty(value, 'b', undefined, ['a', 'b'])).toEqual({ a: 1 });
  expect(initialItem({ type: 'string' }, schema)).toBe('');
});

test('the mutation is made of names that the API told, and of nothing else', () => {
  const printBook = { mutation: 'printBook', inputType: 'PrintBookInput' };

  expect(enqueueOperation(printBook, { title: 'Emma' }, { priority: 5 })).toEqual({
    query: `mutation Enqueue($input: PrintBookInput!, $options: TaskOptions) {
  m: printBook(input: $input, options: $options) {
    deduplicated
    task {
      id
    }
  }
}`,
    variables: { input: { title: 'Emma' }, options: { priority: 5 } },
  });
  expect(enqueueOperation({ mutation: 'ping', inputType: null }, {}, {}).query).toContain('  m: ping {');
  const replay = enqueueOperation({ ...printBook, replayOf: 'default_1' }, { title: 'Emma' }, {});
  expect(replay.query).toContain(
    'mutation Enqueue($id: ID!, $input: JSON) {\n  m: replayTask(id: $id, input: $input) {',
  );
  expect(replay.variables).toEqual({ id: 'default_1', input: { title: 'Emma' } });
  expect(() => enqueueOperation({ ...printBook, mutation: 'a { b }' }, {}, {})).toThrow(
    'Expected a name of GraphQL, got "a { b }".',
  );
});

import { GraphQLScalarType } from 'graphql';
import { expect, test } from 'vitest';
import { compileDefinitions } from '../../src/definition/types.ts';
import { defineTask, InvalidOutputError, type Issue, type TaskDefinition } from '../../src/index.ts';

function serialize<Input, Output>(definition: TaskDefinition<Input, Output>, value: unknown): unknown {
  return compileDefinitions([definition]).get(definition.name)?.serializeOutput(value);
}

function issuesOf<Input, Output>(
  definition: TaskDefinition<Input, Output>,
  value: unknown,
): readonly Issue[] {
  try {
    serialize(definition, value);
  } catch (error) {
    if (error instanceof InvalidOutputError) return error.issues;
    throw error;
  }
  throw new Error('was accepted');
}

const report = defineTask({
  name: 'makeReport',
  output: (t) => ({
    pages: t.int(),
    ratio: t.float({ nullable: true }),
    at: t.field({ type: 'DateTimeISO' }),
    links: t.field({ type: ['URL'] }),
    format: t.enum('ReportFormat', ['PDF', 'HTML']),
    cells: t.list(t.list(t.float({ nullable: true }))),
    author: t.object('Author', (t) => ({ id: t.id(), name: t.string({ nullable: true }) })),
    raw: t.field({ type: 'JSON', nullable: true }),
  }),
  run: () => ({ ...good, format: 'PDF' }),
});

const good = {
  pages: 3,
  at: new Date('2026-01-02T03:04:05Z'),
  links: [new URL('https://a.example'), 'https://b.example/x'],
  format: 'PDF',
  cells: [[1.5, null], []],
  author: { id: 7 },
};

test('what run returned is stored as JSON: dates and URLs as text, nothing as null', () => {
  expect(serialize(report, { ...good, raw: { when: good.at, gone: undefined, list: [1, '2'] } })).toEqual({
    pages: 3,
    ratio: null,
    at: '2026-01-02T03:04:05.000Z',
    links: ['https://a.example/', 'https://b.example/x'],
    format: 'PDF',
    cells: [[1.5, null], []],
    author: { id: '7', name: null },
    raw: { when: '2026-01-02T03:04:05.000Z', list: [1, '2'] },
  });
});

test('everything that is not as declared is named with its path, what was expected and what came', () => {
  const circular: Record<string, unknown> = {};
  circular['self'] = circular;

  const issues = issuesOf(report, {
    pages: 2.5,
    ratio: Number.NaN,
    at: 'soon',
    links: 'https://a.example',
    format: 'DOCX',
    cells: [[1], [null, 'x'], null],
    author: { name: 5, email: 'a@b.example' },
    raw: circular,
    colour: 'red',
  });

  expect(issues.map(({ path, message }) => `${path.join('.')}: ${message}`)).toEqual([
    'pages: Expected Int, got 2.5 (Int cannot represent non-integer value: 2.5).',
    'ratio: Expected Float, got NaN (Float cannot represent non numeric value: NaN).',
    'at: Expected DateTimeISO, got "soon" (DateTime cannot represent an invalid date-time-string soon.).',
    'links: Expected a list of URL, got "https://a.example".',
    'format: Expected one of PDF, HTML, got "DOCX".',
    expect.stringMatching(/^cells\.1\.1: Expected Float, got "x"/),
    'cells.2: Expected a list of Float, got null.',
    'author.id: Expected ID, got undefined.',
    'author.email: The output has no field of this name; got "a@b.example".',
    expect.stringMatching(/^raw: Expected JSON, got an object \(Converting circular structure to JSON/),
    'colour: The output has no field of this name; got "red".',
  ]);
});

test('an output that is no object is refused', () => {
  expect(issuesOf(report, undefined)).toEqual([
    {
      path: [],
      message: 'Expected an object with pages, ratio, at, links, format, cells, author, raw, got undefined.',
    },
  ]);
  expect(issuesOf(report, [good])).toHaveLength(1);
});

test('the error has a code and says the first problem and how many more there are', () => {
  const error = (() => {
    try {
      return serialize(report, { ...good, pages: 'many', format: 'DOCX' });
    } catch (error) {
      return error;
    }
  })();

  expect(error).toMatchObject({
    code: 'INVALID_OUTPUT',
    message:
      'The output of \'makeReport\' isn\'t as declared: pages: Expected Int, got "many" (Int cannot represent non-integer value: "many"). (and 1 more)',
  });
});

test('a task without output returns nothing; something is an error, not silently dropped', () => {
  const tick = defineTask({ name: 'tick', run() {} });

  expect(serialize(tick, undefined)).toBe(null);
  expect(() => serialize(tick, { bytes: 1 })).toThrow(InvalidOutputError);
});

test('an instance of a class is an object like any other', () => {
  class Author {
    readonly id = 'x';
    readonly #secret = 1;
    name = `secret ${this.#secret}`;
  }

  expect(serialize(report, { ...good, author: new Author() })).toMatchObject({
    author: { id: 'x', name: 'secret 1' },
  });
});

test('a scalar of your own is serialized by it', () => {
  const Upper = new GraphQLScalarType({ name: 'Upper', serialize: (value) => String(value).toUpperCase() });
  const shout = defineTask({
    name: 'shout',
    scalars: { Upper },
    output: (t) => ({ said: t.field({ type: 'Upper' }) }),
    run: () => ({ said: 'hi' }),
  });

  expect(serialize(shout, { said: 'hi' })).toEqual({ said: 'HI' });
});

declare module '../../src/index.ts' {
  interface Scalars {
    Upper: { Input: string; Output: string };
  }
}

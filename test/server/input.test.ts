import { describe, expect, test } from 'vitest';
import { defineTask } from '../../src/index.ts';
import { TestApi } from './test-api.ts';

const picture = defineTask({
  name: 'picture',
  description: 'Takes a bit of everything.',
  input: (t) => ({
    url: t.field({ type: 'URL', required: true }),
    takenAt: t.field({ type: 'DateTimeISO' }),
    format: t.enum('PictureFormat', ['JPEG', 'PNG'], { defaultValue: 'PNG' }),
    size: t.object('PictureSize', (t) => ({ width: t.int({ required: true }), height: t.int() })),
    anything: t.field({ type: 'JSON' }),
    labels: t.stringList(),
  }),
  validate: ({ labels }) =>
    labels?.includes('forbidden') ? { message: 'no such label', path: ['labels'] } : undefined,
  run: () => undefined,
});

const enqueue = 'mutation ($picture: PictureInput!) { picture(input: $picture) { task { id input } } }';

const wire = {
  url: 'https://example.org/a b?c=ü',
  takenAt: '2026-01-02T03:04:05+02:00',
  size: { width: 3, height: null },
  anything: { list: [], big: 12_345_678_901_234, __proto__: null },
  labels: 'one',
};

describe.each(['http', 'overSocket'] as const)('over %s', (transport) => {
  test('the record keeps the input as it came: nothing coerced, nothing filled in', async () => {
    await using api = await TestApi.start([picture], { workers: 0 });

    const { data } = await api[transport](enqueue, { picture: wire });

    expect(data.picture.task.input).toEqual(wire);
    expect(await api.tests.tasks.input(data.picture.task.id)).toEqual(wire);
  });

  test('an input that is written out in the document is kept with its variables in place', async () => {
    await using api = await TestApi.start([picture], { workers: 0 });
    const query = `mutation ($width: Int = 5, $label: String!, $height: Int) {
      picture(input: { url: "https://a.org", format: JPEG, size: { width: $width, height: $height }, labels: [$label] }) {
        task { input }
      }
    }`;

    const { data } = await api[transport](query, { label: 'x' });

    expect(data.picture.task.input).toEqual({
      url: 'https://a.org',
      format: 'JPEG',
      size: { width: 5 },
      labels: ['x'],
    });
  });

  test('variables that do not fit are BAD_USER_INPUT with each place, and nothing is enqueued', async () => {
    await using api = await TestApi.start([picture], { workers: 0 });
    const bad = { url: 'nonsense', format: 'GIF', size: { width: 1.5 }, labels: [1] };

    const { data, errors } = await api[transport](enqueue, { picture: bad });

    expect(data).toBeUndefined();
    expect(errors).toHaveLength(1);
    expect(errors?.[0]?.extensions).toMatchObject({
      code: 'BAD_USER_INPUT',
      issues: [
        { path: ['picture', 'url'], message: expect.stringContaining('Invalid URL') },
        { path: ['picture', 'format'], message: expect.stringContaining('GIF') },
        { path: ['picture', 'size', 'width'], message: expect.stringContaining('1.5') },
        { path: ['picture', 'labels', 0], message: expect.stringContaining('String') },
      ],
    });
    expect(await api.tests.tasks.count()).toMatchObject({ count: 0 });
  });

  test('a variable that is missing is BAD_USER_INPUT, too', async () => {
    await using api = await TestApi.start([picture], { workers: 0 });

    const { errors } = await api[transport](enqueue);

    expect(errors?.[0]?.extensions).toMatchObject({
      code: 'BAD_USER_INPUT',
      issues: [{ path: ['picture'] }],
    });
  });

  test("what a definition's own rules refuse is BAD_USER_INPUT with the place", async () => {
    await using api = await TestApi.start([picture], { workers: 0 });
    const refused = { url: 'https://a.org', labels: ['forbidden'] };

    const { errors } = await api[transport](enqueue, { picture: refused });

    expect(errors?.[0]).toMatchObject({
      path: ['picture'],
      extensions: {
        code: 'BAD_USER_INPUT',
        issues: [{ path: ['picture', 'labels'], message: 'no such label' }],
      },
    });
    expect(await api.tests.tasks.count()).toMatchObject({ count: 0 });
  });
});

test.each([
  ['application/json', 200],
  ['application/graphql-response+json', 400],
])('variables that do not fit are answered to a client of %s with %d', async (accept, status) => {
  await using api = await TestApi.start([picture], { workers: 0 });

  const response = await api.post({ query: enqueue, variables: { picture: {} } }, { accept });

  expect(response.status).toBe(status);
});

test.each(['http', 'overSocket'] as const)(
  'bad values in the document itself are BAD_USER_INPUT with each place, over %s',
  async (transport) => {
    await using api = await TestApi.start([picture], { workers: 0 });
    const query = `mutation ($format: PictureFormat = GIF) {
      picture(
        input: { url: 5, format: $format, size: { width: "x", depth: 1 }, labels: ["a", 2] }
        options: { tags: [3] }
      ) { task { id } }
    }`;

    // Twice: the second answer may come out of a cache.
    for (const { errors } of [await api[transport](query), await api[transport](query)]) {
      expect(errors).toHaveLength(1);
      expect(errors?.[0]?.extensions).toMatchObject({ code: 'BAD_USER_INPUT' });
      const issues = errors?.[0]?.extensions?.['issues'];
      expect(Array.isArray(issues) && issues.map(({ path }) => path.join('.'))).toEqual([
        'format',
        'input.url',
        'input.size.width',
        'input.size.depth',
        'input.labels.1',
        'options.tags.0',
      ]);
    }
    expect(await api.tests.tasks.count()).toMatchObject({ count: 0 });
  },
);

test('a bad value beside another mistake of the document is told with it', async () => {
  await using api = await TestApi.start([picture], { workers: 0 });

  const { errors } = await api.http('mutation { picture(input: { url: 5 }) { task { nothing } } }');

  expect(errors?.map(({ extensions }) => extensions?.['code'])).toEqual([
    'GRAPHQL_VALIDATION_FAILED',
    'BAD_USER_INPUT',
  ]);
});

test('what is wrong with variables is told by its exact place, without repeating it, and a hundred times at most', async () => {
  await using api = await TestApi.start([picture], { workers: 0 });
  const long = 'x'.repeat(500);

  const unknown = await api.http(enqueue, {
    picture: { url: 'https://a.org', zz: long, size: { height: 1 } },
  });
  const bad = { url: 'https://a.org', labels: Array.from({ length: 1000 }, () => [long]) };
  const many = await api.http(
    `mutation ($a: PictureInput!, $b: PictureInput!) {
      a: picture(input: $a) { task { id } }
      b: picture(input: $b) { task { id } }
    }`,
    { a: bad, b: { ...bad, labels: bad.labels.slice(0, 500) } },
  );

  expect(unknown.errors?.[0]?.extensions?.['issues']).toMatchObject([
    { path: ['picture', 'size', 'width'] },
    { path: ['picture', 'zz'] },
  ]);
  expect(many.errors?.[0]?.extensions?.['issues']).toHaveLength(100);
  expect(JSON.stringify([unknown, many])).not.toContain('x'.repeat(200));
});

test.each(['http', 'overSocket'] as const)(
  'variables that are nested more than 32 deep are BAD_USER_INPUT, over %s',
  async (transport) => {
    await using api = await TestApi.start([picture], { workers: 0, sockets: { maxMessageBytes: 1_000_000 } });
    const nested = (levels: number) => JSON.parse(`${'['.repeat(levels)}${']'.repeat(levels)}`);
    const ask = (levels: number) =>
      api[transport](enqueue, { picture: { url: 'https://a.org', anything: nested(levels) } });

    expect(await ask(31)).toMatchObject({ data: { picture: { task: { input: {} } } } });
    expect((await ask(32)).errors).toMatchObject([
      { extensions: { code: 'BAD_USER_INPUT', issues: [{ path: ['picture'] }] } },
    ]);
  },
);

test('variables that are nested without end are answered with 400', async () => {
  await using api = await TestApi.start([picture], { workers: 0 });
  // Text, as a client that writes it without recursion has it.
  const nested = `${'['.repeat(20_000)}${']'.repeat(20_000)}`;
  const body = `{"query": ${JSON.stringify(enqueue)}, "variables": {"picture": {"anything": ${nested}}}}`;

  const response = await api.post(body, { accept: 'application/graphql-response+json' });

  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'BAD_USER_INPUT' } }] });
});

test('a default of the operation counts as what the client sent', async () => {
  await using api = await TestApi.start([picture], { workers: 0 });
  const query = `mutation ($picture: PictureInput! = { url: "https://default.org" }) {
    picture(input: $picture) { task { input } }
  }`;

  const { data } = await api.http(query);

  expect(data.picture.task.input).toEqual({ url: 'https://default.org' });
});

test.each([
  ['too many', Array.from({ length: 21 }, (_, index) => `tag${index}`), ['options', 'tags']],
  ['an empty one', ['fine', ''], ['options', 'tags', 1]],
  ['a long one', ['x'.repeat(65)], ['options', 'tags', 0]],
  ['a line break', ['a\nb'], ['options', 'tags', 0]],
])('tags with %s are BAD_USER_INPUT', async (_, tags, path) => {
  await using api = await TestApi.start([picture], { workers: 0 });
  const query = `mutation ($tags: [String!]) {
    picture(input: { url: "https://a.org" }, options: { tags: $tags }) { task { id } }
  }`;

  const { errors } = await api.http(query, { tags });

  expect(errors?.[0]?.extensions).toMatchObject({ code: 'BAD_USER_INPUT', issues: [{ path }] });
});

test('a reason for a cancel that is too long is BAD_USER_INPUT', async () => {
  await using api = await TestApi.start([picture], { workers: 0 });

  const { errors } = await api.http(
    'mutation ($reason: String) { cancelTask(id: "a", reason: $reason) { accepted } }',
    {
      reason: 'x'.repeat(501),
    },
  );

  expect(errors?.[0]?.extensions).toMatchObject({ code: 'BAD_USER_INPUT', issues: [{ path: ['reason'] }] });
});

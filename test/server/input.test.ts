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

test('a bad value in the document itself is refused by validation', async () => {
  await using api = await TestApi.start([picture], { workers: 0 });

  const { errors } = await api.http('mutation { picture(input: { url: 5 }) { task { id } } }');

  expect(errors?.[0]?.extensions).toEqual({ code: 'GRAPHQL_VALIDATION_FAILED' });
  expect(await api.tests.tasks.count()).toMatchObject({ count: 0 });
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

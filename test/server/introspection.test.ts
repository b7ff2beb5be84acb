import { buildClientSchema, getIntrospectionQuery } from 'graphql';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { double } from '../support/definitions.ts';
import { TestTokens } from '../support/tokens.ts';
import { TestApi } from './test-api.ts';
import { TestClient } from './test-client.ts';

const tokens = new TestTokens();

let api: TestApi;
let reader: TestClient;
let other: TestClient;
let admin: TestClient;
beforeAll(async () => {
  api = await TestApi.start([double], { workers: 0, authenticator: tokens, graphiql: true });
  reader = new TestClient(api.origin, tokens.make('reader', undefined, ['schema:read']));
  other = new TestClient(api.origin, tokens.make('other', undefined, ['tasks:read', 'tasks:write']));
  admin = new TestClient(api.origin, tokens.make('admin', undefined, ['admin']));
});
afterAll(async () => {
  for (const client of [reader, other, admin, api]) await client[Symbol.asyncDispose]();
});

const off = [{ extensions: { code: 'INTROSPECTION_OFF' } }];
const whole = getIntrospectionQuery();

const introspections = [
  ['all of it', whole],
  ['the names of all types', '{ __schema { types { name } } }'],
  ['one type', '{ __type(name: "DoubleTask") { fields { name } } }'],
  ['by an alias', '{ a: __typename b: __schema { queryType { name } } }'],
  [
    'in fragments',
    '{ ...A } fragment A on Query { ...B } fragment B on Query { ... { __schema { queryType { name } } } }',
  ],
  [
    'where it is left out',
    'query ($no: Boolean = false) { __schema @include(if: $no) { queryType { name } } }',
  ],
] as const;

describe.each(['http', 'overSocket'] as const)('over %s', (transport) => {
  test.each(introspections)('who may read the schema is told %s, and nobody else', async (_, query) => {
    // In turns, as a document is kept for all who send it.
    for (const allowed of [reader, admin, reader]) {
      expect((await allowed[transport](query)).errors).toBeUndefined();
      expect((await other[transport](query)).errors).toMatchObject(off);
    }
  });

  test('everybody may ask for `__typename`', async () => {
    expect(await other[transport]('{ __typename tasks { __typename } }')).toEqual({
      data: { __typename: 'Query', tasks: { __typename: 'TaskConnection' } },
    });
  });

  test('a misspelt name is answered with a suggestion for who may read the schema alone', async () => {
    const query = '{ taskz { nodes { id } } }';

    for (let round = 0; round < 2; round += 1) {
      expect((await admin[transport](query)).errors?.[0]?.message).toContain('Did you mean');
      expect((await other[transport](query)).errors?.[0]?.message).not.toContain('Did you mean');
    }
  });
});

test('of a document with two operations the one that runs decides', async () => {
  const query = 'query A { __typename } query B { __schema { queryType { name } } }';
  const ask = async (operationName: string) =>
    await (
      await other.post({ query, operationName }, { accept: 'application/graphql-response+json' })
    ).json();

  expect(await ask('A')).toEqual({ data: { __typename: 'Query' } });
  expect(await ask('B')).toMatchObject({ errors: off });
});

test.each([
  ['GraphiQL', getIntrospectionQuery({ schemaDescription: true, inputValueDeprecation: true })],
  [
    'generators of code',
    getIntrospectionQuery({
      descriptions: true,
      schemaDescription: true,
      inputValueDeprecation: true,
      directiveIsRepeatable: true,
      specifiedByUrl: true,
      oneOf: true,
    }),
  ],
])('the query of %s is within the limits', async (_, query) => {
  const { data, errors } = await reader.http(query);

  expect(errors).toBeUndefined();
  expect(buildClientSchema(data).getMutationType()?.getFields()).toHaveProperty('double');
});

test('an introspection that is refused is a bad request', async () => {
  const response = await other.post({ query: whole }, { accept: 'application/graphql-response+json' });

  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({ errors: off });
});

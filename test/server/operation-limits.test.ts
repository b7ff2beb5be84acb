import { expect, test } from 'vitest';
import { ConfigurationError } from '../../src/errors.ts';
import { createServer } from '../../src/server/server.ts';
import { openAuthenticator } from '../../src/auth/authenticator.ts';
import { operationLimits } from '../../src/server/operation-limits.ts';
import { double } from '../support/definitions.ts';
import { testLogger } from '../support/stores.ts';
import { TestTasks } from '../support/tasks.ts';
import { TestApi } from './test-api.ts';

test.each([
  [{ depth: 2 }, '{ tasks { nodes { id } } }', 'DOCUMENT_TOO_LARGE'],
  [{ aliases: 1 }, '{ a: __typename b: __typename }', 'DOCUMENT_TOO_LARGE'],
  [{ rootFields: 1 }, '{ __typename a: __typename }', 'DOCUMENT_TOO_LARGE'],
  [{ fields: 2 }, '{ tasks { hasNextPage: pageInfo { hasNextPage } } }', 'DOCUMENT_TOO_LARGE'],
  [{ directives: 1 }, '{ __typename @skip(if: false) @include(if: true) }', 'DOCUMENT_TOO_LARGE'],
  [
    { variables: 1 },
    'query ($a: Int, $b: Int) { tasks(first: $a, last: $b) { nodes { id } } }',
    'DOCUMENT_TOO_LARGE',
  ],
  [{ introspectionDepth: 2 }, '{ __schema { queryType { name } } }', 'DOCUMENT_TOO_LARGE'],
  [{ tokens: 4 }, '{ __typename a: __typename }', 'GRAPHQL_PARSE_FAILED'],
  [{ cost: 20 }, '{ tasks { nodes { id } } }', 'TOO_COSTLY'],
])('%j is a limit that can be set', async (limits, query, code) => {
  await using api = await TestApi.start([double], { workers: 0, operations: limits });

  expect((await api.http(query)).errors).toMatchObject([{ extensions: { code } }]);
  expect((await api.overSocket(query)).errors).toMatchObject([{ extensions: { code } }]);
});

test('how many errors are told can be set, to one, too', async () => {
  await using api = await TestApi.start([double], { workers: 0, operations: { errors: 1 } });

  const { errors } = await api.http('{ a b c }');

  expect(errors).toMatchObject([{ extensions: { code: 'GRAPHQL_VALIDATION_FAILED', omitted: 2 } }]);
});

test('a limit that is none keeps the server from being made, with all that is wrong', async () => {
  await using tests = await TestTasks.start([double], { workers: 0 });
  const limits = { depth: 0, cost: 1.5, timeoutMs: 1e12 };

  expect(() =>
    createServer({
      tasks: tests.tasks,
      logger: testLogger,
      authenticator: openAuthenticator,
      operations: limits,
    }),
  ).toThrow(
    new ConfigurationError([
      'operations.depth: expected a whole number from 1 to 2147483647, got 0.',
      'operations.cost: expected a whole number from 1 to 2147483647, got 1.5.',
      'operations.timeoutMs: expected a whole number from 1 to 2147483647, got 1000000000000.',
    ]),
  );
});

test('a limit that is undefined is the default', () => {
  expect(operationLimits({ depth: undefined as unknown as number, cost: 5 })).toEqual({
    ...operationLimits(),
    cost: 5,
  });
});

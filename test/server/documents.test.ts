import { expect, test } from 'vitest';
import { buildSchema } from '../../src/graphql/schema.ts';
import { Documents } from '../../src/server/documents.ts';
import { operationLimits } from '../../src/server/operation-limits.ts';
import { double } from '../support/definitions.ts';
import { TestApi } from './test-api.ts';

const refused = [{ extensions: { code: 'GRAPHQL_PARSE_FAILED' } }];

test.each([
  ['of a megabyte', `{ ${'__typename '.repeat(80_000)}}`],
  ['nested 20,000 deep', `${'{ a '.repeat(20_000)}${'}'.repeat(20_000)}`],
])('a document %s is refused before it is parsed', async (_, query) => {
  await using api = await TestApi.start([double], { workers: 0, sockets: { maxMessageBytes: 2_000_000 } });

  const response = await api.post({ query }, { accept: 'application/graphql-response+json' });
  const streamed = await Array.fromAsync(api.sse(query));

  expect(response.status).toBe(400);
  expect((await response.json()).errors).toMatchObject(refused);
  expect(streamed).toMatchObject([{ errors: refused }]);
  expect((await api.overSocket(query)).errors).toMatchObject(refused);
});

test('a document of a thousand tokens is served', async () => {
  await using api = await TestApi.start([double], { workers: 0 });

  const fields = Array.from({ length: 12 }, () => 'id status version isFinal ');
  const tasks = Array.from({ length: 8 }, (_, index) => `a${index}: task(id: "x") { ${fields.join(' ')} }`);

  const { errors } = await api.http(`{ ${tasks.join(' ')} }`);

  expect(errors?.[0]?.extensions).toMatchObject({ code: 'TASK_NOT_FOUND' });
});

test('the parsed documents that are kept are bounded in size and number, and the used ones stay', () => {
  const documents = new Documents(buildSchema([double]), operationLimits(), false);
  const large = `{ __typename } #${'x'.repeat(16_384)}`;

  expect(documents.parse(large)).not.toBe(documents.parse(large));
  const [used, first] = ['{ used: __typename }', '{ a0: __typename }'].map((text) => documents.parse(text));
  for (let index = 0; index < 1000; index += 1) {
    documents.parse(`{ a${index}: __typename }`);
    documents.parse('{ used: __typename }');
  }

  expect(documents.parse('{ a0: __typename }')).not.toBe(first);
  expect(documents.parse('{ used: __typename }')).toBe(used);
});

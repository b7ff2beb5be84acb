import { serverAudits } from 'graphql-http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { double } from '../support/definitions.ts';
import { TestApi } from './test-api.ts';

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start([double], { workers: 0 });
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
});

const audits = serverAudits({ url: () => api.url });

test('there are 61 audits of GraphQL over HTTP', () => {
  expect(audits).toHaveLength(61);
});

test.each(audits)('GraphQL over HTTP $id: $name', async ({ fn }) => {
  const result = await fn();

  expect(result).toMatchObject({ status: 'ok' });
});

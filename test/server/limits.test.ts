import { expect, test } from 'vitest';
import { defineTask } from '../../src/index.ts';
import { TestApi } from './test-api.ts';

test('a mutation at a limit that rejects is told the code, and when to try again', async () => {
  const call = defineTask({
    name: 'call',
    limit: { rate: { count: 1, per: '1h' }, whenFull: 'REJECT' },
    run: () => undefined,
  });
  await using api = await TestApi.start([call]);
  const { data } = await api.http('mutation { call { task { id } } }');
  await api.tests.finished(data.call.task.id);

  const { errors } = await api.http('mutation { call { task { id } } }');

  expect(errors).toMatchObject([{ path: ['call'], extensions: { code: 'LIMIT_REACHED' } }]);
  const retryAt = Date.parse(String(errors?.[0]?.extensions?.['retryAt']));
  expect(retryAt - Date.now()).toBeGreaterThan(3_500_000);
  expect(retryAt - Date.now()).toBeLessThan(3_600_001);
});

test('a mutation at a limit of runs is told the code, but no time', async () => {
  const call = defineTask({
    name: 'call',
    limit: { concurrency: 1, whenFull: 'REJECT' },
    run: () => undefined,
  });
  await using api = await TestApi.start([call], { workers: 0 });
  await api.http('mutation { call { task { id } } }');

  const { errors } = await api.http('mutation { call { task { id } } }');

  expect(errors?.[0]?.extensions).toEqual({ code: 'LIMIT_REACHED' });
});

test('an input that makes a key too long is BAD_USER_INPUT, in whichever way it comes', async () => {
  const index = defineTask({
    name: 'index',
    input: (t) => ({ tenant: t.string({ required: true }) }),
    limit: { concurrency: 1, key: ({ tenant }) => tenant },
    run: () => undefined,
  });
  await using api = await TestApi.start([index], { workers: 0 });
  const input = { tenant: 't'.repeat(257) };
  const message = 'Expected one whose limit.key has at most 256 characters, got 257.';

  const one = await api.http('mutation ($i: IndexInput!) { index(input: $i) { task { id } } }', { i: input });
  const many = await api.http(
    'mutation ($i: [IndexInput!]!) { indexBatch(inputs: $i) { items { task { id } error { code issues } } } }',
    { i: [{ tenant: 'a' }, input] },
  );
  const later = await api.http(
    `mutation ($i: JSON) {
      createSchedule(definition: "index", schedule: { every: "1h" }, input: $i) { schedule { id } }
    }`,
    { i: input },
  );

  const refused = [{ extensions: { code: 'BAD_USER_INPUT', issues: [{ path: ['i'], message }] } }];
  expect(one.errors).toMatchObject(refused);
  expect(later.errors).toMatchObject(refused);
  expect(many.data.indexBatch.items).toMatchObject([
    { task: { id: expect.any(String) }, error: null },
    { task: null, error: { code: 'BAD_USER_INPUT', issues: [{ path: [], message }] } },
  ]);
});

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

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { defineTask } from '../../src/index.ts';
import { double, forever } from '../support/definitions.ts';
import { TestStore } from '../support/store.ts';
import { TestApi } from './test-api.ts';

let isBroken = true;
const breaks = defineTask({
  name: 'breaks',
  retry: { attempts: 1 },
  input: (t) => ({ n: t.int() }),
  run({ n }) {
    if (isBroken) throw new Error(`No ${n} today.`);
  },
});

const payload = `totalCount { count isExact } acceptedCount hasMore endCursor
  results { id accepted task { id status replayOf { id } } error { code message issues } }`;
const mutation = (field: string, extra = '') => `mutation (
  $filter: TaskFilter!, $dryRun: Boolean, $first: Int, $after: String
) {
  answer: ${field}(filter: $filter, dryRun: $dryRun, first: $first, after: $after ${extra}) { ${payload} }
}`;

let api: TestApi;
beforeEach(async () => {
  isBroken = true;
});
afterEach(async () => {
  await api[Symbol.asyncDispose]();
});

async function bulk(field: string, variables: Record<string, unknown>, extra?: string) {
  const { data, errors } = await api.http(mutation(field, extra), variables);
  expect(errors).toBeUndefined();
  return data.answer;
}

/** Tasks that have ended: ids, newest first. */
async function ended(count: number, options = {}): Promise<string[]> {
  const ids: string[] = [];
  for (let n = 0; n < count; n += 1) {
    const { id } = await api.tests.tasks.enqueue(breaks, { n }, options);
    await api.tests.finished(id);
    ids.unshift(id);
  }
  return ids;
}

/** Replays the tasks so far of a filter, by the same request each time. */
async function repeatable(conditions: Record<string, unknown>) {
  const { tasks } = await api.tests.tasks.list({ direction: 'DESC', limit: 1 });
  const newest = tasks[0]?.task.createdAt ?? 0;
  const createdBefore = new Date(newest + 1);
  await vi.waitUntil(() => Date.now() > newest);
  const variables = { filter: { ...conditions, createdBefore } };
  const send = async () => {
    const { data } = await api.http(mutation('replayTasks'), variables, { 'idempotency-key': 'tuesday' });
    return data.answer;
  };
  const ids = ({ results }: { results: { task: { id: string } }[] }) => results.map(({ task }) => task.id);
  return { send, ids };
}

describe('cancelTasks', () => {
  test('tells how many first, then cancels those that have not ended, each with the reason', async () => {
    api = await TestApi.start([double, forever], { workers: 0 });
    const [done, one, two] = [
      await api.enqueueDouble(1),
      await api.enqueueDouble(2),
      await api.enqueueDouble(3),
    ];
    await api.tests.tasks.cancel(done);
    const { id: other } = await api.tests.tasks.enqueue(forever, {});
    const filter = { names: ['double'] };

    const dry = await bulk('cancelTasks', { filter, dryRun: true });
    expect(dry).toEqual({
      totalCount: { count: 2, isExact: true },
      acceptedCount: 0,
      hasMore: false,
      endCursor: null,
      results: [],
    });
    expect(await api.tests.tasks.count({ statuses: ['QUEUED'] })).toMatchObject({ count: 3 });

    const real = await bulk('cancelTasks', { filter }, 'reason: "wrong price"');
    expect(real).toMatchObject({ totalCount: { count: 2, isExact: true }, acceptedCount: 2, hasMore: false });
    expect(real.results).toEqual(
      [two, one].map((id) => ({
        id,
        accepted: true,
        task: { id, status: 'CANCELED', replayOf: null },
        error: null,
      })),
    );
    expect(await api.tests.tasks.get(one)).toMatchObject({
      cancellation: { reason: 'wrong price', actor: 'anonymous' },
    });
    expect(await api.tests.tasks.get(done)).not.toMatchObject({ cancellation: { reason: 'wrong price' } });
    expect(await api.tests.tasks.get(other)).toMatchObject({ status: 'QUEUED' });
  });

  test('goes on from call to call until there is no more', async () => {
    api = await TestApi.start([double], { workers: 0 });
    await Promise.all(Array.from({ length: 250 }, (_, n) => api.tests.tasks.enqueue(double, { n })));
    const filter = { names: ['double'] };
    const pages = [];
    let page;
    do {
      page = await bulk('cancelTasks', { filter, first: 120, after: page?.endCursor });
      pages.push(page);
    } while (page.hasMore);

    expect(pages.map(({ results }) => results.length)).toEqual([120, 120, 10]);
    // Each call counts what is left for it.
    expect(pages.map(({ totalCount }) => totalCount.count)).toEqual([250, 130, 10]);
    expect(await api.tests.tasks.count({ statuses: ['CANCELED'] })).toMatchObject({ count: 250 });
  });

  test('reaches tasks that run', async () => {
    api = await TestApi.start([forever]);
    const { id } = await api.tests.tasks.enqueue(forever, {});
    await api.tests.reached(id, ({ progress }) => progress !== undefined);

    const { results } = await bulk('cancelTasks', { filter: { statuses: ['RUNNING'] } });

    expect(results).toMatchObject([{ id, accepted: true, task: { status: 'CANCELING' } }]);
    expect(await api.tests.finished(id)).toMatchObject({ status: 'CANCELED' });
  });

  test('with a reason that is too long is BAD_USER_INPUT, once', async () => {
    api = await TestApi.start([double], { workers: 0 });
    await api.enqueueDouble(1);
    const reason = `reason: "${'x'.repeat(501)}"`;

    const { errors } = await api.http(mutation('cancelTasks', reason), { filter: { names: ['double'] } });

    expect(errors).toMatchObject([
      { extensions: { code: 'BAD_USER_INPUT', issues: [{ path: ['reason'] }] } },
    ]);
  });
});

describe('retryTasks', () => {
  test('puts back what failed; one that cannot be is told with its error and holds up none', async () => {
    api = await TestApi.start([breaks, double]);
    const [first = '', second = ''] = await ended(2);
    const [taken = ''] = await ended(1, { idempotencyKey: 'k' });
    isBroken = false;
    const { id: taker } = await api.tests.tasks.enqueue(breaks, { n: 0 }, { idempotencyKey: 'k' });
    await api.tests.finished(taker);

    const answer = await bulk('retryTasks', { filter: { names: ['breaks', 'double'] } });

    expect(answer).toMatchObject({ totalCount: { count: 3 }, acceptedCount: 2 });
    expect(answer.results).toMatchObject([
      { id: taken, accepted: false, task: null, error: { code: 'IDEMPOTENCY_KEY_REUSED' } },
      { id: first, accepted: true, task: { id: first }, error: null },
      { id: second, accepted: true, task: { id: second }, error: null },
    ]);
    for (const id of [first, second]) {
      expect(await api.tests.finished(id)).toMatchObject({ status: 'SUCCEEDED' });
    }
    expect(await api.tests.tasks.get(taken)).toMatchObject({ status: 'FAILED' });
  });

  test('is for no task where the filter asks for others', async () => {
    api = await TestApi.start([breaks]);
    isBroken = false;
    await ended(1);

    const answer = await bulk('retryTasks', { filter: { statuses: ['SUCCEEDED', 'QUEUED'] } });

    expect(answer).toMatchObject({ totalCount: { count: 0, isExact: true }, results: [], hasMore: false });
  });
});

describe('replayTasks', () => {
  test('enqueues what has ended anew, page by page, and never its own replays', async () => {
    api = await TestApi.start([breaks]);
    const originals = await ended(5);
    const filter = { names: ['breaks'], statuses: ['FAILED'] };

    expect(await bulk('replayTasks', { filter, dryRun: true })).toMatchObject({ totalCount: { count: 5 } });
    const seen = [];
    let page;
    do {
      page = await bulk('replayTasks', { filter, first: 2, after: page?.endCursor });
      // They end, and match the filter, before the next call.
      for (const { task } of page.results) await api.tests.finished(task.id);
      seen.push(...page.results);
    } while (page.hasMore);

    expect(seen.map(({ id }) => id)).toEqual(originals);
    for (const { id, accepted, task } of seen) {
      expect(accepted).toBe(true);
      expect(task.replayOf).toEqual({ id });
    }
  });

  test('can be sent again with its key: each original is replayed once', async () => {
    api = await TestApi.start([breaks]);
    await ended(2);
    isBroken = false;
    const { send, ids } = await repeatable({ names: ['breaks'] });

    const first = await send();
    // They match all of the filter but its time.
    for (const id of ids(first)) await api.tests.finished(id);
    const again = await send();

    expect(first.acceptedCount).toBe(2);
    expect(again).toMatchObject({ totalCount: { count: 2 }, acceptedCount: 0 });
    expect(new Set(ids(first)).size).toBe(2);
    expect(ids(again)).toEqual(ids(first));
  });

  test('sent again with its key replays once more what has failed again meanwhile', async () => {
    api = await TestApi.start([breaks]);
    await ended(1);
    const { send, ids } = await repeatable({ names: ['breaks'] });

    const first = await send();
    for (const id of ids(first)) await api.tests.finished(id);
    const again = await send();

    expect(again).toMatchObject({ totalCount: { count: 1 }, acceptedCount: 1 });
    expect(ids(again)).not.toEqual(ids(first));
  });

  test.each([
    ['without `createdBefore`', undefined, 'Expected `createdBefore`: a repetition would find'],
    ['with a time to come', 60_000, 'Expected a time that has passed: a repetition would find'],
  ])('with a key and a filter %s is BAD_USER_INPUT, and nothing changes', async (_, inMs, message) => {
    api = await TestApi.start([breaks]);
    await ended(1);
    const createdBefore = inMs === undefined ? undefined : new Date(Date.now() + inMs);
    const filter = { names: ['breaks'], createdBefore };

    for (const dryRun of [false, true]) {
      const key = 'options: { idempotencyKey: "tuesday" }';
      const { errors } = await api.http(mutation('replayTasks', key), { filter, dryRun });

      expect(errors).toMatchObject([
        {
          path: ['answer'],
          extensions: {
            code: 'BAD_USER_INPUT',
            issues: [{ path: ['filter', 'createdBefore'], message: expect.stringContaining(message) }],
          },
        },
      ]);
    }
    expect(await api.tests.tasks.count()).toMatchObject({ count: 1 });
  });

  test.each([
    ['tags', { tags: ['fine', ''] }, ['options', 'tags', 1]],
    ['a key', { idempotencyKey: '' }, ['options', 'idempotencyKey']],
    ['a time for the key', { idempotencyKeyTtl: '31d' }, ['options', 'idempotencyKeyTtl']],
  ])('with %s that cannot be used is BAD_USER_INPUT once, of a dry run, too', async (_, options, path) => {
    api = await TestApi.start([breaks]);
    await ended(2);
    const document = mutation('replayTasks', 'options: $options').replace('(', '($options: TaskOptions, ');
    const filter = { names: ['breaks'] };

    for (const dryRun of [false, true]) {
      const { errors } = await api.http(document, { filter, dryRun, options });

      expect(errors).toMatchObject([
        { path: ['answer'], extensions: { code: 'BAD_USER_INPUT', issues: [{ path }] } },
      ]);
    }
    expect(await api.tests.tasks.count()).toMatchObject({ count: 2 });
  });

  test('tells with each task what keeps it from being replayed, and nothing of the inside', async () => {
    const unknown = defineTask({ name: 'unknown', run: () => undefined });
    api = await TestApi.start([breaks]);
    const [fine = '', spoilt = ''] = await ended(2);
    await using others = await TestApi.start([unknown], { redis: api.tests.redis });
    const { id: foreign } = await others.tests.tasks.enqueue(unknown, {});
    await others.tests.finished(foreign);
    await using store = new TestStore(api.tests.redis, 'default');
    await store.redis.set(`${store.root}:input:${spoilt}`, 'hunter2 {');

    const { results } = await bulk('replayTasks', { filter: { queues: ['default'] } });

    expect(results).toMatchObject([
      { id: foreign, accepted: false, error: { code: 'BAD_USER_INPUT', issues: [{ path: ['id'] }] } },
      { id: fine, accepted: true, error: null },
      { id: spoilt, accepted: false, error: { code: 'INTERNAL_SERVER_ERROR', issues: null } },
    ]);
    expect(results[0].error.message).toContain("'unknown'");
    expect(JSON.stringify(results)).not.toContain('hunter2');
  });
});

describe.each(['cancelTasks', 'retryTasks', 'replayTasks'])('%s', (field) => {
  test.each([
    ['an empty filter', { filter: {} }, ['filter']],
    ['a filter of nulls', { filter: { names: null, tags: null } }, ['filter']],
    ['an empty list', { filter: { names: ['double'], tags: [] } }, ['filter', 'tags']],
    ['no tasks at a time', { filter: { names: ['double'] }, first: 0 }, ['first']],
    ['too many at a time', { filter: { names: ['double'] }, first: 1001 }, ['first']],
    ['a foreign cursor', { filter: { names: ['double'] }, after: 'nonsense' }, ['after']],
    ['an empty cursor', { filter: { names: ['double'] }, after: '' }, ['after']],
  ])('with %s is BAD_USER_INPUT, of a dry run, too, and nothing changes', async (_, variables, path) => {
    api = await TestApi.start([double], { workers: 0, operations: { cost: 10_000 } });
    const id = await api.enqueueDouble(1);

    for (const dryRun of [false, true]) {
      const { errors } = await api.http(mutation(field), { ...variables, dryRun });

      expect(errors).toMatchObject([
        {
          message: expect.stringMatching(`^${path.join('.')}: Expected `),
          path: ['answer'],
          extensions: { code: 'BAD_USER_INPUT', issues: [{ path }] },
        },
      ]);
    }
    expect(await api.tests.tasks.get(id)).toMatchObject({ status: 'QUEUED' });
    expect(await api.tests.tasks.count()).toMatchObject({ count: 1 });
  });

  test('acts where `dryRun` and `first` are null, as where they are left out', async () => {
    api = await TestApi.start([double], { workers: 0 });
    const id = await api.enqueueDouble(1);
    if (field !== 'cancelTasks') await api.tests.tasks.cancel(id);
    const variables = { filter: { names: ['double'] }, dryRun: null, first: null, after: null };

    expect(await bulk(field, variables)).toMatchObject({ acceptedCount: 1, results: [{ id }] });
  });

  test('is for everything so far where the filter says so by the time', async () => {
    api = await TestApi.start([double], { workers: 0 });
    const id = await api.enqueueDouble(1);
    if (field !== 'cancelTasks') await api.tests.tasks.cancel(id);
    const createdBefore = new Date(Date.now() + 60_000);

    expect(await bulk(field, { filter: { createdBefore } })).toMatchObject({
      acceptedCount: 1,
      results: [{ id }],
    });
  });
});

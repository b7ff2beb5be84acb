import { describe, expect, test } from 'vitest';
import { countTasks, listTasks, type TaskFilter, type TaskQuery } from '../../src/tasks/list.ts';
import { matcherOf } from '../../src/tasks/matching.ts';
import { countOfQueue, pageOfQueue } from '../../src/tasks/store-list.ts';
import { TestStore, w1 } from '../support/store.ts';
import { sharedStores } from '../support/stores.ts';

type Direction = TaskQuery['direction'];

/** Reads all pages of a query; gives the ids. */
async function readAll(
  tests: TestStore,
  filter: TaskFilter,
  direction: Direction,
  limit: number,
): Promise<string[]> {
  const ids: string[] = [];
  let after: string | undefined;
  for (;;) {
    const cursor = after === undefined ? {} : { after };
    const page = await listTasks(tests.store, [tests.queue], { filter, direction, limit, ...cursor });
    expect(page.tasks.length).toBeLessThanOrEqual(limit);
    ids.push(...page.tasks.map(({ task }) => task.id));
    if (!page.hasMore) return ids;
    after = page.endCursor;
  }
}

describe.each(sharedStores)('a list in $name', (shared) => {
  test('holds every task once, in both orders, whatever the page size', async () => {
    await using tests = new TestStore(shared);
    const created = await Promise.all(
      Array.from({ length: 130 }, (_, index) => tests.create({ name: `name${index % 3}` })),
    );
    const order = created
      .map(({ task }) => task)
      .toSorted((a, b) => a.createdAt - b.createdAt)
      .map(({ id }) => id);

    const newest = await readAll(tests, {}, 'DESC', 7);
    const oldest = await readAll(tests, {}, 'ASC', 100);

    expect(newest.toReversed()).toEqual(oldest);
    expect(oldest.toSorted()).toEqual(order.toSorted());
  });

  test('of ids has those that are there and meet all else, page by page', async () => {
    await using tests = new TestStore(shared);
    const ids: string[] = [];
    for (let made = 0; made < 5; made += 1) ids.push((await tests.create()).task.id);
    const [gone = '', canceled = ''] = ids;
    await tests.vanish(gone);
    await tests.store.cancel(canceled, {});
    const named = { ids: [...ids.toReversed(), ids[2] ?? ''] };

    expect(await readAll(tests, named, 'ASC', 2)).toEqual(ids.slice(1));
    expect(await readAll(tests, named, 'DESC', 3)).toEqual(ids.slice(1).toReversed());
    const waiting: TaskFilter = { ids: ids.slice(0, 4), statuses: ['QUEUED'] };
    expect(await readAll(tests, waiting, 'ASC', 1)).toEqual(ids.slice(2, 4));
    expect(await countTasks(tests.store, [tests.queue], waiting)).toEqual({ count: 2, exact: true });
    expect(await countTasks(tests.store, ['other'], waiting)).toEqual({ count: 0, exact: true });
  });

  test('filters by name, status, tag, owner and time, all at once', async () => {
    await using tests = new TestStore(shared);
    const wanted = await tests.create({ name: 'resize', tags: ['a', 'b'], owner: 'ada' });
    await tests.create({ name: 'resize', tags: ['b'], owner: 'bob' });
    await tests.create({ name: 'other', tags: ['a'], owner: 'ada' });
    await tests.succeed(await tests.delivery());
    const { id, createdAt } = wanted.task;
    const all: TaskFilter = {
      names: ['resize'],
      statuses: ['SUCCEEDED', 'FAILED'],
      tags: ['a', 'b'],
      owners: ['ada'],
      createdAfter: createdAt,
      createdBefore: createdAt + 60_000,
    };

    expect(await readAll(tests, all, 'DESC', 10)).toEqual([id]);
    expect(await readAll(tests, { names: ['resize'] }, 'DESC', 10)).toHaveLength(2);
    expect(await readAll(tests, { statuses: ['QUEUED'] }, 'DESC', 10)).toHaveLength(2);
    expect(await readAll(tests, { tags: ['a'] }, 'DESC', 10)).toHaveLength(2);
    expect(await readAll(tests, { owners: ['ada'] }, 'DESC', 10)).toHaveLength(2);
    expect(await readAll(tests, { createdBefore: createdAt }, 'DESC', 10)).toEqual([]);
  });

  test('finds the children of a task, also those of some definition, status, tag or owner', async () => {
    await using tests = new TestStore(shared);
    const { task: parent } = await tests.create();
    const { task: other } = await tests.create();
    const of = { parent: parent.id };
    const one = await tests.create({ ...of, tags: ['a'] });
    const two = await tests.create({ ...of, name: 'other', owner: 'ada', tags: ['b'] });
    await tests.create({ tags: ['a', `parent:${parent.id}`] });
    const cousin = await tests.create({ parent: other.id, tags: ['a'] });
    const [first, second, third] = [one, two, cousin].map(({ task }) => task.id);
    const found = async (filter: TaskFilter) => await readAll(tests, filter, 'ASC', 10);
    const parents = [parent.id];

    expect(await found({ parents })).toEqual([first, second]);
    expect(await found({ parents: [parent.id, other.id] })).toEqual([first, second, third]);
    expect(await found({ parents, tags: ['a', 'c'] })).toEqual([first]);
    expect(await found({ parents, names: ['other'] })).toEqual([second]);
    expect(await found({ parents, statuses: ['RUNNING'] })).toEqual([]);
    expect(await found({ parents, owners: ['ada'] })).toEqual([second]);
    expect(await found({ parents, batches: ['none'] })).toEqual([]);
    expect(await found({ parents: [one.task.id] })).toEqual([]);
    expect(await countOfQueue(tests.store, tests.queue, { parents })).toMatchObject({ count: 2 });
  });

  test('goes back from a cursor to where it came from', async () => {
    await using tests = new TestStore(shared);
    for (let count = 0; count < 6; count += 1) await tests.create();
    const query = { direction: 'DESC', limit: 3 } as const;
    const first = await listTasks(tests.store, [tests.queue], query);
    const second = await listTasks(tests.store, [tests.queue], { ...query, after: first.endCursor ?? '' });

    const before = await listTasks(tests.store, [tests.queue], {
      ...query,
      before: second.tasks[0]?.cursor ?? '',
    });

    expect(before.tasks).toEqual(first.tasks);
    expect([first.hasMore, second.hasMore, before.hasMore]).toEqual([true, false, false]);
  });

  test('finds a rare task among many by bounded looks', async () => {
    await using tests = new TestStore(shared);
    const { task } = await tests.create({ owner: 'anonymous' });
    await Promise.all(Array.from({ length: 2_500 }, () => tests.create({ owner: 'ada' })));

    const look = await pageOfQueue(
      tests.store,
      tests.queue,
      { owners: ['anonymous'] },
      'DESC',
      10,
      undefined,
    );
    expect(look).toMatchObject({ more: true, tasks: [] });
    expect(await readAll(tests, { owners: ['anonymous'] }, 'DESC', 10)).toEqual([task.id]);
  });

  test('finds what few owners have among the tasks of others in one look, and tells nothing of those', async () => {
    await using tests = new TestStore(shared);
    const owner = `a\n\u0001${'x'.repeat(250)}`;
    const own = [await tests.create({ owner }), await tests.create({ owner, tags: ['a'] })];
    const { task } = await tests.create({ owner: 'bob' });
    await Promise.all(Array.from({ length: 1_500 }, () => tests.create({ owner: 'ada', tags: ['a'] })));
    const [first, second] = own.map(({ task }) => task.id);
    const look = async (filter: TaskFilter) => {
      const own = { ...filter, ownersFirst: true };
      const page = await pageOfQueue(tests.store, tests.queue, own, 'DESC', 10, undefined);
      return { ids: page.tasks.map(({ task }) => task.id), more: page.more, end: page.end?.id };
    };

    expect(await look({ owners: [owner] })).toEqual({ ids: [second, first], more: false, end: first });
    expect(await look({ owners: [owner, 'bob'] })).toMatchObject({ ids: [task.id, second, first] });
    expect(await look({ owners: [owner], tags: ['a'] })).toEqual({ ids: [second], more: false, end: second });
    expect(await look({ owners: [owner], statuses: ['RUNNING'] })).toMatchObject({ ids: [], more: false });
    expect(await look({ owners: ['x'] })).toEqual({ ids: [], more: false, end: undefined });
    const count = async (filter: TaskFilter) => await countOfQueue(tests.store, tests.queue, filter);
    expect(await count({ owners: [owner] })).toEqual({ count: 2, exact: true });
    expect(await count({ owners: [owner, 'bob'] })).toEqual({ count: 3, exact: true });
    expect(await count({ owners: [owner], tags: ['a'] })).toEqual({ count: 1, exact: true });
    expect(await count({ owners: [owner], statuses: ['QUEUED'] })).toEqual({ count: 2, exact: true });
    expect(await count({ owners: ['ada'], statuses: ['RUNNING'] })).toEqual({ count: 0, exact: true });
    expect(await count({ owners: ['ada'], tags: ['a'] })).toEqual({ count: 1_500, exact: true });
  });

  test('finds what two conditions have in common among thousands that meet one of them, and counts it', async () => {
    await using tests = new TestStore(shared);
    const { task } = await tests.create({ name: 'resize', tags: ['a'] });
    const other = { name: 'other', owner: 'ada', tags: ['a'] };
    await Promise.all(Array.from({ length: 1_100 }, () => tests.create(other)));
    await Promise.all(Array.from({ length: 1_200 }, () => tests.create({ name: 'resize' })));
    const look = async (filter: TaskFilter) => {
      const page = await pageOfQueue(tests.store, tests.queue, filter, 'DESC', 10, undefined);
      return { ...page, tasks: page.tasks.map(({ task }) => task.id) };
    };
    const both: TaskFilter = { tags: ['a'], names: ['resize'] };
    // The more indexes there are to be asked for each task, the sooner a look ends.
    const many: TaskFilter = {
      ...both,
      names: ['resize', 'none'],
      statuses: ['QUEUED', 'SCHEDULED', 'RUNNING', 'RETRYING', 'CANCELING'],
    };

    expect(await look(both)).toMatchObject({ more: false, tasks: [task.id] });
    expect(await look({ tags: ['a'], statuses: ['RUNNING'] })).toMatchObject({ more: false, tasks: [] });
    expect(await countOfQueue(tests.store, tests.queue, both)).toEqual({ count: 1, exact: true });
    const first = await look(many);
    expect(first).toMatchObject({ more: true, tasks: [] });
    expect(await readAll(tests, many, 'DESC', 10)).toEqual([task.id]);
    expect(await countOfQueue(tests.store, tests.queue, many)).toEqual({ count: 1_101, exact: false });

    // Where one of the conditions meets nothing, nothing is looked through; but for who mustn't know that of others' tasks.
    const none: TaskFilter = {
      ...many,
      statuses: ['SCHEDULED', 'RUNNING', 'RETRYING', 'CANCELING', 'FAILED'],
    };
    const own = { ...none, owners: ['ada'] };
    expect(await look(none)).toMatchObject({ more: false, tasks: [] });
    expect(await look(own)).toMatchObject({ more: false, tasks: [] });
    expect(await look({ ...own, ownersFirst: true })).toMatchObject({ more: true, tasks: [] });
  });

  test('has what its filter means and nothing else, page by page, whatever the filter', async () => {
    await using tests = new TestStore(shared);
    const [names, tags, owners] = [
      ['a', 'b', 'c'],
      ['x', 'y', 'z'],
      ['ada', 'bob', 'anonymous'],
    ] as const;
    const pick = (list: readonly string[], n: number): string => list[n % list.length] ?? '';
    for (let n = 0; n < 120; n += 1) {
      const own = [pick(tags, n >> 1), pick(tags, n >> 3)];
      await tests.create({ name: pick(names, n * n), owner: pick(owners, n >> 2), tags: [...new Set(own)] });
    }
    const ids = await readAll(tests, {}, 'ASC', 100);
    for (const id of ids.filter((_, n) => n % 3 === 0)) await tests.store.cancel(id, {});
    const all = await Promise.all(ids.map((id) => tests.task(id)));
    const some = <T>(list: readonly T[], bits: number) => list.filter((_, n) => ((bits >> n) & 1) === 1);

    for (let n = 0; n < 60; n += 1) {
      const filter: TaskFilter = {
        names: some(names, n * 5),
        tags: some(tags, n * 3),
        owners: some(owners, n),
        statuses: some(['QUEUED', 'CANCELED', 'FAILED'], n >> 1),
        ...(n % 4 === 0 ? { createdAfter: all[30]?.createdAt ?? 0 } : {}),
        ...(n % 3 === 0 ? { ownersFirst: n % 2 === 0 } : {}),
      };
      const matcher = matcherOf(filter);
      const expected = all
        .filter((task) => matcher.mayMatch(task) && matcher.hasStatus(task))
        .map(({ id }) => id);

      expect(await readAll(tests, filter, 'ASC', 7)).toEqual(expected);
      expect(await readAll(tests, filter, 'DESC', 100)).toEqual(expected.toReversed());
      expect(await countOfQueue(tests.store, tests.queue, filter)).toEqual({
        count: expected.length,
        exact: true,
      });
    }
  });

  test('forgets what an owner had once it is removed', async () => {
    await using tests = new TestStore(shared);
    await tests.create({ owner: 'ada', policy: { keepSuccessMs: 0 } });
    await tests.succeed(await tests.delivery());

    await tests.tick();

    expect(await countOfQueue(tests.store, tests.queue, { owners: ['ada'] })).toEqual({
      count: 0,
      exact: true,
    });
    expect(await tests.redis.keys(`${tests.root}:tag:*`)).toEqual([]);
  });

  test('merges queues by time', async () => {
    await using tests = new TestStore(shared);
    const ids: string[] = [];
    for (const queue of ['images', 'mail', 'images', 'mail']) {
      const id = `${queue}_${'0'.repeat(25)}${ids.length}`;
      await tests.create({ id, name: 'x' }, queue);
      ids.push(id);
    }

    const page = await listTasks(tests.store, ['images', 'mail'], { direction: 'ASC', limit: 10 });

    expect(page.tasks.map(({ task }) => task.id)).toEqual(ids);
  });

  test('refuses a cursor that it never gave', async () => {
    await using tests = new TestStore(shared);
    const query = { direction: 'ASC', limit: 1, after: 'bm9uc2Vuc2U' } as const;
    await expect(listTasks(tests.store, [tests.queue], query)).rejects.toMatchObject({
      code: 'BAD_USER_INPUT',
    });
  });

  test('counts what its indexes know', async () => {
    await using tests = new TestStore(shared);
    await tests.create({ tags: ['a'] });
    await tests.create({ name: 'other' });
    await tests.delivery(w1);

    expect(await countOfQueue(tests.store, tests.queue, {})).toMatchObject({ count: 2 });
    expect(await countOfQueue(tests.store, tests.queue, { statuses: ['QUEUED'] })).toMatchObject({
      count: 1,
    });
    expect(await countOfQueue(tests.store, tests.queue, { tags: ['a'] })).toMatchObject({ count: 1 });
    expect(await countOfQueue(tests.store, tests.queue, { names: ['nothing'] })).toMatchObject({ count: 0 });
  });
});

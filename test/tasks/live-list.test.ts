import { describe, expect, test, vi } from 'vitest';
import type { TaskFilter } from '../../src/index.ts';
import type { TaskListUpdate } from '../../src/tasks/list-snapshot.ts';
import type { TaskListQuery } from '../../src/tasks/live-lists.ts';
import { pageOfQueue } from '../../src/tasks/store-list.ts';
import type { Task } from '../../src/tasks/task.ts';
import { double, Gate } from '../support/definitions.ts';
import { elsewhere, ListStory, storyDefinitions } from '../support/list-story.ts';
import { ListWatcher } from '../support/list-watcher.ts';
import { TestLists } from '../support/lists.ts';
import { Network } from '../support/network.ts';
import { Outages } from '../support/outages.ts';
import { TestStore } from '../support/store.ts';
import { freshSettings, redisServerPath, sharedStores } from '../support/stores.ts';
import { TestTasks } from '../support/tasks.ts';

const seed = Number(process.env['SEED'] ?? 20_261_128);

describe.each(sharedStores)('a watched list in $name', (shared) => {
  test('begins with the window as it is now, and says whether more follows', async () => {
    await using tests = await TestTasks.start([double], { redis: freshSettings(shared), workers: 0 });
    await enqueue(tests, 5);

    await using watcher = await watchList(tests, { first: 3 });
    const page = await tests.tasks.list({ direction: 'DESC', limit: 3 });

    expect(watcher.updates).toEqual([{ reset: page, changes: [], hasMore: true }]);
    const last = page.tasks.at(-1)?.cursor ?? '';
    expect(await tests.tasks.list({ direction: 'DESC', limit: 3, after: last })).toMatchObject({
      hasMore: false,
    });
  });

  test('tells what comes, changes and leaves, each in its place', async () => {
    await using tests = await TestTasks.start([double], { redis: freshSettings(shared), workers: 0 });
    await using store = new TestStore(tests.redis, 'default');
    const [one, two] = await enqueue(tests, 2);
    await using watcher = await watchList(tests, { first: 2, filter: { statuses: ['QUEUED'] } }, false);

    const [three] = await enqueue(tests, 1);
    expect(await watcher.next()).toMatchObject({
      changes: [
        { kind: 'REMOVED', index: 1, id: one?.id },
        { kind: 'INSERTED', index: 0, task: three },
      ],
      hasMore: true,
    });

    await tests.tasks.cancel(three?.id ?? '');
    expect(await watcher.next()).toMatchObject({
      changes: [
        { kind: 'REMOVED', index: 0, id: three?.id },
        { kind: 'INSERTED', index: 1, task: one },
      ],
      hasMore: false,
    });

    const { task: changed } = await tests.tasks.prioritize(two?.id ?? '', 5);
    expect(await watcher.next()).toMatchObject({ changes: [{ kind: 'CHANGED', index: 0, task: changed }] });

    await store.finishOne(two ?? changed, '{"n":2}');
    await watcher.next();
    expect(watcher.ids).toEqual([one?.id]);
  });

  test('hears of records that are removed after their retention', async () => {
    await using tests = await TestTasks.start([double], { redis: freshSettings(shared), workers: 0 });
    await using store = new TestStore(tests.redis, 'default');
    const tasks = await enqueue(tests, 3);
    await tests.tasks.cancel(tasks[1]?.id ?? '');
    await using watcher = await watchList(tests, { first: 2 });

    expect(await store.outlive(tasks[1]?.id ?? '')).toBe(1);

    await watcher.holds(() => [tasks[2], tasks[0]].filter((task) => task !== undefined));
    expect(watcher.resets).toBe(1);
  });

  test('hears of records that are found to be gone', async () => {
    await using tests = await TestTasks.start([double], { redis: freshSettings(shared), workers: 0 });
    await using store = new TestStore(tests.redis, 'default');
    const [one, two] = await enqueue(tests, 2);
    await using watcher = await watchList(tests, { first: 2 });

    await store.vanish(one?.id ?? '');
    expect(watcher.ids).toEqual([two?.id, one?.id]);

    await watcher.holds(() => [two].filter((task) => task !== undefined));
  });

  test('finds out by itself that a record has vanished without a word', async () => {
    const settings = freshSettings(shared);
    await using tests = new TestStore(settings);
    await using lists = new TestLists(settings, { rereadMs: 100 });
    const [one, two] = [await tests.create(), await tests.create()];
    await using watcher = await lists.watch(tests.queue);
    expect(watcher.ids).toEqual([two.task.id, one.task.id]);

    await tests.redis.del(`${tests.root}:task:${two.task.id}`);

    await watcher.holds(() => [one.task]);
  });

  test('is read again where more is heard during a read than is kept', async () => {
    const settings = freshSettings(shared);
    await using tests = new TestStore(settings);
    await using lists = new TestLists(settings);
    await tests.create();
    const gate = new Gate();
    lists.answer = gate.opened;
    const watching = lists.watch(tests.queue);
    await vi.waitFor(() => expect(lists.reads).toBe(1));

    const all = lists.heard(tests.queue, '-last');
    const gone = Array.from({ length: 10_001 }, (_, index) => `-${tests.queue}_${index}`);
    await Promise.all(gone.map((message) => tests.redis.publish(`${tests.root}:states`, message)));
    const { task } = await tests.create();
    await tests.redis.publish(`${tests.root}:states`, '-last');
    await all;
    gate.open();

    await using watcher = await watching;
    expect(watcher.ids[0]).toBe(task.id);
    expect(lists.reads).toBe(2);
  });

  test('is the same as the list, whatever happens', { timeout: 60_000 }, async () => {
    await using tests = await TestTasks.start(storyDefinitions, { redis: freshSettings(shared), workers: 0 });
    await using story = new ListStory(tests, seed);
    await story.begin();
    const [newestTask] = await newest(tests, 1);
    const { endCursor = '' } = await tests.tasks.list({ direction: 'DESC', limit: 15 });
    const watched = story.queries(newestTask?.createdAt ?? 0, endCursor);
    const watchers = await Promise.all(watched.map((query) => watchList(tests, query)));
    for (let round = 0; round < 12; round += 1) {
      for (let steps = 0; steps < 6; steps += 1) await story.step();
      await Promise.all(
        watchers.map(async (watcher, at) => {
          const { filter = {}, direction = 'DESC', first = 20, after, counts } = watched[at] ?? {};
          await watcher.holds(async () => {
            const from = after === undefined ? {} : { after };
            const page = await tests.tasks.list({ filter, direction, limit: first, ...from });
            return page.tasks.map(({ task }) => task);
          });
          const total = async () => (counts ? (await tests.tasks.count(filter)).count : undefined);
          // After a count that took long, on a busy machine, the next one waits for twenty times as long.
          await vi.waitFor(async () => expect(watcher.total).toBe(await total()), { timeout: 30_000 });
        }),
      );
    }
    expect(story.removed).toBeGreaterThan(0);
    // The largest window never loses all that it shows: its changes alone made it what it is.
    expect(watchers[0]?.resets).toBe(1);
    expect(watchers[0]?.updates.length).toBeGreaterThan(10);
    for (const watcher of watchers) await watcher[Symbol.asyncDispose]();
    expect(tests.tasks.channels).toBe(0);
  });

  test('is reset where its link was away, with what has changed meanwhile', async () => {
    await using tests = await TestTasks.start([double], { redis: freshSettings(shared), workers: 0 });
    await using store = new TestStore(tests.redis, 'default');
    const tasks = await enqueue(tests, 3);
    await using watcher = await watchList(tests, { first: 2 }, false);

    await store.cutLinks();
    await tests.tasks.cancel(tasks[2]?.id ?? '');

    const update = await watcher.next();
    expect(update?.reset?.tasks).toMatchObject([
      { task: { id: tasks[2]?.id, status: 'CANCELED' } },
      { task: { id: tasks[1]?.id } },
    ]);
  });

  test('is reset where its reader is so slow that nothing is left of what it was told', async () => {
    await using tests = await TestTasks.start([double], { redis: freshSettings(shared), workers: 0 });
    await enqueue(tests, 3);
    await using slow = await watchList(tests, { first: 3 }, false);
    await using fast = await watchList(tests, { first: 3 });

    for (let count = 0; count < 200; count += 1) await enqueue(tests, 1);
    await fast.holds(() => newest(tests, 3));

    const update = await slow.next();
    expect(update).toMatchObject({ changes: [], hasMore: true });
    expect(update?.reset?.tasks.map(({ task }) => task)).toEqual(await newest(tests, 3));
  });

  test('tells a slow reader of each task the newest state alone', async () => {
    await using tests = await TestTasks.start([double], { redis: freshSettings(shared), workers: 0 });
    const [one] = await enqueue(tests, 1);
    await using slow = await watchList(tests, { first: 3 }, false);
    await using fast = await watchList(tests, { first: 3 });

    let last: Task | undefined;
    for (let priority = 1; priority <= 300; priority += 1)
      last = (await tests.tasks.prioritize(one?.id ?? '', priority)).task;
    await fast.holds(() => [last].filter((task) => task !== undefined));

    expect(fast.updates.length).toBeLessThan(100);
    expect((await slow.next())?.changes).toMatchObject([{ kind: 'CHANGED', index: 0, task: last }]);
  });

  test('has the tasks of a queue that another process brings', { timeout: 20_000 }, async () => {
    await using tests = await TestTasks.start([double], { redis: freshSettings(shared), workers: 0 });
    await enqueue(tests, 1);
    await using watcher = await watchList(tests, {});

    await using others = await TestTasks.start([elsewhere], { redis: tests.redis, workers: 0 });
    await others.tasks.enqueue(elsewhere, {});
    await watcher.holds(() => newest(others, 20));
    await others.tasks.enqueue(elsewhere, {});
    await watcher.holds(() => newest(others, 20));

    expect(watcher.tasks).toHaveLength(3);
    expect(watcher.updates.filter(({ reset }) => reset !== undefined)).toHaveLength(2);
  });

  test('has the tasks of the first queue that any process brings', { timeout: 20_000 }, async () => {
    await using tests = await TestTasks.start([], { redis: freshSettings(shared), workers: 0 });
    await using watcher = await watchList(tests, {});

    await using others = await TestTasks.start([elsewhere], { redis: tests.redis, workers: 0 });
    await others.tasks.enqueue(elsewhere, {});

    await watcher.holds(() => newest(others, 20));
    expect(watcher.tasks).toHaveLength(1);
  });

  test('is one window for all who watch it, and each state is parsed once', async () => {
    await using tests = await TestTasks.start([double], { redis: freshSettings(shared), workers: 0 });
    const filters: TaskFilter[] = [
      { names: ['double', 'other'] },
      { names: ['other', 'double', 'other'], tags: [] },
    ];
    await using one = await watchList(tests, { filter: filters[0] ?? {} }, false);
    await using same = await watchList(tests, { filter: filters[1] ?? {} }, false);
    await using another = await watchList(tests, { first: 1 }, false);
    expect(tests.tasks.channels).toBe(1);

    await enqueue(tests, 1);

    const [first, second, third] = await Promise.all([one.next(), same.next(), another.next()]);
    expect(second).toBe(first);
    expect(third).not.toBe(first);
    expect(taskOf(third)).toBe(taskOf(first));
  });

  test('has for whoever comes all that had happened before, also what it has not heard of yet', async () => {
    const settings = freshSettings(shared);
    await using network = await Network.start(Number(new URL(shared.url).port));
    await using tests = new TestStore(settings);
    await using lists = new TestLists(settings, { feed: network.url });
    await using first = await lists.watch(tests.queue);
    network.vanish();
    const { task } = await tests.create();

    await using second = await lists.watch(tests.queue);

    expect(second.ids).toEqual([task.id]);
    await first.holds(() => [task]);
  });

  test('has what happened while it was read for the first time, also where its link was away meanwhile', async () => {
    const settings = freshSettings(shared);
    await using tests = new TestStore(settings);
    await using lists = new TestLists(settings);
    const gate = new Gate();
    lists.answer = gate.opened;
    const watching = lists.watch(tests.queue);
    await vi.waitFor(() => expect(lists.reads).toBe(1));

    const listensAgain = lists.gap(tests.queue);
    await tests.cutLinks();
    const { task } = await tests.create();
    await listensAgain;
    gate.open();

    await using watcher = await watching;
    expect(watcher.ids).toEqual([task.id]);
  });

  test('behind a cursor is not concerned by what comes before it, and moves up with what leaves', async () => {
    await using tests = await TestTasks.start([double], { redis: freshSettings(shared), workers: 0 });
    const tasks = await enqueue(tests, 6);
    const { endCursor = '' } = await tests.tasks.list({ direction: 'DESC', limit: 2 });
    const query = { filter: { statuses: ['QUEUED'] as const }, first: 2, after: endCursor };
    await using watcher = await watchList(tests, query, false);
    expect(watcher.ids).toEqual([tasks[3]?.id, tasks[2]?.id]);

    const [newer] = await enqueue(tests, 1);
    await tests.tasks.cancel(tasks[4]?.id ?? '');
    await tests.tasks.cancel(tasks[3]?.id ?? '');

    expect(await watcher.next()).toMatchObject({
      changes: [
        { kind: 'REMOVED', index: 0, id: tasks[3]?.id },
        { kind: 'INSERTED', index: 1, task: { id: tasks[1]?.id } },
      ],
    });
    expect(newer?.createdUs).toBeGreaterThan(tasks[5]?.createdUs ?? Infinity);
    expect(watcher.updates.at(-1)).not.toHaveProperty('total');
  });

  test('tells how many tasks the whole list has, at most twice a second, also where the window stays as it is', async () => {
    await using tests = await TestTasks.start([double], { redis: freshSettings(shared), workers: 0 });
    await enqueue(tests, 3);
    const { endCursor = '' } = await tests.tasks.list({ direction: 'DESC', limit: 2 });
    await using watcher = await watchList(tests, { after: endCursor, counts: true });
    expect(watcher.updates).toMatchObject([{ total: { count: 3, exact: true } }]);

    const began = performance.now();
    let made = 3;
    for (; performance.now() - began < 1_200; made += 1) await enqueue(tests, 1);
    await vi.waitFor(() => expect(watcher.total).toBe(made), { timeout: 10_000 });

    const later = watcher.updates.slice(1);
    expect(later.map(({ changes }) => changes)).toEqual(later.map(() => []));
    expect(later.length).toBeLessThanOrEqual(1 + Math.ceil((performance.now() - began) / 500));
  });

  test('with a cursor that is none of its own is BAD_USER_INPUT', async () => {
    await using tests = await TestTasks.start([double], { redis: freshSettings(shared), workers: 0 });

    await expect(tests.tasks.watchList({ after: 'x' }).next()).rejects.toMatchObject({
      code: 'BAD_USER_INPUT',
    });
    expect(tests.tasks.channels).toBe(0);
  });

  test('of more tasks than 1 to 100 is BAD_USER_INPUT', async () => {
    await using tests = await TestTasks.start([double], { redis: freshSettings(shared), workers: 0 });
    for (const first of [0, 101, 1.5]) {
      await expect(tests.tasks.watchList({ first }).next()).rejects.toMatchObject({
        code: 'BAD_USER_INPUT',
        issues: [{ path: ['first'] }],
      });
    }
    expect(tests.tasks.channels).toBe(0);
  });
});

test(
  'a watched list of 20,000 tasks reads the store for what leaves its window, not for what the list holds',
  { timeout: 120_000 },
  async () => {
    const reads: number[] = [];
    for (const size of [200, 20_000]) {
      const settings = freshSettings();
      await using lists = new TestLists(settings);
      await using tests = new TestStore(settings);
      for (let made = 0; made < size; made += 1_000) {
        await Promise.all(Array.from({ length: Math.min(1_000, size) }, () => tests.create()));
      }
      await using watcher = await lists.watch(tests.queue, {
        filter: { statuses: ['QUEUED'] },
        direction: 'ASC',
      });
      const before = lists.reads;
      // Every one of these leaves the window, which is so filled anew.
      const first = await pageOfQueue(tests.store, tests.queue, {}, 'ASC', 100, undefined);
      for (const { task } of first.tasks) await tests.store.cancel(task.id, {});
      await watcher.holds(async () => {
        const { tasks } = await pageOfQueue(
          tests.store,
          tests.queue,
          { statuses: ['QUEUED'] },
          'ASC',
          20,
          undefined,
        );
        return tasks.map(({ task }) => task);
      });
      reads.push(lists.reads - before);
    }

    // A read brings five tasks at least; and now and then one is made without a reason.
    expect(Math.max(...reads)).toBeLessThan(30);
  },
);

test(
  'a rare task among 12,000 is found in the end, by a search that no change hurries',
  { timeout: 120_000 },
  async () => {
    const settings = freshSettings();
    await using tests = new TestStore(settings);
    await using lists = new TestLists(settings);
    // No index finds the tasks of nobody in particular.
    const { task } = await tests.create({ owner: 'anonymous' });
    for (let made = 0; made < 12_000; made += 1_000) {
      await Promise.all(Array.from({ length: 1_000 }, () => tests.create({ owner: 'ada' })));
    }

    await using watcher = await lists.watch(tests.queue, { filter: { owners: ['anonymous'] } });

    expect(watcher.updates).toMatchObject([
      { reset: { tasks: [], endCursor: expect.any(String) }, hasMore: true },
    ]);
    const newer: Task[] = [];
    for (let made = 0; made < 4; made += 1) {
      newer.unshift((await tests.create({ owner: 'anonymous' })).task);
      await vi.waitFor(() => expect(watcher.ids.slice(0, newer.length)).toEqual(newer.map(({ id }) => id)));
    }
    expect(watcher.ids).not.toContain(task.id);
    await watcher.holds(() => [...newer, task]);
    expect(watcher.updates.at(-1)).toMatchObject({ changes: [{ kind: 'INSERTED' }], hasMore: false });
  },
);

test(
  'a watched list is reset although the store answers later than what it hears',
  { timeout: 20_000 },
  async () => {
    const settings = freshSettings();
    await using network = await Network.start(Number(new URL(settings.url).port));
    await using tests = new TestStore(settings);
    await using lists = new TestLists(settings, { store: network.url });
    await using watcher = await lists.watch(tests.queue);

    network.vanish();
    const listensAgain = lists.gap(tests.queue);
    await tests.cutLinks();
    const { task } = await tests.create();
    await listensAgain;
    await network.tried();
    network.return();

    await watcher.holds(() => [task]);
    expect(watcher.resets).toBe(2);
  },
);

describe.skipIf(redisServerPath === undefined)('with a redis-server of its own', () => {
  test(
    'a list is reset as soon as the store answers again, however long it was away',
    { timeout: 30_000 },
    async () => {
      await using outages = await Outages.start();
      await using tests = await TestTasks.start([double], { redis: { url: outages.url }, workers: 0 });
      const [one] = await enqueue(tests, 1);
      await using watcher = await watchList(tests, {});

      await outages.redis.end('SIGKILL');
      await vi.waitFor(() => expect(tests.tasks.isReady()).toBe(false), { timeout: 10_000 });
      await outages.redis.run();
      const two = await tests.enqueueWhenReady(double, { n: 2 });

      await vi.waitFor(() => expect(watcher.ids).toEqual([two.id, one?.id]), { timeout: 10_000 });
      expect(watcher.resets).toBe(2);
    },
  );
});

async function watchList(tests: TestTasks, query: TaskListQuery, isEager = true): Promise<ListWatcher> {
  const { first = 20 } = query;
  return await ListWatcher.start(first, (signal) => tests.tasks.watchList(query, { signal }), isEager);
}

async function enqueue(tests: TestTasks, count: number): Promise<Task[]> {
  const tasks: Task[] = [];
  for (let made = 0; made < count; made += 1) tasks.push(await tests.tasks.enqueue(double, { n: made }));
  return await Promise.all(tasks.map(async ({ id }) => (await tests.tasks.get(id)) ?? missing(id)));
}

function missing(id: string): never {
  throw new Error(`there is no task ${id}`);
}

async function newest(tests: TestTasks, limit: number): Promise<Task[]> {
  const { tasks } = await tests.tasks.list({ direction: 'DESC', limit });
  return tasks.map(({ task }) => task);
}

/** The first task that an update tells of. */
function taskOf(update: TaskListUpdate | undefined): Task | undefined {
  return update?.changes.flatMap((change) => (change.kind === 'REMOVED' ? [] : change.task))[0];
}

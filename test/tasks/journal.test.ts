import { describe, expect, test } from 'vitest';
import type { Delivery } from '../../src/tasks/delivery.ts';
import { type Journal, type JournalPiece, logJournal, streamJournal } from '../../src/tasks/journal.ts';
import { stateChannel } from '../../src/redis/keys.ts';
import { parseTask } from '../../src/tasks/replies.ts';
import { readJournal } from '../../src/tasks/scripts/journals.ts';
import type { Task } from '../../src/tasks/task.ts';
import { sharedStores } from '../support/stores.ts';
import { TestStore, w1 } from '../support/store.ts';

const caps = { entries: 1_000, bytes: 1_048_576 };
const tokens = streamJournal('tokens');

/** Appends to a journal, as a worker does. */
async function append(
  store: TestStore,
  delivery: Delivery,
  piece: Partial<JournalPiece> & { readonly entries: readonly string[] },
) {
  const whole = { journal: tokens, caps, begun: undefined, place: 0, ...piece };
  return await store.deliveries(w1).append(delivery, whole);
}

/** The next index, and each entry from an index on: index, attempt, value. */
async function read(store: TestStore, id: string, from = 0, journal: Journal = tokens, most = 1_000) {
  const reply = await store.store.run(readJournal, store.queue, [id, journal, from, most, 1_000_000]);
  const [, next, ...values] = reply as string[];
  const entries = values.map((value) => (typeof value === 'number' ? value : (JSON.parse(value) as unknown)));
  return { next: Number(next), entries };
}

/** Keys that hold what a task has said. */
async function journalKeys(store: TestStore): Promise<string[]> {
  return (await store.redis.keys(`${store.root}:journal*`)).toSorted();
}

function texts(count: number, from = 0): string[] {
  return Array.from({ length: count }, (_, index) => JSON.stringify(`${from + index}`));
}

describe.each(sharedStores)('a journal in $name', (shared) => {
  test('counts from 0 over all attempts of a task, and each entry tells its own', async () => {
    await using store = new TestStore(shared);
    const { task } = await store.create({ policy: { initialMs: 0 } });
    const first = await store.delivery();
    expect(await append(store, first, { entries: ['"a"', '"b"'] })).toEqual({ status: 'RUNNING', begun: 0 });
    await store.fail(first);
    const second = await store.delivery();
    expect(await append(store, second, { entries: ['"c"'] })).toEqual({ status: 'RUNNING', begun: 2 });
    expect(await append(store, second, { begun: 2, place: 1, entries: ['"d"'] })).toMatchObject({ begun: 2 });

    expect(await read(store, task.id)).toEqual({
      next: 4,
      entries: [0, 1, 'a', 1, 1, 'b', 2, 2, 'c', 3, 2, 'd'],
    });
    expect(await read(store, task.id, 2, tokens, 1)).toEqual({ next: 4, entries: [2, 2, 'c'] });
    expect(await read(store, task.id, 0, logJournal)).toEqual({ next: 0, entries: [] });
  });

  test('takes an append that comes again once, and so one that comes late', async () => {
    await using store = new TestStore(shared);
    const { task } = await store.create();
    const delivery = await store.delivery();
    const published: string[] = [];
    const listener = store.redis.duplicate();
    listener.on('message', (_, message: string) => published.push(message));
    await listener.subscribe(`${store.root}:journal:${task.id}:tokens`);

    const first = { entries: ['"a"', '"b"'] };
    for (let times = 0; times < 2; times += 1)
      expect(await append(store, delivery, first)).toEqual({ status: 'RUNNING', begun: 0 });
    // The second half is new.
    const second = { begun: 0, place: 1, entries: ['"b"', '"c"'] };
    for (let times = 0; times < 2; times += 1)
      expect(await append(store, delivery, second)).toMatchObject({ begun: 0 });
    await append(store, delivery, first);
    await listener.ping();
    listener.disconnect();

    expect(await read(store, task.id)).toEqual({ next: 3, entries: [0, 1, 'a', 1, 1, 'b', 2, 1, 'c'] });
    expect(published).toEqual([
      '{"from":0,"attempt":1,"values":["a","b"]}',
      '{"from":2,"attempt":1,"values":["c"]}',
    ]);
  });

  test('refuses what an older attempt says', async () => {
    await using store = new TestStore(shared);
    const { task } = await store.create({ policy: { initialMs: 0 } });
    const first = await store.delivery();
    await store.fail(first);
    await store.delivery();

    expect(await append(store, first, { entries: ['"a"'] })).toBeUndefined();
    expect(await read(store, task.id)).toEqual({ next: 0, entries: [] });
    expect(await journalKeys(store)).toEqual([]);
  });

  test('refuses what is said after the end', async () => {
    await using store = new TestStore(shared);
    const { task } = await store.create();
    const delivery = await store.delivery();
    await append(store, delivery, { entries: ['"a"'] });
    await store.succeed(delivery);

    expect(await append(store, delivery, { begun: 0, place: 1, entries: ['"b"'] })).toBeUndefined();
    expect(await read(store, task.id)).toMatchObject({ next: 1 });
  });

  test('says that the task is being canceled', async () => {
    await using store = new TestStore(shared);
    const { task } = await store.create();
    const delivery = await store.delivery();
    await store.store.cancel(task.id, {});

    expect(await append(store, delivery, { entries: ['"a"'] })).toEqual({ status: 'CANCELING', begun: 0 });
  });

  test('keeps the newest lines', async () => {
    await using store = new TestStore(shared);
    const { task } = await store.create();
    const delivery = await store.delivery();
    const few = { caps: { entries: 100, bytes: 1_048_576 }, begun: 0 };
    for (let place = 0; place < 1_000; place += 90)
      await append(store, delivery, { ...few, place, entries: texts(90, place) });

    const { next, entries } = await read(store, task.id);
    expect(next).toBe(1_080);
    expect(entries).toHaveLength(300);
    expect(entries.slice(0, 3)).toEqual([980, 1, '980']);
    expect(await read(store, task.id, 1_079)).toEqual({ next: 1_080, entries: [1_079, 1, '1079'] });
  });

  test('keeps the newest bytes', async () => {
    await using store = new TestStore(shared);
    const { task } = await store.create();
    const delivery = await store.delivery();
    const few = { caps: { entries: 1_000, bytes: 10_000 }, begun: 0 };
    await append(store, delivery, { ...few, entries: texts(90) });
    const large = Array.from({ length: 4 }, () => JSON.stringify('x'.repeat(3_982)));
    await append(store, delivery, { ...few, place: 90, entries: large });
    await append(store, delivery, { ...few, place: 94, entries: texts(1, 94) });

    // Two of 4,000 bytes, quotes and overhead included, and the last one.
    const { next, entries } = await read(store, task.id);
    expect(next).toBe(95);
    expect(entries.filter((value) => typeof value === 'string').map((text) => text.length)).toEqual([
      3_982, 3_982, 2,
    ]);
  });

  test('shows what its writer had to drop as a hole', async () => {
    await using store = new TestStore(shared);
    const { task } = await store.create();
    const delivery = await store.delivery();
    await append(store, delivery, { place: 5, entries: ['"f"'] });
    await append(store, delivery, { begun: 0, place: 9, entries: ['"j"'] });

    expect(await read(store, task.id)).toEqual({ next: 10, entries: [5, 1, 'f', 9, 1, 'j'] });
  });

  test('that is a new stream is told in the state of its task, once; all that follows changes nothing of it', async () => {
    await using store = new TestStore(shared);
    const { task } = await store.create({ policy: { initialMs: 0 } });
    const told: Task[] = [];
    const listener = store.redis.duplicate();
    listener.on('message', (_, message: string) => told.push(parseTask(message)));
    await listener.subscribe(stateChannel(store.root, task.id));
    const first = await store.delivery();
    await append(store, first, { journal: logJournal, entries: ['"line"'] });
    for (const journal of [tokens, streamJournal('b-side')])
      for (let place = 0; place < 3; place += 1)
        await append(store, first, { journal, place, entries: ['"a"'] });
    await store.fail(first);
    const second = await store.delivery();
    await append(store, second, { entries: ['"a"'] });
    await listener.ping();
    listener.disconnect();

    expect(told.map(({ status, streams }) => [status, streams])).toEqual([
      ['RUNNING', undefined],
      ['RUNNING', ['tokens']],
      ['RUNNING', ['tokens', 'b-side']],
      ['QUEUED', ['tokens', 'b-side']],
      ['RUNNING', ['tokens', 'b-side']],
    ]);
    const versions = told.map(({ version }) => version);
    expect(versions).toEqual([...new Set(versions)].toSorted((one, other) => one - other));
  });

  test.each([
    ['none of the streams', []],
    ['only some of the streams', ['streams', '["b-side"]']],
  ])(
    'of a task whose record names %s is told with the next words, and so are all others',
    async (_, named) => {
      await using store = new TestStore(shared);
      const { task } = await store.create();
      const delivery = await store.delivery();
      const write = (journal: Journal, place: number) =>
        append(store, delivery, { journal, begun: 0, place, entries: ['"a"'] });
      await write(tokens, 0);
      await write(streamJournal('b-side'), 0);
      // As a worker of an older version leaves it.
      await store.redis.hdel(`${store.root}:task:${task.id}`, 'streams');
      if (named.length > 0) await store.redis.hset(`${store.root}:task:${task.id}`, ...named);

      await write(logJournal, 0);
      expect((await store.task(task.id)).streams).toEqual(named.length > 0 ? ['b-side'] : undefined);
      await write(tokens, 1);

      const { streams, version } = await store.task(task.id);
      expect(streams?.toSorted()).toEqual(['b-side', 'tokens']);
      expect(await read(store, task.id)).toEqual({ next: 2, entries: [0, 1, 'a', 1, 1, 'a'] });
      await write(tokens, 2);
      expect((await store.task(task.id)).version).toBe(version);
    },
  );

  test('is one of at most 16 streams of a task, beside its log', async () => {
    await using store = new TestStore(shared);
    await store.create();
    const delivery = await store.delivery();
    const write = (journal: Journal) => append(store, delivery, { journal, entries: ['"a"'] });
    for (let count = 1; count <= 16; count += 1)
      expect(await write(streamJournal(`s${count}`))).toMatchObject({ begun: 0 });

    expect(await write(streamJournal('s17'))).toEqual({ status: 'RUNNING', begun: undefined });
    expect(await write(logJournal)).toMatchObject({ begun: 0 });
    expect(
      await append(store, delivery, { journal: ':s16', begun: 0, place: 1, entries: ['"b"'] }),
    ).toMatchObject({
      begun: 0,
    });
  });

  test('ends by its retention, and its numbers go on when the task is retried', async () => {
    await using store = new TestStore(shared);
    const { task } = await store.create({
      policy: { attempts: 1, keepFailureMs: 60_000, keepLogsMs: 10_000 },
    });
    const first = await store.delivery();
    await append(store, first, { entries: ['"a"', '"b"'] });
    await append(store, first, { journal: logJournal, entries: ['"line"'] });
    await store.fail(first);
    const [log, stream] = [`${store.root}:journal:${task.id}`, `${store.root}:journal:${task.id}:tokens`];
    for (const key of [log, stream])
      expect(await store.redis.pttl(key)).toSatisfy((ms: number) => ms > 0 && ms <= 10_000);

    // As time does.
    await store.redis.pexpire(stream, 0);
    expect(await read(store, task.id)).toEqual({ next: 2, entries: [] });

    await store.store.retry(task.id);
    for (const key of [log, `${store.root}:journals:${task.id}`])
      expect(await store.redis.pttl(key)).toBe(-1);
    const second = await store.delivery();
    const few = { caps: { entries: 1_000, bytes: 30 } };
    await append(store, second, { ...few, entries: ['"c"'] });
    expect(await read(store, task.id)).toEqual({ next: 3, entries: [2, 2, 'c'] });
  });

  test('goes with its record, which the clock removes', async () => {
    await using store = new TestStore(shared);
    const { task } = await store.create({ policy: { keepSuccessMs: 0, keepLogsMs: 60_000 } });
    const delivery = await store.delivery();
    await append(store, delivery, { entries: ['"a"'] });
    await append(store, delivery, { journal: logJournal, entries: ['"line"'] });
    await store.succeed(delivery);
    expect(await journalKeys(store)).toEqual([
      `${store.root}:journal:${task.id}`,
      `${store.root}:journal:${task.id}:tokens`,
      `${store.root}:journals:${task.id}`,
    ]);
    // The net: somewhat later than the record's end.
    for (const key of await journalKeys(store)) expect(await store.redis.pttl(key)).toBeGreaterThan(60_000);

    expect(await store.tick()).toMatchObject({ removed: 1 });

    expect(await journalKeys(store)).toEqual([]);
  });

  test('of a record that is gone is found by the search for what a crash left', async () => {
    await using store = new TestStore(shared);
    const { task } = await store.create();
    await append(store, await store.delivery(), { entries: ['"a"'] });
    await store.redis.del(`${store.root}:task:${task.id}`);

    for (let times = 0; times < 3; times += 1) {
      await store.redis.del(`${store.root}:mending:pause`);
      await store.store.mend(store.queue);
    }

    expect(await journalKeys(store)).toEqual([]);
  });
});

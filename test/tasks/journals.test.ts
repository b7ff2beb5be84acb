import { describe, expect, test } from 'vitest';
import type { Delivery } from '../../src/tasks/delivery.ts';
import { JournalInbox } from '../../src/tasks/journal-inbox.ts';
import { streamJournal } from '../../src/tasks/journal.ts';
import type { StreamBatch } from '../../src/tasks/logs.ts';
import { forever } from '../support/definitions.ts';
import { freshSettings, sharedStores, type SharedStore } from '../support/stores.ts';
import { TestStore } from '../support/store.ts';
import { TestTasks } from '../support/tasks.ts';

const tokens = streamJournal('tokens');
const caps = { entries: 1_000, bytes: 1_048_576 };

/** A task that runs on a worker which the test is, and a follower of one of its streams. */
class Followed implements AsyncDisposable {
  readonly store: TestStore;
  readonly id: string;
  readonly #tests: TestTasks;
  readonly #delivery: Delivery;
  readonly #following: AsyncGenerator<StreamBatch, void, undefined>;

  private constructor(tests: TestTasks, store: TestStore, delivery: Delivery) {
    this.#tests = tests;
    this.store = store;
    this.id = delivery.task.id;
    this.#delivery = delivery;
    this.#following = tests.tasks.logs.followStream(this.id, 'tokens');
  }

  static async start(shared: SharedStore): Promise<Followed> {
    const tests = await TestTasks.start([forever], { redis: freshSettings(shared), workers: 0 });
    const store = new TestStore(tests.redis, 'default');
    const { name, definitionVersion } = await tests.tasks.enqueue(forever, {});
    const delivery = await store.delivery({ worker: 'w1', lines: [`${name}:${definitionVersion}`] });
    const followed = new Followed(tests, store, delivery);
    // Empty: from now on it listens.
    await followed.next();
    return followed;
  }

  get channel(): string {
    return `${this.store.root}:journal:${this.id}:tokens`;
  }

  async next(): Promise<StreamBatch | void> {
    return (await this.#following.next()).value;
  }

  /** Appends chunks as the worker does; the first of the task has the place 0. */
  async append(place: number, ...chunks: string[]): Promise<void> {
    const entries = chunks.map((chunk) => JSON.stringify(chunk));
    const piece = { journal: tokens, caps, begun: undefined, place, entries };
    const appended = await this.store.deliveries().append(this.#delivery, piece);
    if (appended?.begun !== 0) throw new Error('the append was refused');
  }

  /** Appends a chunk that nobody hears of. */
  async appendUnheard(index: number, chunk: string): Promise<void> {
    const { redis, root } = this.store;
    await redis.xadd(this.channel, `0-${index + 1}`, 'a', '1', 'd', JSON.stringify(chunk));
    await redis.hset(`${root}:journals:${this.id}`, tokens, `${index + 1} 100 1 0`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#tests[Symbol.asyncDispose]();
    await this.store[Symbol.asyncDispose]();
  }
}

describe.each(sharedStores)('a follower in $name', (shared) => {
  test('tells nothing twice that comes again, or in part', async () => {
    await using followed = await Followed.start(shared);
    const { redis } = followed.store;
    await followed.append(0, 'a', 'b');
    expect(await followed.next()).toMatchObject({ chunks: ['a', 'b'], lastIndex: 1 });

    await redis.publish(followed.channel, '{"from":0,"attempt":1,"values":["a","b"]}');
    await redis.publish(followed.channel, '{"from":1,"attempt":1,"values":["b"]}');
    await redis.publish(followed.channel, '{"from":1,"attempt":1,"values":["b","c"]}');

    expect(await followed.next()).toEqual({ chunks: ['c'], attempt: 1, dropped: 0, lastIndex: 2 });
  });

  test('reads what it has not heard, before what came after it', async () => {
    await using followed = await Followed.start(shared);
    await followed.append(0, 'a');
    expect(await followed.next()).toMatchObject({ chunks: ['a'] });

    await followed.appendUnheard(1, 'b');
    await followed.append(2, 'c');

    expect(await followed.next()).toEqual({ chunks: ['b', 'c'], attempt: 1, dropped: 0, lastIndex: 2 });
    await followed.append(3, 'd');
    expect(await followed.next()).toMatchObject({ chunks: ['d'], lastIndex: 3 });
  });

  test('tells what the writer had to drop', async () => {
    await using followed = await Followed.start(shared);
    await followed.append(0, 'a');
    expect(await followed.next()).toMatchObject({ chunks: ['a'] });

    await followed.append(5, 'f');

    expect(await followed.next()).toEqual({ chunks: ['f'], attempt: 1, dropped: 4, lastIndex: 5 });
  });

  test('whose link breaks reads what was appended meanwhile, while its task goes on', async () => {
    await using followed = await Followed.start(shared);
    await followed.append(0, 'a');
    expect(await followed.next()).toMatchObject({ chunks: ['a'] });
    const next = followed.next();

    await followed.store.cutLinks();
    await followed.append(1, 'b');

    expect(await next).toMatchObject({ chunks: ['b'], lastIndex: 1 });
  });
});

test('what a follower has not taken is bounded: beyond that it has to read', () => {
  const inbox = new JournalInbox();
  const batch = (from: number) => ({ from, attempt: 1, values: ['a', 'b'], dropped: 0 });
  // Before the first read there is nothing to keep.
  inbox.push(batch(0), 10);
  expect(inbox.take()).toBeUndefined();
  inbox.catchUp();
  inbox.push(batch(0), 50_000);
  inbox.push(batch(2), 50_000);
  inbox.push(batch(6), 10);
  inbox.push({ ...batch(8), attempt: 2 }, 10);
  expect(inbox.take()).toMatchObject({ from: 0, values: ['a', 'b', 'a', 'b'] });
  expect(inbox.take()).toMatchObject({ from: 6, values: ['a', 'b'] });
  expect(inbox.take()).toMatchObject({ from: 8, attempt: 2 });
  expect([inbox.take(), inbox.isBehind]).toEqual([undefined, false]);

  for (const from of [10, 12, 14]) inbox.push(batch(from), 50_000);

  expect([inbox.take(), inbox.isBehind]).toEqual([undefined, true]);
});

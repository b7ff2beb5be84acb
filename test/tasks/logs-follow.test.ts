import { describe, expect, test, vi } from 'vitest';
import { defineTask } from '../../src/index.ts';
import type { StreamBatch } from '../../src/tasks/logs.ts';
import { connectTasks } from '../../src/tasks/tasks.ts';
import { forever, Gate } from '../support/definitions.ts';
import { Outages, outages } from '../support/outages.ts';
import { freshSettings, redisServerPath, sharedStores, testLogger } from '../support/stores.ts';
import { TestStore } from '../support/store.ts';
import { counting, joined, numbers } from '../support/streaming.ts';
import { TestTasks } from '../support/tasks.ts';

const patient = { timeout: 30_000 };

describe.each(sharedStores)('a stream that is followed in $name', (shared) => {
  test('comes in order, without a gap or a repeat, a thousand chunks a second', patient, async () => {
    const task = counting(1_000);
    await using tests = await TestTasks.start([task], { redis: freshSettings(shared) });
    const { id } = await tests.tasks.enqueue(task, {});

    const batches = await Array.fromAsync(tests.tasks.logs.followStream(id, 'numbers'));

    expect(joined(batches)).toBe(numbers(0, 1_000));
    // Some tens a second.
    expect(batches.length).toSatisfy((count: number) => count > 10 && count < 100);
    expect((await tests.tasks.get(id))?.streams).toEqual(['numbers']);
    await vi.waitFor(() => expect(tests.tasks.channels).toBe(0));
  });

  test('goes on where its reader was, in another process', patient, async () => {
    const task = counting(1_000);
    await using tests = await TestTasks.start([task], { redis: freshSettings(shared) });
    const { id } = await tests.tasks.enqueue(task, {});
    const first = await connectTasks({ redis: tests.redis, definitions: [task], logger: testLogger });
    const batches: StreamBatch[] = [];
    for await (const batch of first.logs.followStream(id, 'numbers')) {
      batches.push(batch);
      if (batch.lastIndex > 300) await first.close();
    }
    const after = batches.at(-1)?.lastIndex ?? -1;
    expect(after).toBeLessThan(900);

    batches.push(...(await Array.fromAsync(tests.tasks.logs.followStream(id, 'numbers', { after }))));

    expect(joined(batches)).toBe(numbers(0, 1_000));
  });

  test('comes whole although the link to the store breaks', patient, async () => {
    const task = counting(1_000);
    await using tests = await TestTasks.start([task], { redis: freshSettings(shared) });
    await using store = new TestStore(tests.redis, 'default');
    const { id } = await tests.tasks.enqueue(task, {});
    const batches: StreamBatch[] = [];
    let cuts = 0;
    for await (const batch of tests.tasks.logs.followStream(id, 'numbers')) {
      batches.push(batch);
      if (batch.lastIndex < 200 * (cuts + 1) || cuts === 3) continue;
      cuts += 1;
      await store.cutLinks();
    }

    expect(cuts).toBe(3);
    expect(joined(batches)).toBe(numbers(0, 1_000));
  });

  test('never holds up the status of its task, not even where its reader stands still', patient, async () => {
    const gate = new Gate();
    const task = counting(1_000, gate);
    await using tests = await TestTasks.start([task], { redis: freshSettings(shared) });
    const { id } = await tests.tasks.enqueue(task, {});
    const quick = Array.fromAsync(tests.tasks.logs.followStream(id, 'numbers'));
    const still = tests.tasks.logs.followStream(id, 'numbers');
    const { value: first } = await still.next();

    await tests.reached(id, ({ progress }) => progress?.current === 1_000);
    gate.open();
    expect(await tests.finished(id)).toMatchObject({ status: 'SUCCEEDED' });

    expect(joined(await quick)).toBe(numbers(0, 1_000));
    const rest = await Array.fromAsync(still);
    expect(rest.length).toBeLessThan(5);
    expect(joined([...(first === undefined ? [] : [first]), ...rest])).toBe(numbers(0, 1_000));
  });

  test('that is more than its reader may hold waits in the store', patient, async () => {
    const gate = new Gate();
    const large = defineTask({
      name: 'large',
      logs: { bytes: 4_000_000 },
      async run(_input, { stream }) {
        await gate.opened;
        for (let index = 0; index < 1_000; index += 1)
          await stream('numbers').write(`${index} ${'x'.repeat(2_000)}`);
      },
    });
    await using tests = await TestTasks.start([large], { redis: freshSettings(shared) });
    const { id } = await tests.tasks.enqueue(large, {});
    const still = tests.tasks.logs.followStream(id, 'numbers');
    await still.next();
    gate.open();
    await tests.finished(id);

    const batches = await Array.fromAsync(still);
    const texts = joined(batches).match(/\d+ /g);
    expect(texts).toEqual(Array.from({ length: 1_000 }, (_, index) => `${index} `));
    // Two megabytes, of which no piece is larger than a page.
    for (const { chunks } of batches) expect(chunks.join('').length).toBeLessThan(140_000);
  });

  test('begins with an empty batch where there is nothing yet, and ends with its task', async () => {
    await using tests = await TestTasks.start([forever], { redis: freshSettings(shared) });
    const { id } = await tests.tasks.enqueue(forever, {});
    const following = tests.tasks.logs.followStream(id, 'tokens', { after: 7 });

    expect((await following.next()).value).toEqual({
      chunks: [],
      attempt: undefined,
      dropped: 0,
      lastIndex: -1,
    });
    await tests.tasks.cancel(id);
    expect(await following.next()).toMatchObject({ done: true });
    expect(await tests.tasks.logs.read(id)).toEqual({
      entries: [],
      dropped: 0,
      lastIndex: -1,
      hasMore: false,
    });
  });

  test('ends with TASK_LOST where the record vanishes', async () => {
    await using tests = await TestTasks.start([forever], { redis: freshSettings(shared), workers: 0 });
    await using store = new TestStore(tests.redis, 'default');
    const { id } = await tests.tasks.enqueue(forever, {});
    const following = tests.tasks.logs.followStream(id, 'tokens');
    await following.next();
    const end = following.next().catch((error: unknown) => error);
    await store.listenedTo(`state:${id}`);
    await store.vanish(id);

    expect(await end).toMatchObject({ code: 'TASK_LOST' });
    await vi.waitFor(() => expect(tests.tasks.channels).toBe(0));
  });

  test('lets go of its channels when its reader leaves', async () => {
    await using tests = await TestTasks.start([forever], { redis: freshSettings(shared) });
    const { id } = await tests.tasks.enqueue(forever, {});
    const abort = new AbortController();
    const aborted = tests.tasks.logs.follow(id, { signal: abort.signal });
    const left = tests.tasks.logs.follow(id);
    await Promise.all([aborted.next(), left.next()]);

    const rest = Array.fromAsync(aborted);
    abort.abort();
    expect(await rest).toEqual([]);
    await left.return();

    await vi.waitFor(() => expect(tests.tasks.channels).toBe(0));
  });
});

describe.skipIf(redisServerPath === undefined)('a stream that is followed while Redis is away', () => {
  const ways = ['closed all connections', 'was killed and started again', 'was full'] as const;
  test.each(ways)('comes once, whole and in order: Redis %s', { timeout: 60_000 }, async (name) => {
    const task = counting(1_500);
    await using away = await Outages.start();
    await using tests = await TestTasks.start([task], { redis: { url: away.url } });
    const { id } = await tests.enqueueWhenReady(task, {});
    const batches: StreamBatch[] = [];
    let times = 0;
    for await (const batch of tests.tasks.logs.followStream(id, 'numbers')) {
      batches.push(batch);
      if (times === 2 || batch.lastIndex < 400 * (times + 1)) continue;
      times += 1;
      await outages[name].begin(away);
      await outages[name].end(away);
    }

    expect(times).toBe(2);
    expect(joined(batches)).toBe(numbers(0, 1_500));
    expect(await tests.finished(id)).toMatchObject({ status: 'SUCCEEDED', attempt: 1 });
  });
});

import { describe, expect, test, vi } from 'vitest';
import { defineTask } from '../../src/index.ts';
import { Gate } from '../support/definitions.ts';
import { Outages, outages } from '../support/outages.ts';
import { freshSettings, redisServerPath, sharedStores } from '../support/stores.ts';
import { TestStore } from '../support/store.ts';
import { TestTasks } from '../support/tasks.ts';

describe.each(sharedStores)('a run on $name', (shared) => {
  test('has said everything when its task is final, also where it waits for nothing', async () => {
    const chatty = defineTask({
      name: 'chatty',
      retry: { attempts: 1 },
      run(_input, { log, stream }) {
        for (let index = 0; index < 450; index += 1) {
          log.info(`line ${index}`);
          void stream('tokens').write(`${index} `);
        }
        throw new Error('no');
      },
    });
    await using tests = await TestTasks.start([chatty], { redis: freshSettings(shared) });
    const { id } = await tests.tasks.enqueue(chatty, {});
    expect(await tests.finished(id)).toMatchObject({ status: 'FAILED' });

    const { entries } = await tests.tasks.logs.read(id);
    expect(entries.map(({ message }) => message)).toEqual(
      Array.from({ length: 450 }, (_, index) => `line ${index}`),
    );
    expect(await tests.tasks.logs.readStream(id, 'tokens')).toMatchObject({ lastIndex: 449, dropped: 0 });
  });

  test('that ignores its signal is heard until its end is written, and no longer', async () => {
    const end = new Gate();
    const refused: unknown[] = [];
    const deaf = defineTask({
      name: 'deaf',
      timeout: 50,
      grace: 20,
      retry: { attempts: 1 },
      async run(_input, { log, stream, signal }) {
        const goOn = (): void => {
          log.warn('it goes on');
          // After that is written, before the next time to write.
          setImmediate(() => setImmediate(() => log.warn('and on')));
        };
        signal.addEventListener('abort', goOn, { once: true });
        await end.opened;
        log.error('nobody hears this');
        await stream('tokens')
          .write('nor this')
          .catch((error: unknown) => refused.push(error));
      },
    });
    await using tests = await TestTasks.start([deaf], { redis: freshSettings(shared) });
    const { id } = await tests.tasks.enqueue(deaf, {});
    expect(await tests.finished(id)).toMatchObject({ failure: { code: 'TIMED_OUT' } });
    end.open();
    await vi.waitFor(() => expect(refused).toMatchObject([{ code: 'TIMED_OUT' }]));

    const { entries } = await tests.tasks.logs.read(id);
    expect(entries.map(({ message }) => message)).toEqual(['it goes on', 'and on']);
    expect((await tests.tasks.get(id))?.streams).toBeUndefined();
  });

  test('that has lost its task is told so by what it writes, and writes no more', async () => {
    const lost = new Gate();
    const codes: unknown[] = [];
    const unlucky = defineTask({
      name: 'unlucky',
      async run(_input, { stream, signal, attempt }) {
        if (attempt > 1) return;
        await stream('tokens').write('mine');
        await lost.opened;
        const aborted = new Promise((resolve) => signal.addEventListener('abort', resolve));
        void stream('tokens').write('not mine');
        await aborted;
        await stream('tokens')
          .write('nor this')
          .catch((error: { code: string }) => codes.push(error.code));
        codes.push((signal.reason as { code: string }).code);
      },
    });
    await using tests = await TestTasks.start([unlucky], { redis: freshSettings(shared) });
    await using store = new TestStore(tests.redis, 'default');
    const { id } = await tests.tasks.enqueue(unlucky, {});
    const following = tests.tasks.logs.followStream(id, 'tokens');
    for (let first; first !== 'mine'; first = (await following.next()).value?.chunks[0]);
    await following.return();
    await store.redis.hset(`${store.root}:task:${id}`, 'token', 'of another attempt');
    lost.open();

    await vi.waitFor(() => expect(codes).toEqual(['STALE', 'STALE']));
    expect(await tests.tasks.logs.readStream(id, 'tokens')).toMatchObject({ chunks: ['mine'] });
  });

  test('that is being canceled is told so by what it writes', async () => {
    const begun = new Gate();
    const deaf = defineTask({
      name: 'deafToChannels',
      async run(_input, { log, signal }) {
        begun.open();
        const aborted = new Promise((resolve) => signal.addEventListener('abort', resolve));
        const timer = setInterval(() => log.info('still here'), 10);
        await aborted.finally(() => clearInterval(timer));
        log.info('last words');
        signal.throwIfAborted();
      },
    });
    // Neither its lease nor its channel says so.
    await using tests = await TestTasks.start([deaf], { redis: freshSettings(shared), leaseMs: 60_000 });
    await using store = new TestStore(tests.redis, 'default');
    const { id } = await tests.tasks.enqueue(deaf, {});
    await begun.opened;
    const key = `${store.root}:task:${id}`;
    await store.redis.hset(key, 'status', 'CANCELING', 'cancellation', '{"requestedAt":1}');

    expect(await tests.finished(id)).toMatchObject({ status: 'CANCELED' });
    const { entries } = await tests.tasks.logs.read(id);
    expect(entries.at(-1)?.message).toBe('last words');
  });
});

test.runIf(redisServerPath)(
  'a run that waits for a store which is away hears its signal',
  { timeout: 40_000 },
  async () => {
    const frozen = new Gate();
    const ends: unknown[] = [];
    const patient = defineTask({
      name: 'patient',
      timeout: 1_000,
      retry: { attempts: 1 },
      async run(_input, { log, stream }) {
        log.info('begins');
        await frozen.opened;
        try {
          for (;;) await stream('tokens').write('x'.repeat(10_000));
        } catch (error) {
          ends.push(error);
          throw error;
        }
      },
    });
    await using away = await Outages.start();
    await using tests = await TestTasks.start([patient], { redis: { url: away.url } });
    const { id } = await tests.enqueueWhenReady(patient, {});
    await tests.reached(id, ({ status }) => status === 'RUNNING');

    away.redis.signal('SIGSTOP');
    frozen.open();
    await vi.waitFor(() => expect(ends).toMatchObject([{ code: 'TIMED_OUT' }]), { timeout: 10_000 });
    outages['was frozen'].end(away);

    expect(await vi.waitFor(() => tests.finished(id), { timeout: 15_000 })).toMatchObject({
      failure: { code: 'TIMED_OUT' },
    });
    // Those that were taken before there was no room any more, all of them.
    const { lastIndex } = await tests.tasks.logs.readStream(id, 'tokens');
    expect(lastIndex).toSatisfy((index: number) => index > 5 && index < 20);
  },
);

test.runIf(redisServerPath)(
  'what a run says to a store that is full is whole once that has room again, before its end is written',
  { timeout: 40_000 },
  async () => {
    const full = new Gate();
    const chatty = defineTask({
      name: 'chatty',
      async run(_input, { log }) {
        await full.opened;
        for (let index = 0; index < 150; index += 1) log.info(`line ${index}`);
      },
    });
    await using away = await Outages.start();
    await using tests = await TestTasks.start([chatty], { redis: { url: away.url } });
    const refused = async (): Promise<number> =>
      Number(/errorstat_OOM:count=(\d+)/.exec(await away.operator.info('errorstats'))?.[1] ?? 0);
    const { id } = await tests.enqueueWhenReady(chatty, {});
    await tests.reached(id, ({ status }) => status === 'RUNNING');

    await outages['was full'].begin(away);
    const before = await refused();
    full.open();
    // Clocks are refused as well, a few times a second.
    await vi.waitFor(async () => expect(await refused()).toBeGreaterThan(before + 5), { timeout: 15_000 });
    await outages['was full'].end(away);
    expect(await tests.finished(id)).toMatchObject({ status: 'SUCCEEDED', attempt: 1 });

    const { entries } = await tests.tasks.logs.read(id);
    expect(entries.map(({ message }) => message)).toEqual(
      Array.from({ length: 150 }, (_, index) => `line ${index}`),
    );
  },
);

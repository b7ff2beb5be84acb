import { describe, expect, test } from 'vitest';
import { hinted, TestStore, w1, w2 } from '../support/store.ts';
import { sharedStores } from '../support/stores.ts';
import { drain as drainScript } from '../../src/tasks/scripts/presence.ts';

/** Lets a worker take nothing more, or with false take again; gives the ids for which slots are woken. */
async function drain(tests: TestStore, worker = 'w1', isDrained = true): Promise<string[]> {
  const reply = await tests.store.run(drainScript, tests.queue, [
    worker,
    isDrained ? ',"reason":"a test"' : '',
  ]);
  const [isSet, ...hints] = reply as [number, ...string[]];
  expect(isSet).toBe(1);
  return hints.filter((_, place) => place % 3 === 1);
}

/** The scripts alone: no clock runs here, and no worker that could help. */
describe.each(sharedStores)('a drained worker in $name', (shared) => {
  test('begins nothing, and what it was woken for goes to another', async () => {
    await using tests = new TestStore(shared);
    await tests.present(1);
    const { task } = await tests.create();
    await drain(tests);
    await tests.present(1, w2);

    const { delivery, hints } = await tests.begin();

    expect(delivery).toBeUndefined();
    expect(hinted(hints)).toEqual([task.id]);
    expect((await tests.delivery(w2)).task.id).toBe(task.id);
  });

  test('is handed no next task with the end of what it ran, which another is woken for', async () => {
    await using tests = new TestStore(shared);
    await tests.present(1);
    await tests.create();
    const running = await tests.delivery();
    await drain(tests);
    const { task: next } = await tests.create();
    await tests.present(1, w2);
    await tests.loseHints();
    await tests.tick();
    await tests.begin({ worker: 'w3', lines: [] });

    const { delivery, counted } = await tests.succeed(running, tests.token());

    expect([counted, delivery]).toEqual([true, undefined]);
    expect((await tests.task(running.task.id)).status).toBe('SUCCEEDED');
    expect((await tests.task(next.id)).status).toBe('QUEUED');
  });

  test('has no slot to wake, also after it has renewed its lease and when a run of it ends', async () => {
    await using tests = new TestStore(shared);
    await tests.present(2);
    await tests.create();
    const running = await tests.delivery();
    await drain(tests);
    await tests.present(2, w1, [running.token]);

    expect((await tests.create()).hints).toEqual([]);
    expect((await tests.succeed(running, tests.token())).hints).toEqual([]);
    expect((await tests.tick()).hints).toEqual([]);
    expect(await tests.redis.smembers(`${tests.root}:idle`)).toEqual([]);
  });

  test('is answered with what it has begun before, as every call may be repeated', async () => {
    await using tests = new TestStore(shared);
    await tests.present(1);
    const { task } = await tests.create();
    await tests.begin(w1, 'once');
    await drain(tests);

    expect((await tests.begin(w1, 'once')).delivery?.task.id).toBe(task.id);
  });

  test('is woken for what waits as soon as it is resumed', async () => {
    await using tests = new TestStore(shared);
    await tests.present(1);
    await drain(tests);
    const { task } = await tests.create();

    expect(await drain(tests, 'w1', false)).toEqual([task.id]);
    expect((await tests.delivery()).task.id).toBe(task.id);
  });

  test('hears of it with its renewal, and brings it back where the store has lost it', async () => {
    await using tests = new TestStore(shared);
    const usual = {
      leaseMs: 60_000,
      slots: 1,
      host: 'test',
      pid: 1,
      version: 'test',
      clockMs: Date.now(),
      beside: 0,
      ageMs: 0,
      load: undefined,
      memoryBytes: 0,
    };
    const renew = async (drain?: string) => (await tests.deliveries().renew({ ...usual, drain }, [])).drain;
    expect(await renew()).toBeUndefined();
    await drain(tests);
    const told = await renew();
    expect(JSON.parse(told ?? '')).toStrictEqual({ at: expect.any(Number), reason: 'a test' });
    await tests.redis.del(`${tests.root}:worker:w1`);

    expect(await renew(told)).toBe(told);
    expect((await tests.create()).hints).toEqual([]);
    await drain(tests, 'w1', false);
    expect(await renew(told)).toBeUndefined();
  });

  test('leaves nothing of it behind when it leaves, or is lost', async () => {
    await using tests = new TestStore(shared);
    for (const worker of [w1, w2]) {
      await tests.present(1, worker);
      await drain(tests, worker.worker);
    }
    await tests.deliveries().leave();
    await tests.expire('w2');
    await tests.tick();

    const keys = await tests.redis.keys(`${tests.root}:*`);

    expect(keys.filter((key) => /:w[12]$/.test(key))).toEqual([]);
  });
});

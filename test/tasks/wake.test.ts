import { describe, expect, test } from 'vitest';
import { hinted, TestStore, w1, w2 } from '../support/store.ts';
import { sharedStores } from '../support/stores.ts';

/** Each line of what wakes a slot, alone: no clock runs here, so that nothing else could. */
describe.each(sharedStores)('a slot in $name is woken', (shared) => {
  test('when a task is created and a slot is idle', async () => {
    await using tests = new TestStore(shared);
    await tests.present(2);

    const { task, hints } = await tests.create();

    expect(hints).toMatchObject([{ id: task.id, delivery: 1 }]);
  });

  test('not when no slot is idle, or none that serves the task', async () => {
    await using tests = new TestStore(shared);
    expect((await tests.create()).hints).toEqual([]);
    await tests.present(1);
    await tests.delivery();
    expect((await tests.create()).hints).toEqual([]);
    await tests.present(5, { worker: 'w3', lines: ['other:v1'] });
    expect((await tests.create()).hints).toEqual([]);
  });

  test('not a worker that has left while all its slots were idle, of which nothing stays behind', async () => {
    await using tests = new TestStore(shared);
    await tests.present(2);
    await tests.deliveries().leave();

    expect((await tests.create()).hints).toEqual([]);
    expect(await tests.redis.smembers(`${tests.root}:idle`)).toEqual([]);
  });

  test('at most once for each idle slot, however many tasks are created at once', async () => {
    await using tests = new TestStore(shared);
    await tests.present(3);

    const created = await Promise.all(Array.from({ length: 50 }, () => tests.create()));

    const ids = created.flatMap(({ hints }) => hinted(hints));
    expect(ids).toHaveLength(3);
    expect(new Set(ids).size).toBe(3);
  });

  test('when a worker starts while tasks wait', async () => {
    await using tests = new TestStore(shared);
    await tests.create();
    await tests.create();

    expect((await tests.present(5)).hints).toHaveLength(2);
  });

  test('when a busy slot of another definition lets go while a task waits', async () => {
    await using tests = new TestStore(shared);
    const other = { worker: 'w3', lines: ['other:v1'] };
    await tests.create({ name: 'other' });
    await tests.present(1, other);
    const delivery = await tests.delivery(other);
    const { task } = await tests.create();
    await tests.redis.hset(`${tests.root}:worker:w1`, 'slots', 1, 'lines', ' resize:v1 ');
    await tests.redis.zadd(`${tests.root}:workers`, Date.now() + 60_000, 'w1');
    await tests.redis.sadd(`${tests.root}:idle`, 'w1');

    const { hints } = await tests.succeed(delivery, tests.token(), '{}', other);

    expect(hinted(hints)).toEqual([task.id]);
  });

  test('when a task is tried again at once, and the slot that ran it goes on with an older one', async () => {
    await using tests = new TestStore(shared);
    const both = { worker: 'w3', lines: ['resize:v1', 'other:v1'] };
    const { task: older } = await tests.create();
    const { task } = await tests.create({ name: 'other', policy: { initialMs: 0 } });
    await tests.present(1, both);
    const delivery = await tests.delivery({ worker: 'w3', lines: ['other:v1'] });
    expect((await tests.present(1, { worker: 'w4', lines: ['other:v1'] })).hints).toEqual([]);

    const failure = { code: 'ERROR', message: 'no', retryable: true, attempt: 1 };
    const ended = await tests.finish(delivery, { outcome: 'FAILED', failure }, tests.token(), both);

    expect([ended.delivery?.task.id, ...hinted(ended.hints)]).toEqual([older.id, task.id]);
  });

  test('when a suspect ends and so makes room for others, beside the one that its slot goes on with', async () => {
    await using tests = new TestStore(shared);
    await tests.create();
    await tests.present(1);
    await tests.delivery();
    await tests.expire('w1');
    await tests.tick();
    // Two of these eight may run beside each other, the one before runs alone.
    for (let count = 8; count > 0; count -= 1) await tests.create({ name: 'other' });
    const other = { worker: 'w3', lines: ['other:v1'] };
    for (let count = 8; count > 0; count -= 1) await tests.delivery(other);
    await tests.expire('w3');
    await tests.tick();
    const both = { worker: 'w2', lines: ['resize:v1', 'other:v1'] };
    const alone = await tests.delivery(both);
    expect((await tests.present(5, both, [alone.token])).hints).toEqual([]);

    const { delivery, hints } = await tests.succeed(alone, tests.token(), '{}', both);

    expect([delivery?.task.name, hints.length]).toEqual(['other', 1]);
  });

  test('when a task is due, to be tried again', async () => {
    await using tests = new TestStore(shared);
    const { task } = await tests.create({ policy: { jitter: 0 } });
    await tests.present(1);
    await tests.fail(await tests.delivery());
    expect((await tests.tick()).hints).toEqual([]);
    await tests.pass(task.id, 1_000);

    const { hints } = await tests.tick();

    expect(hints).toMatchObject([{ id: task.id, delivery: 2 }]);
  });

  test('when a task is retried by hand', async () => {
    await using tests = new TestStore(shared);
    const { task } = await tests.create({ policy: { attempts: 1 } });
    await tests.present(1);
    await tests.fail(await tests.delivery());

    const retried = await tests.store.retry(task.id);

    expect(retried?.hints).toMatchObject([{ id: task.id, delivery: 2 }]);
  });

  test('when the clock ends an attempt whose worker is frozen, and its task waits again', async () => {
    await using tests = new TestStore(shared);
    const { task } = await tests.create({ policy: { timeoutMs: 1_000, initialMs: 0 } });
    await tests.present(1);
    await tests.delivery();
    await tests.present(1, w2);
    await tests.pass(task.id, 60_000);

    expect(hinted((await tests.tick()).hints)).toEqual([task.id]);
  });

  test('when what waits for a slot was mended', async () => {
    await using tests = new TestStore(shared);
    const { task } = await tests.create();
    await tests.redis.zrem(`${tests.root}:backlog:resize:v1`, task.id);
    await tests.redis.zrem(`${tests.root}:heads`, 'resize:v1');
    await tests.present(1);

    expect(hinted((await tests.store.mend(tests.queue)).hints)).toEqual([task.id]);
  });

  test('when a slot took a hint that it has no use for', async () => {
    await using tests = new TestStore(shared);
    await tests.present(1);
    const { task, hints } = await tests.create();
    const [hint] = hints;
    if (hint === undefined) throw new Error('expected a hint');

    const begun = await tests.begin({ worker: 'w3', lines: ['other:v1'] }, 'token', hint);

    expect(begun.delivery).toBeUndefined();
    expect(hinted(begun.hints)).toEqual([task.id]);
  });

  test('when a lost worker held a task', async () => {
    await using tests = new TestStore(shared);
    const { task } = await tests.create();
    await tests.present(1);
    await tests.delivery();
    await tests.present(1, w2);
    await tests.expire('w1');

    const { lost, hints } = await tests.tick();

    expect([lost, hinted(hints)]).toEqual([[task.id], [task.id]]);
  });

  test('again by the clock when a hint was lost, under a number of its own', async () => {
    await using tests = new TestStore(shared);
    await tests.present(1);
    const { task, hints } = await tests.create();
    expect((await tests.tick()).hints).toEqual([]);
    await tests.loseHints();

    const again = (await tests.tick()).hints;

    expect(hinted(again)).toEqual([task.id]);
    expect(again[0]?.hint).not.toBe(hints[0]?.hint);
  });

  test('by the clock also where a hundred definitions wait that no worker serves any more', async () => {
    await using tests = new TestStore(shared);
    await Promise.all(Array.from({ length: 120 }, (_, index) => tests.create({ name: `removed${index}` })));
    const { task } = await tests.create();
    await tests.present(1);

    expect(hinted((await tests.tick()).hints)).toEqual([task.id]);
  });

  test('by nothing but the best task that waits: the slot takes the oldest, not the hinted one', async () => {
    await using tests = new TestStore(shared);
    const { task: oldest } = await tests.create();
    const { task: newest } = await tests.create();
    const { delivery } = await tests.begin(w1, 'token', { hint: 'h', id: newest.id });

    expect(delivery?.task.id).toBe(oldest.id);
  });
});

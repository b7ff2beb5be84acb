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

    const { hints } = await tests.succeed(delivery, tests.token(), '{}', other);

    expect(hinted(hints)).toEqual([task.id]);
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

  test('by nothing but the best task that waits: the slot takes the oldest, not the hinted one', async () => {
    await using tests = new TestStore(shared);
    const { task: oldest } = await tests.create();
    const { task: newest } = await tests.create();
    const { delivery } = await tests.begin(w1, 'token', { hint: 'h', id: newest.id });

    expect(delivery?.task.id).toBe(oldest.id);
  });
});

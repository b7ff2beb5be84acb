import { describe, expect, test } from 'vitest';
import { parkDelivery, resumeDelivery } from '../../src/tasks/adoption.ts';
import { sharedStores } from '../support/stores.ts';
import { hinted, TestStore, w1 } from '../support/store.ts';

const one = { c: 1, whenFull: 'WAIT' };
const limits = {
  'of its definition': { limits: { since: 1, rules: JSON.stringify({ all: one }) } },
  'of its key': { limits: { since: 1, rules: JSON.stringify({ key: one }) }, limitKey: 'ada' },
};

describe.each(sharedStores)('in $name a run that waits', (shared) => {
  test.each(Object.entries(limits))(
    'leaves its place in a limit %s, and takes it again',
    async (_, limited) => {
      await using tests = new TestStore(shared);
      await tests.present(1);
      await tests.create(limited);
      const { task: next } = await tests.create(limited);
      const parent = await tests.delivery();
      const parked = { worker: w1.worker, delivery: parent, slots: 2 };
      expect((await tests.begin()).delivery).toBeUndefined();

      const hints = await parkDelivery(tests.store, parked, 'h');
      expect(hinted(hints ?? [])).toEqual([next.id]);
      const other = await tests.delivery();
      expect(other.task.id).toBe(next.id);
      expect(await resumeDelivery(tests.store, { ...parked, slots: 1 })).toBe('NO_ROOM');
      // Its place is kept free for it.
      await tests.create(limited);
      await tests.succeed(other);
      expect((await tests.begin()).delivery).toBeUndefined();
      expect(await resumeDelivery(tests.store, { ...parked, slots: 1 })).toBe('RESUMED');
      await tests.succeed(parent);
      expect((await tests.begin()).delivery).toBeDefined();
    },
  );

  test('is no suspect among those of its worker, and one again when it goes on', async () => {
    await using tests = new TestStore(shared);
    await tests.create();
    await tests.create();
    const lost = [await tests.delivery(), await tests.delivery()];
    await tests.expire('w1');
    await tests.tick();
    await tests.present(2);
    const parent = await tests.delivery();
    expect(parent).toMatchObject({ isSuspect: true, task: { id: lost[0]?.task.id } });
    expect((await tests.begin()).delivery).toBeUndefined();

    const parked = { worker: w1.worker, delivery: parent, slots: 3 };
    await parkDelivery(tests.store, parked, 'h');
    const other = await tests.delivery();
    expect(await resumeDelivery(tests.store, parked)).toBe('NO_ROOM');
    await tests.succeed(other);
    expect(await resumeDelivery(tests.store, parked)).toBe('RESUMED');
  });

  test('is not to blame for the end of its worker, unless nothing else ran there', async () => {
    await using tests = new TestStore(shared);
    await tests.create();
    await tests.create();
    await tests.present(2);
    const [waits, works] = [await tests.delivery(), await tests.delivery()];
    await parkDelivery(tests.store, { worker: w1.worker, delivery: waits, slots: 3 }, 'h');
    await tests.expire('w1');
    await tests.tick();

    expect((await tests.task(waits.task.id)).attempts).toMatchObject([{ outcome: 'SUPERSEDED' }]);
    expect((await tests.task(works.task.id)).attempts).toMatchObject([{ outcome: 'LOST' }]);
    await tests.present(1);
    const alone = await tests.delivery();
    await parkDelivery(tests.store, { worker: w1.worker, delivery: alone, slots: 2 }, 'h');
    await tests.expire('w1');
    await tests.tick();
    expect((await tests.task(alone.task.id)).attempts.at(-1)).toMatchObject({ outcome: 'LOST' });
  });

  test('is noted once however often that is said, and not at all with a void token', async () => {
    await using tests = new TestStore(shared);
    await tests.create();
    await tests.present(1);
    const delivery = await tests.delivery();
    const parked = { worker: w1.worker, delivery, slots: 2 };

    await parkDelivery(tests.store, parked, 'h');
    expect(await parkDelivery(tests.store, parked, 'h')).toEqual([]);
    expect(await tests.redis.hget(`${tests.root}:worker:w1`, 'slots')).toBe('2');
    expect(await resumeDelivery(tests.store, { ...parked, slots: 1 })).toBe('RESUMED');
    expect(await resumeDelivery(tests.store, { ...parked, slots: 1 })).toBe('RESUMED');
    expect(await tests.redis.hget(`${tests.root}:worker:w1`, 'slots')).toBe('1');
    const foreign = { ...parked, delivery: { ...delivery, token: 'void' } };
    expect(await parkDelivery(tests.store, foreign, 'h')).toBeUndefined();
    expect(await resumeDelivery(tests.store, foreign)).toBe('STALE');
  });
});

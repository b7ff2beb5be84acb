import { describe, expect, test } from 'vitest';
import { defineTask } from '../../src/index.ts';
import { existing, hourly, hourlyWith, minuteMs, scheduleIdOf, TestSchedules } from '../support/schedules.ts';
import { sharedStores } from '../support/stores.ts';

const id = scheduleIdOf(hourly);

describe.each(sharedStores)('in $name, what the code says', (shared) => {
  test('keeps its next slot and its pause while it stays the same', async () => {
    await using app = await TestSchedules.registered(shared);
    const { store, schedules } = app;
    const { nextRunAt } = await existing(schedules, id);
    await schedules.pause(id);
    await schedules.resume(id);

    await store.scheduler([hourly]).register(['default']);

    expect((await existing(schedules, id)).nextRunAt).toBe(nextRunAt);
    expect(await schedules.list({ limit: 10 })).toMatchObject({
      schedules: [{ schedule: { id, source: 'CODE' } }],
    });
  });

  test('changes the schedule when it changes, with other times from now on', async () => {
    await using app = await TestSchedules.registered(shared);
    const { store, schedules } = app;
    const before = await existing(schedules, id);

    await store.scheduler([hourlyWith({ every: '1h', overlap: 'SKIP' })]).register(['default']);
    const policy = await existing(schedules, id);
    await store.scheduler([hourlyWith({ cron: '0 0 1 1 *' })]).register(['default']);
    const times = await existing(schedules, id);

    expect(policy).toMatchObject({ overlap: 'SKIP', nextRunAt: before.nextRunAt });
    expect(times).toMatchObject({ overlap: 'ALLOW', spec: { cron: '0 0 1 1 *', timeZone: 'UTC' } });
    expect(new Date(times.nextRunAt ?? 0).toISOString()).toMatch(/-01-01T00:00:00.000Z$/);
  });

  test('that stays paused when it changes has no next slot', async () => {
    await using app = await TestSchedules.registered(shared);
    await app.schedules.pause(id);

    await app.store.scheduler([hourlyWith({ every: '2h' })]).register(['default']);

    expect((await existing(app.schedules, id)).nextRunAt).toBeUndefined();
    expect((await app.store.tick()).next).toBeUndefined();
  });

  test('takes a schedule away that is gone from it, and none that a request made', async () => {
    const night = { name: 'night', cron: '0 3 * * *' };
    await using app = await TestSchedules.registered(shared, [hourlyWith([{ every: '1h' }, night])]);
    const { store, schedules } = app;
    const made = await schedules.create('hourly', { every: '5m' });

    await store.scheduler([hourlyWith(night)]).register(['default']);

    const left = await schedules.list({ limit: 10 });
    expect(left.schedules.map(({ schedule }) => schedule.id)).toEqual([
      made.id,
      scheduleIdOf(hourly, 'night'),
    ]);
    expect(await schedules.get(id)).toBeUndefined();
  });

  test('of a definition that has moved to another queue is taken away in the old one', async () => {
    await using app = await TestSchedules.registered(shared);
    const moved = defineTask({
      name: 'hourly',
      queue: 'other',
      schedule: { every: '1h' },
      run: () => undefined,
    });

    await app.store.scheduler([moved]).register(['default', 'other']);

    expect(await app.schedules.getMany([id, scheduleIdOf(moved)])).toMatchObject([
      undefined,
      { queue: 'other' },
    ]);
  });

  test('is what the newest process says: an older one in a rolling deploy changes nothing', async () => {
    await using app = await TestSchedules.registered(shared);
    const { store, schedules } = app;
    // By a process that started a minute later than this one.
    const since = await store.redis.hincrby(`${store.root}:scheduled:hourly`, 'since', minuteMs);

    await store.scheduler([hourlyWith({ every: '5m' })]).register(['default']);
    await store.scheduler([hourlyWith([])]).register(['default']);

    expect(await existing(schedules, id)).toMatchObject({ spec: { everyMs: 60 * minuteMs } });
    expect(await store.redis.hget(`${store.root}:scheduled:hourly`, 'since')).toBe(String(since));
  });

  test('about a time that has passed is dealt with as missed, once', async () => {
    const past = new Date(Date.now() - 10 * minuteMs);
    const late = hourlyWith([
      { name: 'skipped', at: past },
      { name: 'made-up', at: past, missed: 'RUN_LAST' },
    ]);
    await using app = await TestSchedules.registered(shared, [late]);
    const { store, scheduler, schedules } = app;

    await store.look(scheduler);
    await store.scheduler([late]).register(['default']);
    await store.look(scheduler);

    const [skipped, madeUp] = [scheduleIdOf(hourly, 'skipped'), scheduleIdOf(hourly, 'made-up')];
    expect(await store.madeBy(skipped)).toEqual([]);
    expect(await store.madeBy(madeUp)).toHaveLength(1);
    expect(await schedules.getMany([skipped, madeUp])).toMatchObject([
      { lastSkip: { slot: past.getTime(), reason: 'MISSED' } },
      { lastRunAt: expect.any(Number) },
    ]);
    expect((await existing(schedules, madeUp)).nextRunAt).toBeUndefined();
  });

  test('is made known as soon as `validate` can tell, where it failed before', async () => {
    let isAway = true;
    const asking = defineTask({
      name: 'hourly',
      input: (t) => ({ n: t.int() }),
      validate: () => {
        if (isAway) throw new Error('what it asks is away');
        return undefined;
      },
      schedule: { every: '1h', input: { n: 1 } },
      run: () => undefined,
    });
    await using app = await TestSchedules.registered(shared, [asking]);
    const { scheduler, schedules } = app;
    expect(await schedules.get(id)).toBeUndefined();
    isAway = false;

    await scheduler.register(['default']);

    expect(await existing(schedules, id)).toMatchObject({ nextRunAt: expect.any(Number) });
  });

  test('is there again after the store has lost everything', async () => {
    await using app = await TestSchedules.registered(shared);
    const { store, scheduler, schedules } = app;
    await store.redis.del(
      ...[
        'schedules',
        `schedule:${id}`,
        'schedule-ids',
        'schedule-ids:hourly',
        'code-schedules:hourly',
        'scheduled:hourly',
      ].map((key) => `${store.root}:${key}`),
    );
    expect(await schedules.get(id)).toBeUndefined();

    await scheduler.register(['default']);

    expect(await existing(schedules, id)).toMatchObject({ nextRunAt: expect.any(Number) });
  });
});

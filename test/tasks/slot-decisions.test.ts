import { describe, expect, test } from 'vitest';
import { slotDecisions, type Outcome } from '../../src/tasks/slot-decisions.ts';
import { existing, hourly, hourlyWith, minuteMs, scheduleIdOf, TestSchedules } from '../support/schedules.ts';
import { freshSettings } from '../support/stores.ts';

const id = scheduleIdOf(hourly);

describe.each(slotDecisions)('missed $missed, overlap $overlap', ({ missed, overlap, ...situations }) => {
  test.each([
    ['when the last of three missed slots is on time', 'onTime', 0],
    ['when all are late', 'late', 5 * minuteMs],
    ['when an earlier task has not ended', 'busy', 0],
  ] as const)('%s', async (_, situation, lateMs) => {
    await using app = await TestSchedules.registered(freshSettings(), [
      hourlyWith({ every: '10m', missed, overlap }),
    ]);
    const { store, scheduler } = app;
    const third = (await store.now()) - 1_000 - lateMs;
    const slots = [3, 2, 1, 0].map((back) => third - back * 10 * minuteMs);
    const [earlier = 0, first = 0] = slots;
    if (situation === 'busy') {
      await store.setNext(id, earlier);
      // As it was on time then: made by another clock.
      const { schedules } = await store.tick();
      await scheduler.fire('default', schedules, earlier);
    }
    await store.setNext(id, first);

    await store.look(scheduler);

    const tasks = await store.tasksOf(id, slots);
    const outcome: Outcome = {
      made: [1, 2, 3].filter((index) => tasks[index] !== undefined),
      canceled: [0, 1, 2, 3].filter((index) => tasks[index]?.status === 'CANCELED'),
    };
    expect(outcome).toEqual(situations[situation]);
    const { missedCount, lastSkip } = await existing(app.schedules, id);
    const turns = missed === 'RUN_ALL' ? 3 : missed === 'SKIP' && situation === 'late' ? 0 : 1;
    expect(missedCount).toBe(3 - turns);
    const reason = turns > outcome.made.length ? 'OVERLAP' : missedCount > 0 ? 'MISSED' : undefined;
    expect(lastSkip?.reason).toBe(reason);
  });
});

import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { lastSlots, nextSlot, slotsFrom, type ScheduleSpec } from '../../src/definition/slots.ts';

/** The slots in some hours from a time on, as hours and minutes in UTC. */
function slots(cron: string, timeZone: string, from: string, hours: number): string[] {
  const spec = { cron, timeZone };
  const start = Date.parse(from);
  const first = nextSlot(spec, start - 1);
  return slotsFrom(spec, first, 40)
    .filter((slot) => slot < start + hours * 3_600_000)
    .map((slot) => new Date(slot).toISOString().slice(11, 16));
}

describe('where clocks go forward, and 02:00 to 03:00 is not there,', () => {
  // Midnight to eight hours later.
  const berlin = (cron: string) => slots(cron, 'Europe/Berlin', '2026-03-28T23:00:00Z', 8);
  const newYork = (cron: string) => slots(cron, 'America/New_York', '2026-03-08T05:00:00Z', 8);

  test('a fixed time in the gap runs once, at the first moment after it', () => {
    expect(berlin('30 2 * * *')).toEqual(['01:00']);
    expect(newYork('30 2 * * *')).toEqual(['07:00']);
    expect(berlin('0 30 2 * * *')).toEqual(['01:00']);
    expect(berlin('30 2,6 * * *')).toEqual(['01:00', '04:30']);
  });

  test('fixed times in the gap that fall together run once', () => {
    expect(berlin('0,30 2 * * *')).toEqual(['01:00']);
    expect(berlin('0 2,3 * * *')).toEqual(['01:00']);
  });

  test('hourly and finer patterns run in every hour that there is', () => {
    const hours = ['23:30', '00:30', '01:30', '02:30', '03:30', '04:30', '05:30', '06:30'];
    expect(berlin('30 * * * *')).toEqual(hours);
    expect(newYork('30 * * * *')).toHaveLength(8);
    expect(berlin('*/15 * * * *')).toHaveLength(32);
  });

  test('patterns follow the clock on the wall: what would be in the gap is left out', () => {
    expect(berlin('*/20 2 * * *')).toEqual([]);
    expect(berlin('0 */2 * * *')).toEqual(['23:00', '02:00', '04:00', '06:00']);
  });
});

describe('where clocks go back, and an hour comes twice,', () => {
  const berlin = (cron: string) => slots(cron, 'Europe/Berlin', '2026-10-24T22:00:00Z', 8);
  const newYork = (cron: string) => slots(cron, 'America/New_York', '2026-11-01T04:00:00Z', 8);

  test('a fixed time runs once, the first time', () => {
    expect(berlin('30 2 * * *')).toEqual(['00:30']);
    expect(newYork('30 1 * * *')).toEqual(['05:30']);
    expect(berlin('30 2,6 * * *')).toEqual(['00:30', '05:30']);
    expect(berlin('0,30 2 * * *')).toEqual(['00:00', '00:30']);
  });

  test('hourly and finer patterns run in every hour that there is', () => {
    expect(berlin('30 * * * *')).toHaveLength(8);
    expect(newYork('*/15 * * * *')).toHaveLength(32);
  });

  test('patterns follow the clock on the wall: what comes twice runs twice', () => {
    expect(berlin('*/20 2 * * *')).toEqual(['00:00', '00:20', '00:40', '01:00', '01:20', '01:40']);
    expect(berlin('0 */2 * * *')).toEqual(['22:00', '00:00', '01:00', '03:00', '05:00']);
  });
});

test('a midnight that is not there runs at the first moment of its day', () => {
  expect(slots('0 0 * * *', 'Africa/Cairo', '2026-04-23T12:00:00Z', 24)).toEqual(['22:00']);
});

test('an `every` counts from its anchor, whatever clocks do', () => {
  const anchorMs = Date.parse('2026-03-28T12:10:00Z');
  const spec = { everyMs: 86_400_000, anchorMs };

  expect(nextSlot(spec, anchorMs)).toBe(anchorMs + 86_400_000);
  expect(nextSlot(spec, anchorMs - 5)).toBe(anchorMs + 86_400_000);
  expect(nextSlot(spec, anchorMs + 86_400_000)).toBe(anchorMs + 2 * 86_400_000);
});

test('a time comes once', () => {
  const spec = { atMs: 1_000 };

  expect(nextSlot(spec, 999)).toBe(1_000);
  expect(nextSlot(spec, 1_000)).toBeUndefined();
});

const year = { min: Date.parse('2026-01-01T00:00:00Z'), max: Date.parse('2027-01-01T00:00:00Z') };
const time = fc.integer(year);
const specs: fc.Arbitrary<ScheduleSpec> = fc.oneof(
  fc.record({
    cron: fc.constantFrom(
      '30 2 * * *',
      '0 0 * * *',
      '0,30 2 * * *',
      '30 * * * *',
      '*/20 2 * * *',
      '15 1-3 * * *',
      '0 */3 * * *',
      '* * * * * *',
      '0 9 * * MON-FRI',
      '0 0 L * *',
    ),
    timeZone: fc.constantFrom(
      'UTC',
      'Europe/Berlin',
      'America/New_York',
      'Australia/Lord_Howe',
      'Africa/Cairo',
    ),
  }),
  fc.record({ everyMs: fc.integer({ min: 1_000, max: 1e9 }), anchorMs: time }),
);

test('whenever one asks, the next slot is the first one after that time', () => {
  fc.assert(
    fc.property(specs, time, fc.double({ min: 0, max: 1, noNaN: true }), (spec, start, share) => {
      const [first = 0, second = 0] = slotsFrom(spec, nextSlot(spec, start), 2);
      const between = first + Math.floor(share * (second - first - 1));

      expect(first).toBeGreaterThan(start);
      expect(second).toBeGreaterThan(first);
      expect(nextSlot(spec, between)).toBe(second);
      expect(nextSlot(spec, first - 1)).toBe(first);
    }),
    { numRuns: 60 },
  );
});

test('looking back from a time finds the slots that one comes by from before', () => {
  fc.assert(
    fc.property(
      specs,
      time,
      fc.integer({ min: 1, max: 30 }),
      fc.integer({ min: 1, max: 12 }),
      (spec, start, length, count) => {
        const passed = slotsFrom(spec, nextSlot(spec, start), length);

        const found = lastSlots(spec, passed[0] ?? 0, passed.at(-1) ?? 0, count);

        expect(found).toEqual(passed.slice(-count));
      },
    ),
    { numRuns: 40 },
  );
});

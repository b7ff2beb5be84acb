import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { instant, localTime } from '../../src/dashboard/parts/local-time.ts';

test('a time is shown by the clock of this machine, to the second', () => {
  const at = new Date(2026, 2, 1, 10, 30, 5, 678);

  expect(localTime(at.toISOString())).toBe('2026-03-01T10:30:05');
});

test('what is chosen by that clock is the same time again', () => {
  const seconds = fc.integer({ min: 0, max: 4_000_000_000 });
  fc.assert(
    fc.property(seconds, (second) => {
      const local = localTime(new Date(second * 1000).toISOString());
      // An hour that the clock goes through twice is taken for one of the two.
      expect(localTime(instant(local))).toBe(local);
    }),
  );
});

test('no time is an empty field, and an empty field is no time', () => {
  expect([undefined, null, 'soon'].map(localTime)).toEqual(['', '', '']);
  expect(instant('')).toBeUndefined();
});

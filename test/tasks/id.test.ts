import { expect, test } from 'vitest';
import { createId, queueOf, timeOf } from '../../src/tasks/id.ts';

test('ids are never the same, name their queue and sort by time', () => {
  const before = Date.now();
  const ids = Array.from({ length: 2_000 }, () => createId('images'));

  expect(new Set(ids).size).toBe(2_000);
  for (const id of ids) {
    expect(queueOf(id)).toBe('images');
    expect(timeOf(id)).toBeGreaterThanOrEqual(before);
  }
  // All 32 characters come about as often in each place of the random part.
  for (let place = 1; place <= 16; place += 1) {
    expect(new Set(ids.map((id) => id.at(-place))).size).toBe(32);
  }
});

import { expect, test } from 'vitest';
import { type Timed, ticksOf, tracksOf } from '../../src/dashboard/pages/task/attempt-tracks.ts';

const at = (seconds: number): string => new Date(seconds * 1000).toISOString();
const waiting: Timed = {
  createdAt: at(100),
  runAt: null,
  nextAttemptAt: null,
  finishedAt: null,
  isFinal: false,
  attempts: [],
};
const run = (number: number, from: number, to?: number) => ({
  number,
  startedAt: at(from),
  finishedAt: to === undefined ? null : at(to),
});

test('a task that waits has one line, open at its end', () => {
  expect(tracksOf(waiting, 160_000)).toEqual({
    from: 100_000,
    to: 160_000,
    tracks: [{ number: undefined, wait: { from: 100_000, to: undefined }, run: undefined }],
  });
});

test('each attempt shows what was waited for it, and how long it ran', () => {
  const task = {
    ...waiting,
    finishedAt: at(140),
    isFinal: true,
    attempts: [run(1, 105, 110), run(2, 120, 140)],
  };

  expect(tracksOf(task, 999_000)).toEqual({
    from: 100_000,
    to: 140_000,
    tracks: [
      { number: 1, wait: { from: 100_000, to: 105_000 }, run: { from: 105_000, to: 110_000 } },
      { number: 2, wait: { from: 110_000, to: 120_000 }, run: { from: 120_000, to: 140_000 } },
    ],
  });
});

test('an attempt that runs goes on until now', () => {
  const { to, tracks } = tracksOf({ ...waiting, attempts: [run(1, 105)] }, 130_000);

  expect(to).toBe(130_000);
  expect(tracks).toEqual([
    { number: 1, wait: { from: 100_000, to: 105_000 }, run: { from: 105_000, to: undefined } },
  ]);
});

test('between attempts the next one is told, with the time that it waits for', () => {
  const task = { ...waiting, nextAttemptAt: at(150), attempts: [run(1, 105, 110)] };

  const { to, tracks } = tracksOf(task, 120_000);

  expect(to).toBe(150_000);
  expect(tracks.at(-1)).toEqual({
    number: undefined,
    wait: { from: 110_000, to: 150_000 },
    run: undefined,
  });
});

test('a delay of a day leaves room for an attempt that takes a second', () => {
  const task = { ...waiting, runAt: at(86_500), finishedAt: at(86_502), isFinal: true };

  const { from, to } = tracksOf({ ...task, attempts: [run(1, 86_501, 86_502)] }, 0);

  expect([from, to]).toEqual([86_500_000, 86_502_000]);
});

test('where earlier attempts are no longer kept, nothing is said of the time before', () => {
  const task = {
    ...waiting,
    finishedAt: at(940),
    isFinal: true,
    attempts: [run(7, 900, 910), run(8, 930, 940)],
  };

  const { from, tracks } = tracksOf(task, 0);

  expect(from).toBe(900_000);
  expect(tracks[0]?.wait).toBeUndefined();
});

test('one that ended before it began shows how long it waited', () => {
  const task = { ...waiting, finishedAt: at(120), isFinal: true };

  expect(tracksOf(task, 0).tracks).toEqual([
    { number: undefined, wait: { from: 100_000, to: 120_000 }, run: undefined },
  ]);
});

test('clocks that differ make no axis without length', () => {
  const { from, to } = tracksOf({ ...waiting, attempts: [run(1, 100)] }, 90_000);

  expect(to).toBeGreaterThan(from);
});

test('the axis has round times, not too many of them', () => {
  expect(ticksOf(32_000, 6)).toEqual([0, 10_000, 20_000, 30_000]);
  expect(ticksOf(1, 6)).toEqual([0, 1]);
  for (const length of [7, 999, 61_000, 3_700_000, 86_400_000 * 40]) {
    expect(ticksOf(length, 6).length).toBeLessThanOrEqual(8);
    expect(ticksOf(length, 6).length).toBeGreaterThanOrEqual(2);
  }
});

import { describe, expect, test } from 'vitest';
import { type Activity, mergeActivity, mergeMinutes, readMinutes } from '../../src/tasks/activity.ts';
import { pieceOf } from '../../src/tasks/histogram.ts';

const minuteMs = 60_000;
const start = 29_000_000 * minuteMs;

/** The activity of so many tasks that each waited and ran for so long, in a piece of their own. */
function activityOf(count: number, ms = 1): Activity {
  const times = new Map([[pieceOf(ms), count]]);
  return {
    enqueued: count,
    started: count,
    finished: { SUCCEEDED: count },
    attemptsFailed: 0,
    wait: times,
    run: times,
  };
}

describe('minutes of several queues', () => {
  test('are added up by minute, the oldest first, and those without a word are zeros', () => {
    const merged = mergeMinutes(
      [
        [
          { at: start, definitions: new Map([['one', activityOf(2)]]) },
          { at: start + 2 * minuteMs, definitions: new Map([['one', activityOf(3, 3)]]) },
        ],
        [{ at: start, definitions: new Map([['other', activityOf(5)]]) }],
      ],
      4,
    );

    expect(merged.map(({ at }) => at)).toEqual([-1, 0, 1, 2].map((minute) => start + minute * minuteMs));
    expect(merged.map(({ enqueued }) => enqueued)).toEqual([0, 7, 0, 3]);
    expect(merged[0]).toMatchObject({ finished: { SUCCEEDED: 0 }, wait: { count: 0, max: undefined } });
    expect(merged[3]).toMatchObject({ run: { count: 3, max: 3 } });
  });

  test('are told up to the newest one that any of them tells, as a minute may begin between two looks', () => {
    const merged = mergeMinutes(
      [
        [{ at: start, definitions: new Map([['one', activityOf(1)]]) }],
        [
          { at: start, definitions: new Map() },
          { at: start + minuteMs, definitions: new Map([['one', activityOf(2)]]) },
        ],
      ],
      2,
    );

    expect(merged.map(({ at, enqueued }) => [at - start, enqueued])).toEqual([
      [0, 1],
      [minuteMs, 2],
    ]);
  });

  test('are of the definitions that were asked for', () => {
    const definitions = new Map([
      ['one', activityOf(1)],
      ['other', activityOf(9)],
    ]);

    const [merged] = mergeMinutes([[{ at: start, definitions }]], 1, new Set(['one', 'nobody']));

    expect(merged).toMatchObject({ enqueued: 1, started: 1 });
  });

  test('nothing at all is nothing', () => {
    expect(mergeActivity([])).toMatchObject({ enqueued: 0, started: 0, wait: new Map() });
  });

  test.each([
    ['an hour', 60, undefined, 60],
    ['one', 1, undefined, 1],
    ['sixteen', 16, undefined, 16],
    ['what began since the minute before the last', 60, 1, 2],
    ['what began since half an hour', 60, 30, 31],
    ['no more than were asked for', 10, 30, 10],
  ])('each is read once: %s', async (_, minutes, since, expected) => {
    const last = start / minuteMs;
    const asked: number[] = [];
    const read = await readMinutes(
      (_script, [newest, count]) => {
        const from = newest === '' ? last : Number(newest);
        const own = Array.from({ length: Number(count) }, (_, back) => from - back);
        asked.push(...own);
        return Promise.resolve(['0', from, own.map((minute) => ['one:e', String(minute)])]);
      },
      minutes,
      since === undefined ? undefined : (last - since) * minuteMs,
    );

    expect(asked.length).toBe(new Set(asked).size);
    expect(read.map(({ at }) => (at - start) / minuteMs)).toEqual(
      Array.from({ length: expected }, (_, index) => index + 1 - expected),
    );
    for (const { at, definitions } of read) expect(definitions.get('one')?.enqueued).toBe(at / minuteMs);
  });
});

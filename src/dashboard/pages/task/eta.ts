/** A reading of a task's progress: when it came, in ms, and how much was done then, 0 to 1. */
export interface Reading {
  readonly at: number;
  readonly fraction: number;
}

const windowMs = 60_000;
/** So many stay in the window however old they are: slow tasks have a rate as well. */
const least = 6;
const most = 240;
/** What would take longer than a year is no estimate. */
const longestMs = 365 * 86_400_000;

/** Adds a reading to a window of the recent ones. Progress that went back is another attempt's, with which it begins anew. */
export function withReading(window: readonly Reading[], reading: Reading): readonly Reading[] {
  const last = window.at(-1);
  if (last === undefined || reading.fraction < last.fraction) return [reading];
  if (reading.fraction === last.fraction) return window;
  const all = [...window, reading];
  const fresh = all.findIndex(({ at }) => at >= reading.at - windowMs);
  return all.slice(Math.max(Math.min(fresh, all.length - least), all.length - most, 0));
}

/**
 * How long it takes from `now` on, in ms, if it goes on as in the window. Undefined where nobody can honestly say: there are
 * too few readings, they are all of one moment, it has stalled for longer than it ever paused, or its pace has changed a lot.
 */
export function timeLeft(window: readonly Reading[], now: number): number | undefined {
  const [first] = window;
  const last = window.at(-1);
  if (first === undefined || last === undefined || window.length < 3 || last.fraction >= 1) return undefined;
  const spent = last.at - first.at;
  if (spent < 1500) return undefined;
  const silence = Math.max(0, now - last.at);
  if (silence > Math.max(5000, 3 * longestPause(window))) return undefined;
  if (!isSteady(window)) return undefined;
  const rate = (last.fraction - first.fraction) / spent;
  const left = Math.max(0, (1 - last.fraction) / rate - silence);
  return left <= longestMs ? left : undefined;
}

function longestPause(window: readonly Reading[]): number {
  return Math.max(...window.slice(1).map(({ at }, index) => at - (window[index]?.at ?? at)));
}

/** Whether both halves of the time went at about the same pace: by a factor of four at most. */
function isSteady(window: readonly Reading[]): boolean {
  const [first] = window;
  const last = window.at(-1);
  if (first === undefined || last === undefined) return false;
  const half = fractionAt(window, (first.at + last.at) / 2);
  const early = half - first.fraction;
  const late = last.fraction - half;
  return Math.max(early, late) <= 4 * Math.min(early, late);
}

/** How much was done at a moment between two readings, on the line between them. */
function fractionAt(window: readonly Reading[], at: number): number {
  const next = window.findIndex((reading) => reading.at >= at);
  const after = window[next];
  const before = window[next - 1];
  if (after === undefined || before === undefined) return after?.fraction ?? 0;
  const share = (at - before.at) / (after.at - before.at);
  return before.fraction + share * (after.fraction - before.fraction);
}

import { parseCron } from './cron.ts';

/** When a schedule makes tasks. Times in ms since 1970. */
export type ScheduleSpec =
  | { readonly cron: string; readonly timeZone: string }
  /** Slots are whole multiples of `everyMs` after the anchor: when the schedule was made, or last got another length. */
  | { readonly everyMs: number; readonly anchorMs: number }
  | { readonly atMs: number };

/** The first slot after a time; undefined where there is none any more. */
export function nextSlot(spec: ScheduleSpec, afterMs: number): number | undefined {
  if ('atMs' in spec) return spec.atMs > afterMs ? spec.atMs : undefined;
  if ('cron' in spec) return parseCron(spec.cron, spec.timeZone).nextRun(new Date(afterMs))?.getTime();
  const { everyMs, anchorMs } = spec;
  return anchorMs + Math.max(1, Math.floor((afterMs - anchorMs) / everyMs) + 1) * everyMs;
}

/** The first slots from `firstMs` on, which is one of them. */
export function slotsFrom(spec: ScheduleSpec, firstMs: number | undefined, count: number): number[] {
  const slots: number[] = [];
  for (let slot = firstMs; slot !== undefined && slots.length < count; slot = nextSlot(spec, slot)) {
    slots.push(slot);
  }
  return slots;
}

/** The last slots up to a time, oldest first, not before `firstMs`, which is one of them. */
export function lastSlots(spec: ScheduleSpec, firstMs: number, untilMs: number, count: number): number[] {
  if ('atMs' in spec) return [firstMs];
  if ('everyMs' in spec) {
    const { everyMs } = spec;
    const passed = Math.floor((untilMs - firstMs) / everyMs) + 1;
    const length = Math.min(passed, count);
    return Array.from({ length }, (_, index) => firstMs + (passed - length + index) * everyMs);
  }
  // Usually there is one, and to ask for that one is a hundredth of the work.
  const second = nextSlot(spec, firstMs);
  if (second === undefined || second > untilMs) return [firstMs];
  const later = parseCron(spec.cron, spec.timeZone)
    // It gives those before a time; slots are whole seconds.
    .previousRuns(count, new Date(untilMs + 1))
    .map((date) => date.getTime())
    .filter((slot) => slot > firstMs && slot <= untilMs)
    .toReversed();
  return later.length < count ? [firstMs, ...later] : later;
}

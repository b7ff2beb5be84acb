/** A time in ms as the scalar `Duration` takes it, to the µs; nothing of nothing. */
export function durationText(ms: number): string;
export function durationText(ms: number | undefined): string | undefined;
export function durationText(ms: number | undefined): string | undefined {
  // Rounded, as a number that is too small for that has an exponent.
  return ms === undefined ? undefined : `PT${Number((ms / 1_000).toFixed(6))}S`;
}

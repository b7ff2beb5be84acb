/** A time, ISO 8601, as `datetime-local` has it: by this machine's clock, to the second. Empty of none. */
export function localTime(iso: string | null | undefined): string {
  const time = new Date(iso ?? Number.NaN);
  if (Number.isNaN(time.getTime())) return '';
  return new Date(time.getTime() - time.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}

/** The time, ISO 8601, that a `datetime-local` says by this machine's clock. Undefined of an empty one. */
export function instant(local: string): string | undefined {
  const time = new Date(local);
  return Number.isNaN(time.getTime()) ? undefined : time.toISOString();
}

const numbers = new Intl.NumberFormat('en');
const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });

/** `1,234,567`; undefined is a dash. */
export function formatCount(count: number | null | undefined): string {
  return count === null || count === undefined ? '–' : numbers.format(count);
}

/** `1.2M`, where there is little room. */
export function formatCompact(count: number): string {
  return count < 10_000 ? numbers.format(count) : compact.format(count);
}

/** A duration in ms: `430 ms`, `12.3 s`, `4 min 5 s`, `3 h 20 min`, `2 d 4 h`. */
export function formatDuration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)} s`;
  const [large, small, size, part] =
    ms < 3_600_000
      ? (['min', 's', 60_000, 1000] as const)
      : ms < 86_400_000
        ? (['h', 'min', 3_600_000, 60_000] as const)
        : (['d', 'h', 86_400_000, 3_600_000] as const);
  const whole = Math.floor(ms / size);
  const rest = Math.floor((ms % size) / part);
  return rest === 0 ? `${whole} ${large}` : `${whole} ${large} ${rest} ${small}`;
}

/** A duration in ms as one writes it for the API: `250ms`, `90s`, `15m`, `2h`, `7d`. */
export function writeDuration(ms: number): string {
  const units = [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['m', 60_000],
    ['s', 1000],
  ] as const;
  const [unit, size] = units.find(([, size]) => ms >= size && ms % size === 0) ?? ['ms', 1];
  return `${ms / size}${unit}`;
}

/** A distance in time, in ms: `now`, `12 s ago`, `in 3 min`. */
export function formatAge(ms: number): string {
  const distance = Math.abs(ms);
  if (distance < 1500) return 'now';
  const rounded =
    distance < 60_000
      ? `${Math.round(distance / 1000)} s`
      : distance < 3_600_000
        ? `${Math.round(distance / 60_000)} min`
        : distance < 86_400_000
          ? `${Math.round(distance / 3_600_000)} h`
          : `${Math.round(distance / 86_400_000)} d`;
  return ms < 0 ? `${rounded} ago` : `in ${rounded}`;
}

/** Bytes: `812 B`, `4.2 MB`. */
export function formatBytes(bytes: number | null | undefined): string {
  if (bytes === null || bytes === undefined) return '–';
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let size = bytes;
  let unit = 0;
  while (size >= 1000 && unit < units.length - 1) {
    size /= 1000;
    unit += 1;
  }
  return `${unit === 0 || size >= 100 ? Math.round(size) : size.toFixed(1)} ${units[unit]}`;
}

/** The ms of an ISO 8601 duration of days and smaller, as the API sends them: `PT1.5S`, `P1DT2H`. Undefined of anything else. */
export function parseDuration(text: string | null | undefined): number | undefined {
  const [, days, hours, minutes, seconds] =
    /^P(?:([\d.]+)D)?(?:T(?:([\d.]+)H)?(?:([\d.]+)M)?(?:([\d.]+)S)?)?$/.exec(text ?? '') ?? [];
  if (days === undefined && hours === undefined && minutes === undefined && seconds === undefined)
    return undefined;
  const part = (value: string | undefined, ms: number): number =>
    value === undefined ? 0 : Number(value) * ms;
  return part(days, 86_400_000) + part(hours, 3_600_000) + part(minutes, 60_000) + part(seconds, 1000);
}

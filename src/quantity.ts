/** A length of time for people: '0.4 ms', '12 s', '3 h'. */
export function showTime(ms: number): string {
  const size = Math.abs(ms);
  if (size < 10) return `${Number(ms.toFixed(1))} ms`;
  if (size < 1_000) return `${Math.round(ms)} ms`;
  const [, divisor = 1, unit = 's'] = times.find(([limit]) => size < limit) ?? [];
  return `${Math.round(ms / divisor)} ${unit}`;
}

const times = [
  [120_000, 1_000, 's'],
  [7_200_000, 60_000, 'min'],
  [172_800_000, 3_600_000, 'h'],
  [Infinity, 86_400_000, 'days'],
] as const;

/** An amount of memory for people: '3.2 MB'. */
export function showBytes(bytes: number): string {
  const power = Math.min(4, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  return `${Number((bytes / 1_024 ** power).toFixed(1))} ${['B', 'KB', 'MB', 'GB', 'TB'][power]}`;
}

/** '1 task', '2 tasks'. */
export function showCount(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

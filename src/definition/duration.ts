const unitsMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

// setTimeout and Redis take more, but nothing here means more than ten years.
const longestMs = 3_650 * unitsMs.d;

/** A length of time: `'30s'`, `'5m'`, `'1.5h'`, `'7d'`, `'250ms'`, or a number of milliseconds. */
export type Duration = number | `${number}${keyof typeof unitsMs}`;

/** Gives a duration in whole milliseconds, or undefined where it isn't one. */
export function parseDuration(duration: unknown): number | undefined {
  const ms = typeof duration === 'string' ? parseText(duration) : duration;
  if (typeof ms !== 'number' || !(ms >= 0) || ms > longestMs) return undefined;
  return Math.round(ms);
}

/** Says what a duration looks like, for messages. */
export const durationHint = "a duration such as '30s', '5m', '7d', or a number of milliseconds";

function parseText(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text);
  if (!match?.[1] || !match[2]) return undefined;
  // The pattern has only let a unit through.
  return Number(match[1]) * unitsMs[match[2] as keyof typeof unitsMs];
}

import { formatCount, formatDuration, parseDuration } from '../../parts/format.ts';
import type { Queue, QueueLimit } from './queue-fields.ts';

/** A rate in words: `100 per 1 min, 10 at once`. */
export function rateInWords({ count, per, burst }: NonNullable<QueueLimit['rate']>): string {
  const rate = `${formatCount(count)} per ${formatDuration(parseDuration(per) ?? 0)}`;
  return burst === count ? rate : `${rate}, ${formatCount(burst)} at once`;
}

/** A limit in words: `20 at once · 100 per 1 min`. */
export function limitInWords({ concurrency, rate }: QueueLimit): string {
  return [
    ...(concurrency === null ? [] : [`${formatCount(concurrency)} at once`]),
    ...(rate === null ? [] : [rateInWords(rate)]),
  ].join(' · ');
}

/** The limits of a queue in a few words. */
export function limitsInWords({ limits, maxWaiting }: Queue): readonly string[] {
  const own = limits.find(({ definition }) => definition === null);
  const ofDefinitions = limits.filter(({ definition }) => definition !== null).length;
  return [
    ...(own === undefined ? [] : [limitInWords(own)]),
    ...(maxWaiting === null ? [] : [`${formatCount(maxWaiting)} may wait`]),
    ...(ofDefinitions === 0 ? [] : [`${ofDefinitions} of definitions`]),
  ];
}

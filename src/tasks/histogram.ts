import { lastPiece } from './scripts/activity-counts.ts';

/** How long some things took: piece → how many times are in it. Pieces grow by √2; piece 0 is what took 1 ms at most. */
export type Histogram = ReadonlyMap<number, number>;

/** What is told of a histogram. Times are in ms; undefined where nothing was timed. */
export interface DurationSummary {
  readonly count: number;
  readonly p50: number | undefined;
  readonly p95: number | undefined;
  readonly p99: number | undefined;
  readonly max: number | undefined;
}

/** The piece that a time (ms) belongs to, as the scripts find it. */
export function pieceOf(ms: number): number {
  return ms <= 1 ? 0 : Math.min(lastPiece, Math.ceil(2 * Math.log2(ms) - 1e-12));
}

/** The last time (ms) of a piece; of the very last one there is none. */
export function endOf(piece: number): number {
  return piece >= lastPiece ? Infinity : 2 ** (piece / 2);
}

/** Histograms as one. */
export function mergeHistograms(histograms: readonly Histogram[]): Histogram {
  const pieces = new Map<number, number>();
  for (const own of histograms)
    for (const [piece, count] of own) pieces.set(piece, (pieces.get(piece) ?? 0) + count);
  return pieces;
}

export function countOf(histogram: Histogram): number {
  return histogram.values().reduce((sum, count) => sum + count, 0);
}

/**
 * The time (ms) that a share of all didn't exceed (nearest rank); undefined where nothing was timed. At most 19 % or 1 ms
 * beside the exact one: it is the middle of its piece, which no time of it is further away from than by the fourth root of 2.
 */
export function percentile(histogram: Histogram, share: number): number | undefined {
  const rank = Math.max(1, Math.ceil(share * countOf(histogram)));
  let passed = 0;
  for (const [piece, own] of [...histogram].toSorted(([one], [other]) => one - other)) {
    passed += own;
    if (passed >= rank) return middleOf(piece);
  }
  return undefined;
}

export function summarize(histogram: Histogram): DurationSummary {
  return {
    count: countOf(histogram),
    p50: percentile(histogram, 0.5),
    p95: percentile(histogram, 0.95),
    p99: percentile(histogram, 0.99),
    max: percentile(histogram, 1),
  };
}

/** In between of the first and the last whole ms of a piece, in the sense of factors. */
function middleOf(piece: number): number {
  if (piece === 0) return 1;
  const first = Math.floor(endOf(piece - 1) + 1e-9) + 1;
  const last = Math.max(first, Math.floor(2 ** (piece / 2) + 1e-9));
  return Math.round(Math.sqrt(first * last));
}

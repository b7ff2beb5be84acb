import { lastPiece } from './scripts/activity-counts.ts';

/** How long some things took, in pieces that grow by √2: piece 0 is what took 1 ms at most. */
export interface Histogram {
  /** Piece → how many times are in it. */
  readonly pieces: ReadonlyMap<number, number>;
  /** The longest time, in ms. */
  readonly max: number;
}

/** What is told of a histogram. Times are in ms; undefined where nothing was timed. */
export interface DurationSummary {
  readonly count: number;
  readonly p50: number | undefined;
  readonly p95: number | undefined;
  readonly p99: number | undefined;
  readonly max: number | undefined;
}

export const emptyHistogram: Histogram = { pieces: new Map(), max: 0 };

/** The piece that a time (ms) belongs to, as the scripts find it. */
export function pieceOf(ms: number): number {
  return ms <= 1 ? 0 : Math.min(lastPiece, Math.ceil(2 * Math.log2(ms) - 1e-9));
}

/** The last time (ms) of a piece; of the very last one there is none. */
export function endOf(piece: number): number {
  return piece >= lastPiece ? Infinity : 2 ** (piece / 2);
}

/** Histograms as one. */
export function mergeHistograms(histograms: readonly Histogram[]): Histogram {
  const pieces = new Map<number, number>();
  for (const { pieces: own } of histograms)
    for (const [piece, count] of own) pieces.set(piece, (pieces.get(piece) ?? 0) + count);
  return { pieces, max: Math.max(0, ...histograms.map(({ max }) => max)) };
}

export function countOf({ pieces }: Histogram): number {
  return pieces.values().reduce((sum, count) => sum + count, 0);
}

/**
 * The time (ms) that a share of all didn't exceed (nearest rank); undefined where nothing was timed. At most 19 % or 1 ms
 * beside the exact one: it is the middle of its piece, which no time of it is further away from than by the fourth root of 2.
 */
export function percentile(histogram: Histogram, share: number): number | undefined {
  const count = countOf(histogram);
  if (count === 0) return undefined;
  const rank = Math.max(1, Math.ceil(share * count));
  if (rank === count) return histogram.max;
  let passed = 0;
  for (const [piece, own] of [...histogram.pieces].toSorted(([one], [other]) => one - other)) {
    passed += own;
    if (passed >= rank) return Math.min(histogram.max, middleOf(piece));
  }
  return histogram.max;
}

export function summarize(histogram: Histogram): DurationSummary {
  const count = countOf(histogram);
  return {
    count,
    p50: percentile(histogram, 0.5),
    p95: percentile(histogram, 0.95),
    p99: percentile(histogram, 0.99),
    max: count === 0 ? undefined : histogram.max,
  };
}

/** In between of the first and the last whole ms of a piece, in the sense of factors. */
function middleOf(piece: number): number {
  if (piece === 0) return 1;
  const first = Math.floor(endOf(piece - 1) + 1e-9) + 1;
  const last = Math.max(first, Math.floor(2 ** (piece / 2) + 1e-9));
  return Math.round(Math.sqrt(first * last));
}

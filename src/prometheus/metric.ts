import type { Histogram, Sample } from '../metrics.ts';

/** What every metric says of itself. */
interface About {
  readonly name: string;
  readonly help: string;
  /** In the order of its samples' values. */
  readonly labels: readonly string[];
}

/** A metric and where its figures are read, out of what a process shows when it is asked. */
export type Metric<Source> = About &
  (
    | { readonly type: 'counter' | 'gauge'; readonly read: (source: Source) => Iterable<Sample> }
    | { readonly type: 'histogram'; readonly histogram: Histogram }
  );

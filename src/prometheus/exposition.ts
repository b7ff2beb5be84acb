import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { type Histogram as Counted, type Sample, secondBounds } from '../metrics.ts';
import type { Metric } from './metric.ts';

/** Metrics in the text format of Prometheus. */
export interface Exposed {
  readonly contentType: string;
  readonly text: string;
}

/** Of Node and the process, which are the same whoever asks: made when somebody first does. */
const nodeRegistry = new Registry();
collectDefaultMetrics({ register: nodeRegistry });

/** Tells metrics to who asks, in a registry of its own: there may be several servers in a process. */
export class Exposition<Source> {
  readonly #registry: Registry;
  #source: Source | undefined;

  constructor(metrics: readonly Metric<Source>[]) {
    const own = new Registry();
    for (const metric of metrics) own.registerMetric(this.#made(metric));
    this.#registry = Registry.merge([own, nodeRegistry]);
  }

  async read(source: Source): Promise<Exposed> {
    // Each metric collects before anything is waited for, so that all are of the same source.
    this.#source = source;
    return { contentType: this.#registry.contentType, text: await this.#registry.metrics() };
  }

  #made(metric: Metric<Source>): Counter | Gauge | Histogram {
    const { name, help, labels } = metric;
    const about = { name, help, labelNames: [...labels], registers: [] };
    if (metric.type === 'histogram') return new CountedHistogram(about, metric.histogram);
    const samples = (): Iterable<Sample> => (this.#source === undefined ? [] : metric.read(this.#source));
    const labelled = (values: readonly string[]): Record<string, string> =>
      Object.fromEntries(labels.map((label, index) => [label, values[index] ?? '']));
    if (metric.type === 'counter') {
      return new Counter({
        ...about,
        collect() {
          this.reset();
          for (const [value, ...values] of samples()) this.inc(labelled(values), value);
        },
      });
    }
    return new Gauge({
      ...about,
      collect() {
        this.reset();
        for (const [value, ...values] of samples()) this.set(labelled(values), value);
      },
    });
  }
}

/** A histogram that was counted elsewhere: prom-client's own can only be observed one by one. */
class CountedHistogram extends Histogram {
  readonly #about: { readonly name: string; readonly help: string };
  readonly #counted: Counted;

  constructor(about: ConstructorParameters<typeof Histogram>[0], counted: Counted) {
    super({ ...about, buckets: [...secondBounds] });
    this.#about = about;
    this.#counted = counted;
  }

  /** What its registry asks for. */
  getForPromString(): Promise<object> {
    const { name, help } = this.#about;
    const values = [...this.#counted.durations].flatMap(([of, { counts, sum }]) => {
      const sharedLabels = { name: of };
      let count = 0;
      const buckets = counts.map((many, index) => {
        count += many;
        return {
          metricName: `${name}_bucket`,
          labels: { le: secondBounds[index] ?? '+Inf' },
          sharedLabels,
          value: count,
        };
      });
      return [
        ...buckets,
        { metricName: `${name}_sum`, labels: {}, sharedLabels, value: sum },
        { metricName: `${name}_count`, labels: {}, sharedLabels, value: count },
      ];
    });
    return Promise.resolve({ name, help, type: 'histogram', values, aggregator: 'sum' });
  }
}

/**
 * What this process has done, counted where it is done: plain numbers, so that to count costs next to nothing whether
 * anybody asks or not. `prometheus/` tells them to who asks.
 */
export const counts = {
  /** States and other events that were passed on to clients of subscriptions. */
  statesSent: 0,
  /** States that a slow client was spared, as a newer one had come. */
  statesSkipped: 0,
  /** Commands to the store. */
  redisCommands: 0,
  /** Writes to the store's connections; commands of one turn of the event loop share one. */
  redisRoundTrips: 0,
};

/** What stands between the values of labels, none of which holds it. */
const separator = '\n';

/** Numbers that only grow, one for each combination of labels. Labels are names that were written by programmers, never by users. */
export class Counter {
  readonly #values: Map<string, number> = new Map();

  /** Makes it be told as 0 before it is first counted: a rise from nothing is seen by nobody who asks now and then. */
  begin(...labels: readonly string[]): void {
    this.addMany(0, ...labels);
  }

  /** Adds 1, by the values of its labels in their order. */
  add(...labels: readonly string[]): void {
    this.addMany(1, ...labels);
  }

  addMany(many: number, ...labels: readonly string[]): void {
    const key = labels.join(separator);
    this.#values.set(key, (this.#values.get(key) ?? 0) + many);
  }

  /** The numbers as they are now. */
  *samples(): Generator<Sample> {
    for (const [key, value] of this.#values) yield [value, ...key.split(separator)];
  }
}

/** A number and the values of its labels. */
export type Sample = readonly [value: number, ...labels: string[]];

/** Bounds of durations, in seconds: from what a healthy system takes to hours. */
export const secondBounds: readonly number[] = [
  0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3_600, 14_400,
];

/** Durations of one name: how many were at most as long as each bound and longer than the one before, and the last of all others. */
export interface Durations {
  readonly counts: number[];
  sum: number;
}

/** Durations by a name. */
export class Histogram {
  readonly durations: Map<string, Durations> = new Map();

  observe(name: string, seconds: number): void {
    let durations = this.durations.get(name);
    if (durations === undefined) {
      durations = { counts: Array.from({ length: secondBounds.length + 1 }, () => 0), sum: 0 };
      this.durations.set(name, durations);
    }
    const index = secondBounds.findIndex((bound) => seconds <= bound);
    const place = index === -1 ? secondBounds.length : index;
    durations.counts[place] = (durations.counts[place] ?? 0) + 1;
    durations.sum += seconds;
  }
}

/** By queue and name. */
export const tasksEnqueued: Counter = new Counter();
/** By name and status. */
export const tasksFinished: Counter = new Counter();
/** By name. */
export const attemptsStarted: Counter = new Counter();
/** By name and outcome. */
export const attemptsFinished: Counter = new Counter();
/** By queue. */
export const leasesLost: Counter = new Counter();
/** By kind and outcome. */
export const graphqlOperations: Counter = new Counter();
/** By name. */
export const taskWait: Histogram = new Histogram();
/** By name. */
export const attemptRun: Histogram = new Histogram();

import type { Logger } from '../logger.ts';
import { type Sample, tasksFinished } from '../metrics.ts';
import { Failures } from '../tasks/mistakes.ts';
import type { Queue } from '../tasks/queue.ts';
import type { Tasks } from '../tasks/tasks.ts';
import { Exposition, type Exposed } from './exposition.ts';
import type { Metric } from './metric.ts';
import { processMetrics, type ProcessSource } from './process-metrics.ts';

/** What clients have open at an API server. */
export interface Open {
  readonly sockets: number;
  readonly eventStreams: number;
}

/** What an API shows when it is asked. */
interface ApiSource extends ProcessSource {
  readonly open: Open;
  /** Things that are watched: each is one channel of the store, whoever watches it. */
  readonly watches: number;
  /** None while the store is away. */
  readonly queues: readonly Queue[];
}

/** Of API processes: what their clients have open, and the queues as every API sees them, whoever works on them. */
export const apiMetrics: readonly Metric<ApiSource>[] = [
  {
    name: 'taskwire_sockets',
    type: 'gauge',
    help: 'WebSockets that are open.',
    labels: [],
    read: ({ open }) => [[open.sockets]],
  },
  {
    name: 'taskwire_event_streams',
    type: 'gauge',
    help: 'Streams of Server-Sent Events that are open.',
    labels: [],
    read: ({ open }) => [[open.eventStreams]],
  },
  {
    name: 'taskwire_watches',
    type: 'gauge',
    help: "Channels of the store that this process' watches listen to: what is watched by many is one.",
    labels: [],
    read: ({ watches }) => [[watches]],
  },
  {
    name: 'taskwire_queue_depth',
    type: 'gauge',
    help: 'Tasks of a queue by status; of those that are final, those that are still kept.',
    labels: ['queue', 'status'],
    read: ({ queues }) =>
      queues.flatMap(({ name, counts }) =>
        Object.entries(counts).map(([status, count]): Sample => [count, name, status]),
      ),
  },
  ofQueues(
    'oldest_waiting_seconds',
    'How long the task has waited that waits longest for a slot; 0 where none does.',
    ({ at, oldestWaitingSince = at }) => (at - oldestWaitingSince) / 1_000,
  ),
  ofQueues('paused', 'Whether a queue is paused: 1, or 0 where it is not.', ({ pause }) =>
    pause === undefined ? 0 : 1,
  ),
  ofQueues('workers', 'Workers that serve a queue and hold a lease.', ({ workers }) => workers.count),
  ofQueues('slots', 'Slots of these workers.', ({ workers }) => workers.slots),
  ofQueues('busy_slots', 'Those of them that run something.', ({ workers }) => workers.busy),
];

/** The metrics of an API server. */
export class ApiMetrics {
  readonly #exposition: Exposition<ApiSource> = new Exposition([...processMetrics, ...apiMetrics]);
  readonly #tasks: Tasks;
  readonly #open: () => Open;
  readonly #failures: Failures;
  #looking: Promise<readonly Queue[]> | undefined;

  constructor(tasks: Tasks, open: () => Open, logger: Logger) {
    this.#tasks = tasks;
    this.#open = open;
    this.#failures = new Failures(logger, 'the queues could not be looked at for the metrics');
    for (const name of tasks.definitions.keys())
      for (const status of ['FAILED', 'CANCELED', 'EXPIRED']) tasksFinished.begin(name, status);
  }

  /** All of them as they are now; without those of queues while the store is away. */
  async read(): Promise<Exposed> {
    // Whoever asks meanwhile shares the look.
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
    });
    const queues = await this.#looking;
    return await this.#exposition.read({
      isStoreUp: this.#tasks.isReady(),
      open: this.#open(),
      watches: this.#tasks.channels,
      queues,
    });
  }

  async #look(): Promise<readonly Queue[]> {
    const { queues } = this.#tasks;
    // What the process itself has done is of most use while the store is away; `taskwire_store_up` says the rest.
    const [found, ends] = await Promise.allSettled([queues.list(), queues.countEnds()]);
    const failed = [found, ends].find((result) => result.status === 'rejected');
    // Whoever scrapes asks again.
    if (failed === undefined) this.#failures.passed();
    else this.#failures.failed(failed.reason, 0);
    return found.status === 'fulfilled' ? found.value : [];
  }
}

function ofQueues(what: string, help: string, value: (queue: Queue) => number): Metric<ApiSource> {
  return {
    name: `taskwire_queue_${what}`,
    type: 'gauge',
    help,
    labels: ['queue'],
    read: ({ queues }) => queues.map((queue) => [value(queue), queue.name]),
  };
}

import {
  attemptRun,
  attemptsFinished,
  attemptsStarted,
  counts,
  graphqlOperations,
  leasesLost,
  tasksEnqueued,
  tasksFinished,
  taskWait,
} from '../metrics.ts';
import { version } from '../version.ts';
import type { Metric } from './metric.ts';

/** What every process tells of itself: counters begin at 0 with it. */
export interface ProcessSource {
  /** Whether it reaches the store right now. */
  readonly isStoreUp: boolean;
}

/** Of API processes and of workers. */
export const processMetrics: readonly Metric<ProcessSource>[] = [
  {
    name: 'taskwire_build_info',
    type: 'gauge',
    help: 'Always 1; its label says which version of Taskwire runs.',
    labels: ['version'],
    read: () => [[1, version]],
  },
  {
    name: 'taskwire_store_up',
    type: 'gauge',
    help: 'Whether this process reaches the store (Redis): 1, or 0 while it does not.',
    labels: [],
    read: ({ isStoreUp }) => [[isStoreUp ? 1 : 0]],
  },
  {
    name: 'taskwire_redis_commands_total',
    type: 'counter',
    help: 'Commands that this process sent to the store.',
    labels: [],
    read: () => [[counts.redisCommands]],
  },
  {
    name: 'taskwire_redis_round_trips_total',
    type: 'counter',
    help: 'Writes to the connections with the store: commands of one turn of the event loop share one.',
    labels: [],
    read: () => [[counts.redisRoundTrips]],
  },
  {
    name: 'taskwire_tasks_enqueued_total',
    type: 'counter',
    help: 'Tasks that this process enqueued: by mutations and batches in an API, as children in a worker, for schedules in either: by whichever finds a slot first.',
    labels: ['queue', 'name'],
    read: () => tasksEnqueued.samples(),
  },
  {
    name: 'taskwire_attempts_started_total',
    type: 'counter',
    help: 'Attempts that began in this process.',
    labels: ['name'],
    read: () => attemptsStarted.samples(),
  },
  {
    name: 'taskwire_attempts_finished_total',
    type: 'counter',
    help:
      'Attempts that ended in this process, by outcome: SUCCEEDED, FAILED, TIMED_OUT, CANCELED, SUPERSEDED (given back), ' +
      'STALE (the task had been taken from it).',
    labels: ['name', 'outcome'],
    read: () => attemptsFinished.samples(),
  },
  {
    name: 'taskwire_tasks_finished_total',
    type: 'counter',
    help:
      'Tasks that ended, by status: in a worker those that its attempts ended. All others (canceled, purged or expired while ' +
      'they waited, a deadline that passed, a lost worker) are in one of the APIs, whichever was asked for its metrics first.',
    labels: ['name', 'status'],
    read: () => tasksFinished.samples(),
  },
  {
    name: 'taskwire_leases_lost_total',
    type: 'counter',
    help: 'Attempts whose worker was lost, as it had not renewed its lease in time; counted by the process that found it.',
    labels: ['queue'],
    read: () => leasesLost.samples(),
  },
  {
    name: 'taskwire_task_wait_seconds',
    type: 'histogram',
    help: 'How long tasks that began in this process had waited for their first attempt, since they were enqueued or due.',
    labels: ['name'],
    histogram: taskWait,
  },
  {
    name: 'taskwire_attempt_run_seconds',
    type: 'histogram',
    help: 'How long attempts of this process ran, whatever came of them.',
    labels: ['name'],
    histogram: attemptRun,
  },
  {
    name: 'taskwire_graphql_operations_total',
    type: 'counter',
    help:
      'GraphQL operations of valid documents, by kind (query, mutation, subscription) and outcome: ok, or error where the ' +
      'answer has errors. Subscriptions count when they begin.',
    labels: ['kind', 'outcome'],
    read: () => graphqlOperations.samples(),
  },
  {
    name: 'taskwire_states_sent_total',
    type: 'counter',
    help: 'Events of subscriptions that were passed on to clients.',
    labels: [],
    read: () => [[counts.statesSent]],
  },
  {
    name: 'taskwire_states_skipped_total',
    type: 'counter',
    help: 'States that slow clients were spared, as newer ones had come meanwhile.',
    labels: [],
    read: () => [[counts.statesSkipped]],
  },
];

import { useMemo } from 'react';
import type { CombinedError } from 'urql';
import { graphql, type ResultOf } from '../../client/graphql.ts';
import { useLive } from '../../hooks/use-live.ts';
import { useNow } from '../../hooks/use-now.ts';
import { hourUpTo, type Minute } from './hour.ts';

const queuesDocument = graphql(`
  subscription OverviewQueues {
    queuesUpdated {
      name
      waiting
      running
      oldestWaitingSince
      enqueuedPerMinute
      isPaused
      isDraining
      counts {
        scheduled
        retrying
        failed
      }
      finishedPerMinute {
        total
        failed
      }
      workers {
        count
        slots
        busy
      }
    }
  }
`);

const activityDocument = graphql(`
  subscription OverviewActivity {
    activityUpdated(minutes: 60) {
      at
      enqueued
      started
      attemptsFailed
      finished {
        succeeded
        failed
        canceled
        expired
      }
      wait {
        count
        p50
        p95
      }
      run {
        count
        p50
        p95
      }
    }
  }
`);

const workersDocument = graphql(`
  subscription OverviewWorkers {
    workersUpdated {
      id
      host
      pid
      version
      slots
      busy
      load
      memoryBytes
      isDraining
      queues {
        name
      }
    }
  }
`);

const findingsDocument = graphql(`
  subscription OverviewFindings {
    findingsUpdated {
      check
      level
      queue
      definition
      found
      todo
    }
  }
`);

export type OverviewQueue = ResultOf<typeof queuesDocument>['queuesUpdated'][number];
export type OverviewWorker = ResultOf<typeof workersDocument>['workersUpdated'][number];
export type OverviewFinding = ResultOf<typeof findingsDocument>['findingsUpdated'][number];

/** All that the overview shows, live. What hasn't come yet is undefined. */
export interface Overview {
  readonly queues: readonly OverviewQueue[] | undefined;
  /** The last hour, a full 60 minutes, oldest first. */
  readonly minutes: readonly Minute[] | undefined;
  readonly workers: readonly OverviewWorker[] | undefined;
  readonly findings: readonly OverviewFinding[] | undefined;
  readonly error: CombinedError | undefined;
}

export function useOverview(): Overview {
  const queues = useLive(queuesDocument, none, mergeQueues, { beginsAnew: true });
  const activity = useLive(activityDocument, none, mergeMinutes, { beginsAnew: true });
  const workers = useLive(workersDocument, none, toWorkers);
  const findings = useLive(findingsDocument, none, toFindings);
  const minute = Math.floor(useNow() / 60_000);
  const minutes = useMemo(
    () => activity.state && hourUpTo(minute * 60_000, activity.state),
    [activity.state, minute],
  );
  return {
    queues: queues.state,
    minutes,
    workers: workers.state,
    findings: findings.state,
    error: queues.error ?? activity.error ?? workers.error ?? findings.error,
  };
}

const none = {};

const toWorkers = (
  _: unknown,
  { workersUpdated }: ResultOf<typeof workersDocument>,
): readonly OverviewWorker[] => workersUpdated;

const toFindings = (
  _: unknown,
  { findingsUpdated }: ResultOf<typeof findingsDocument>,
): readonly OverviewFinding[] => findingsUpdated;

function mergeQueues(
  queues: readonly OverviewQueue[] = [],
  { queuesUpdated }: ResultOf<typeof queuesDocument>,
): readonly OverviewQueue[] {
  const byName = new Map([...queues, ...queuesUpdated].map((queue) => [queue.name, queue]));
  return [...byName.values()].toSorted((one, other) => one.name.localeCompare(other.name));
}

function mergeMinutes(
  minutes: ReadonlyMap<number, Minute> = new Map(),
  { activityUpdated }: ResultOf<typeof activityDocument>,
): ReadonlyMap<number, Minute> {
  const merged = new Map(minutes);
  for (const minute of activityUpdated) {
    const time = Date.parse(minute.at);
    merged.set(time, { ...minute, time });
  }
  // What is older than any hour that is drawn.
  const newest = Math.max(...merged.keys());
  for (const time of merged.keys()) if (time < newest - 7_200_000) merged.delete(time);
  return merged;
}

import { useState } from 'react';
import type { CombinedError } from 'urql';
import { graphql, type ResultOf } from '../../client/graphql.ts';
import { useLive } from '../../hooks/use-live.ts';
import { type Reading, withReading } from './eta.ts';

// Without its input, which never changes and may be large: task-data.ts asks for it once.
const taskUpdated = graphql(`
  subscription TaskPage($id: ID!) {
    taskUpdated(id: $id) {
      __typename
      id
      name
      queue
      owner
      status
      version
      isFinal
      canCancel
      canRetry
      priority
      tags
      definitionVersion
      attempt
      failedAttempts
      maxAttempts
      createdAt
      startedAt
      finishedAt
      runAt
      nextAttemptAt
      deadlineAt
      expiresAt
      scheduledFor
      streams
      outputJson
      progress {
        fraction
        current
        total
        message
        data
      }
      failure {
        code
        message
        details
        retryable
        attempt
      }
      cancellation {
        actor
        reason
        requestedAt
      }
      attempts {
        number
        worker
        startedAt
        finishedAt
        outcome
        failure {
          code
          message
          details
          retryable
          attempt
        }
      }
    }
  }
`);

// `taskUpdated` ends with a final state, which somebody may put back: a list of this one task goes on.
const taskPutBack = graphql(`
  subscription TaskPutBack($ids: [ID!]!) {
    tasksUpdated(filter: { ids: $ids }, first: 1) {
      reset {
        nodes {
          id
          version
        }
      }
      changes {
        task {
          id
          version
        }
      }
    }
  }
`);

/** A task as this page shows it. */
export type LiveTask = ResultOf<typeof taskUpdated>['taskUpdated'];
export type Attempt = LiveTask['attempts'][number];
export type Failure = NonNullable<LiveTask['failure']>;

export interface FollowedTask {
  readonly task: LiveTask;
  /** The recent readings of its progress. */
  readonly readings: readonly Reading[];
}

export interface TaskPageState {
  readonly followed: FollowedTask | undefined;
  readonly error: CombinedError | undefined;
  /** Raised when it is followed anew, as what was final has been put back. */
  readonly round: number;
}

/** Follows a task, also when it is put back after its end: by a button of this page, or by somebody else. */
export function useTask(id: string): TaskPageState {
  const [round, setRound] = useState(0);
  const { state, error } = useLive(taskUpdated, { id }, reduce, { round });
  const [last, setLast] = useState<FollowedTask>();
  if (state !== undefined && state !== last) setLast(state);
  // What was shown stays until something newer comes.
  const followed = state ?? (last?.task.id === id ? last : undefined);
  const isFinal = followed?.task.isFinal === true;
  const { state: version = 0 } = useLive(taskPutBack, isFinal ? { ids: [id] } : undefined, newest);
  const shown = followed?.task.version ?? 0;
  const isPutBack = isFinal && version > shown;
  // Once for what is shown: its first event is the whole state then, however much has happened meanwhile.
  const [left, setLeft] = useState<number>();
  if (isPutBack && left !== shown) {
    setLeft(shown);
    setRound(round + 1);
  }
  return { followed, error, round };
}

function newest(version: number | undefined, { tasksUpdated }: ResultOf<typeof taskPutBack>): number {
  const { reset, changes } = tasksUpdated;
  const tasks = [...(reset?.nodes ?? []), ...changes.map(({ task }) => task)];
  return Math.max(version ?? 0, ...tasks.map((task) => task?.version ?? 0));
}

function reduce(
  state: FollowedTask | undefined,
  { taskUpdated: task }: ResultOf<typeof taskUpdated>,
): FollowedTask {
  const fraction = task.status === 'RUNNING' ? task.progress?.fraction : undefined;
  const isSameAttempt = state?.task.attempt === task.attempt;
  const readings = state !== undefined && isSameAttempt ? state.readings : [];
  if (typeof fraction !== 'number') return { task, readings };
  return { task, readings: withReading(readings, { at: Date.now(), fraction }) };
}

import { taskStatuses, type TaskStatus } from './task.ts';

/** One way in which a task's status may change, and what brings it about. */
export interface Move {
  readonly from: TaskStatus;
  readonly to: TaskStatus;
  readonly when: string;
}

/**
 * The state machine, written once: the scripts are built from it and refuse everything else, the documents
 * print it, the tests walk it.
 */
export const moves: readonly Move[] = [
  { from: 'SCHEDULED', to: 'QUEUED', when: 'its time has come' },
  { from: 'SCHEDULED', to: 'CANCELED', when: 'it is canceled' },
  { from: 'SCHEDULED', to: 'EXPIRED', when: '`expiresIn` has run out' },
  { from: 'SCHEDULED', to: 'FAILED', when: 'its `deadline` has passed' },
  { from: 'QUEUED', to: 'RUNNING', when: 'a slot begins it' },
  { from: 'QUEUED', to: 'CANCELED', when: 'it is canceled' },
  { from: 'QUEUED', to: 'EXPIRED', when: '`expiresIn` has run out before its first attempt' },
  { from: 'QUEUED', to: 'FAILED', when: 'its `deadline` has passed' },
  { from: 'RUNNING', to: 'SUCCEEDED', when: '`run` returned' },
  { from: 'RUNNING', to: 'RETRYING', when: 'the attempt failed or timed out and another one follows later' },
  {
    from: 'RUNNING',
    to: 'QUEUED',
    when: 'it was given back, its worker was lost, or it is tried again at once',
  },
  {
    from: 'RUNNING',
    to: 'FAILED',
    when: 'no attempt, delivery or time is left, or trying again cannot help',
  },
  { from: 'RUNNING', to: 'CANCELING', when: 'it is canceled' },
  { from: 'RETRYING', to: 'QUEUED', when: 'its next attempt is due' },
  { from: 'RETRYING', to: 'CANCELED', when: 'it is canceled' },
  { from: 'RETRYING', to: 'FAILED', when: 'its `deadline` has passed' },
  { from: 'CANCELING', to: 'SUCCEEDED', when: '`run` returned all the same' },
  { from: 'CANCELING', to: 'CANCELED', when: '`run` ended in any other way, or its grace is over' },
  { from: 'FAILED', to: 'QUEUED', when: 'it is retried by hand' },
  { from: 'CANCELED', to: 'QUEUED', when: 'it is retried by hand' },
  { from: 'EXPIRED', to: 'QUEUED', when: 'it is retried by hand' },
];

/** From each status, where a task may go. */
export const allowedMoves: Readonly<Record<TaskStatus, readonly TaskStatus[]>> = byStatus((status) =>
  moves.filter(({ from }) => from === status).map(({ to }) => to),
);

function byStatus<Value>(value: (status: TaskStatus) => Value): Record<TaskStatus, Value> {
  // One entry for each status, which Object.fromEntries can't say.
  return Object.fromEntries(taskStatuses.map((status) => [status, value(status)])) as Record<
    TaskStatus,
    Value
  >;
}

import type { Viewer } from '../auth/viewer.ts';
import type { Logger } from '../logger.ts';
import type { EnqueuedTask, EnqueueOptions } from '../tasks/draft.ts';
import type { Health } from '../tasks/health.ts';
import type { Logs } from '../tasks/logs.ts';
import type { EnqueuedBatch } from '../tasks/new-batch.ts';
import type { Queues } from '../tasks/queues.ts';
import type { Schedules } from '../tasks/schedules.ts';
import type { Task } from '../tasks/task.ts';
import type { Workers } from '../tasks/workers.ts';
import type { Tasks } from '../tasks/tasks.ts';
import { OwnTasks } from './own-tasks.ts';
import { WatchedTask } from './watched-task.ts';

/** What resolvers hold: tasks, batches, schedules and logs as far as a viewer may see and change them. */
export interface VisibleTasks extends Pick<
  Tasks,
  | 'definitions'
  | 'get'
  | 'getMany'
  | 'input'
  | 'output'
  | 'list'
  | 'count'
  | 'watch'
  | 'watchList'
  | 'wait'
  | 'cancel'
  | 'retry'
  | 'replay'
  | 'reschedule'
  | 'prioritize'
  | 'standing'
  | 'secretsOf'
  | 'getBatch'
  | 'watchBatch'
> {
  enqueue(name: string, input: unknown, options?: EnqueueOptions): Promise<EnqueuedTask>;
  enqueueBatch(name: string, inputs: readonly unknown[], options?: EnqueueOptions): Promise<EnqueuedBatch>;
  /** Throws a ForbiddenError where its definition keeps the viewer from doing this to a task; absent for who may do everything. */
  readonly check?: (action: 'READ' | 'CANCEL', task: Task) => void;
  /** Whether a definition may let the viewer enqueue tasks of it, before it sees an input; absent for who may do everything. */
  readonly mayEnqueue?: (name: string) => boolean;
  readonly logs: VisibleLogs;
  readonly schedules: VisibleSchedules;
  /** Those of all: the scope is for all queues, or none. */
  readonly queues: Queues;
  /** Of all, as well. */
  readonly health: Health;
  readonly workers: Workers;
}

/** Logs and streams of the tasks that a viewer may see. */
export type VisibleLogs = Pick<Logs, 'read' | 'readStream' | 'follow' | 'followStream'>;

/** Schedules that a viewer may see. */
export type VisibleSchedules = Pick<
  Schedules,
  'get' | 'getMany' | 'list' | 'watch' | 'create' | 'update' | 'pause' | 'resume' | 'delete' | 'runNow'
>;

/** The tasks as a viewer sees them: `admin` sees all, others what their owner has, a watch token one task. */
export function visibleTasks(tasks: Tasks, viewer: Viewer, logger: Logger): VisibleTasks {
  if (viewer.scopes.has('admin')) return tasks;
  const { watch } = viewer;
  return watch === undefined ? new OwnTasks(tasks, viewer, logger) : new WatchedTask(tasks, watch);
}

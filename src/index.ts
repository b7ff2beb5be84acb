export { defineTask, type TaskDefinition, type TaskOptions } from './definition/definition.ts';
export { ChildFailedError, type ChildEnd, type ChildFailure } from './definition/child-failed.ts';
export type {
  AllChildren,
  Child,
  ChildOptions,
  ChildOutput,
  EnqueueChild,
  EnqueueInput,
} from './definition/children.ts';
export type { ProgressUpdate, TaskContext, TaskStream } from './definition/context.ts';
export type { Duration } from './definition/duration.ts';
export type { InputFields, InputShape } from './definition/input.ts';
export type { OutputFields, OutputShape } from './definition/output.ts';
export type {
  AuthorizeRequest,
  DebounceOptions,
  LimitOptions,
  LogOptions,
  ScheduleOptions,
  SettingOptions,
} from './definition/options.ts';
export type { RetryOptions, RetryPolicy } from './definition/retry.ts';
// With a star, as TypeScript lets users merge only into what is exported so.
export type * from './definition/scalars.ts';
export type { Validate, ValidationIssue } from './definition/validate.ts';
export { NonRetryableError } from './definition/non-retryable.ts';
export {
  BadUserInputError,
  BatchNotFoundError,
  ConfigurationError,
  IdempotencyKeyReusedError,
  InvalidOutputError,
  QueueNotFoundError,
  LimitReachedError,
  ScheduleNotFoundError,
  QueueDrainingError,
  QueueFullError,
  RateLimitedError,
  TaskLostError,
  TaskNotFoundError,
  TaskwireError,
  UnauthenticatedError,
  TooManyWaitingError,
  UnavailableError,
  type ErrorCode,
  type Issue,
} from './errors.ts';
export type { AuthOptions } from './auth/authentication.ts';
export type { Authenticate, Authenticated, AuthenticateRequest } from './auth/hook.ts';
export type { JwtOptions } from './auth/jwt.ts';
export { scopes, type Scope } from './auth/viewer.ts';
export {
  connectTasks,
  createServer,
  loadDefinitions,
  openTraces,
  startWorker,
  type EmbedOptions,
  type EmbedServerOptions,
} from './embed.ts';
export type { Logger } from './logger.ts';
export type { RedisSettings } from './redis/connection.ts';
export type { RateOptions } from './server/rates.ts';
export type { Server, ServerOptions } from './server/server.ts';
export type { Check } from './tasks/doctor/checks.ts';
export type { Finding, Mark } from './tasks/doctor/finding.ts';
export type { FindingList } from './tasks/finding-watch.ts';
export type { Health } from './tasks/health.ts';
export type { Queue, QueueLimitState } from './tasks/queue.ts';
export type { QueueLimit } from './tasks/queue-rules.ts';
export type { Purged, QueueLimits, Queues } from './tasks/queues.ts';
export type { Persistence, StoreState } from './tasks/store-state.ts';
export type { LimitRule, QueueAct } from './tasks/rules.ts';
export type { OwnerLimits } from './tasks/owner-limits.ts';
export type { Standing } from './tasks/standing.ts';
export type { TaskWait, TaskWaitReason } from './tasks/task-wait.ts';
export type { MissedPolicy, OverlapPolicy } from './definition/schedule.ts';
export type { ScheduleSpec } from './definition/slots.ts';
export type { Schedule, SchedulePause, ScheduleSource, SkipReason } from './tasks/schedule.ts';
export type { SchedulePage, ScheduleQuery } from './tasks/schedule-list.ts';
export type { SchedulesQuery, SchedulesUpdate } from './tasks/schedule-watches.ts';
export type { NewSchedule, ScheduleChanges, Schedules } from './tasks/schedules.ts';
export type { AuditOptions } from './tasks/audit.ts';
export type { Batch } from './tasks/batch.ts';
export type { EnqueuedTask, EnqueueOptions, ReplayOptions } from './tasks/draft.ts';
export type { TaskFilter, TaskPage, TaskQuery } from './tasks/list.ts';
export type { TaskListChange, TaskListUpdate } from './tasks/list-snapshot.ts';
export type { TaskListQuery } from './tasks/live-lists.ts';
export type {
  FollowOptions,
  LogBatch,
  LogEntry,
  LogLevel,
  Logs,
  ReadOptions,
  StreamBatch,
} from './tasks/logs.ts';
export type { BatchItem, EnqueuedBatch } from './tasks/new-batch.ts';
export { canCancel, canRetry, isFinal, taskStatuses } from './tasks/task.ts';
export type {
  AttemptOutcome,
  Cancellation,
  Task,
  TaskAttempt,
  TaskFailure,
  TaskProgress,
  TaskStatus,
} from './tasks/task.ts';
export type { Tasks, TasksOptions } from './tasks/tasks.ts';
export type { Traces } from './traces.ts';
export type { AbortCode } from './worker/abort.ts';
export type { InlineOptions } from './worker/inline.ts';
export type { Worker, WorkerOptions } from './worker/worker.ts';

/** Codes of a failed request, as clients see them in `extensions.code`. */
export const errorCodes = [
  'BAD_USER_INPUT',
  'TASK_NOT_FOUND',
  'SCHEDULE_NOT_FOUND',
  'TASK_LOST',
  'QUEUE_NOT_FOUND',
  'WORKER_NOT_FOUND',
  'BATCH_NOT_FOUND',
  'IDEMPOTENCY_KEY_REUSED',
  'QUEUE_FULL',
  'TOO_MANY_WAITING',
  'QUEUE_DRAINING',
  'LIMIT_REACHED',
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'RATE_LIMITED',
  'UNAVAILABLE',
  'INTERNAL_SERVER_ERROR',
] as const;
export type ErrorCode = (typeof errorCodes)[number];

/** One thing that is wrong with what a caller sent: where, and what was expected there. */
export interface Issue {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** An error that a caller can act on: its code and message are safe to show to a client. */
export class TaskwireError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** The input of a task isn't what its definition says; `issues` names each place. */
export class BadUserInputError extends TaskwireError {
  readonly issues: readonly Issue[];

  constructor(message: string, issues: readonly Issue[] = []) {
    super('BAD_USER_INPUT', message);
    this.issues = issues;
  }
}

/** What is wrong with one argument; of one within another, both by their names: `filter.from`. */
export function invalidArgument(argument: string, message: string): BadUserInputError {
  return new BadUserInputError(`${argument}: ${message}`, [{ path: argument.split('.'), message }]);
}

/** No task has this id, or it isn't the caller's. */
export class TaskNotFoundError extends TaskwireError {
  constructor(id: string) {
    super(
      'TASK_NOT_FOUND',
      `No task has the id '${start(id)}'. It may have been removed after its retention.`,
    );
  }
}

/** No process has ever had a definition for a queue of this name. */
export class QueueNotFoundError extends TaskwireError {
  constructor(name: string) {
    super('QUEUE_NOT_FOUND', `No queue has the name '${start(name)}'.`);
  }
}

/** No worker that has a lease has this id. */
export class WorkerNotFoundError extends TaskwireError {
  constructor(id: string) {
    super(
      'WORKER_NOT_FOUND',
      `No worker has the id '${start(id)}'. It may have ended; a new one has another id.`,
    );
  }
}

/** No schedule has this id. */
export class ScheduleNotFoundError extends TaskwireError {
  constructor(id: string) {
    super('SCHEDULE_NOT_FOUND', `No schedule has the id '${start(id)}'. It may have been deleted.`);
  }
}

/** No batch has this id, or it isn't the caller's. */
export class BatchNotFoundError extends TaskwireError {
  constructor(id: string) {
    super(
      'BATCH_NOT_FOUND',
      `No batch has the id '${start(id)}'. It may have been removed, 30 days after the end of its tasks.`,
    );
  }
}

/** An id is whatever a client sent: a message doesn't repeat a megabyte of it. */
function start(id: string): string {
  return id.length <= 100 ? id : `${id.slice(0, 100)}…`;
}

/** A watched task vanished before it was final, as after a failover that lost writes. */
export class TaskLostError extends TaskwireError {
  constructor(id: string) {
    super('TASK_LOST', `The task '${start(id)}' is gone from the store before it ended. Enqueue it again.`);
  }
}

/** An idempotency key came again, with another input than the task that it had enqueued, or for a replay. */
export class IdempotencyKeyReusedError extends TaskwireError {
  /** The task that holds the key. */
  readonly taskId: string | undefined;
  /** The batch that holds the key, where it is a batch's. */
  readonly batchId: string | undefined;

  constructor(
    holder: string | { readonly batch: string },
    todo = 'Take a new key for another input or a replay.',
  ) {
    const [kind, id] = typeof holder === 'string' ? ['task', holder] : ['batch', holder.batch];
    super('IDEMPOTENCY_KEY_REUSED', `The idempotency key belongs to the ${kind} '${start(id)}'. ${todo}`);
    this.taskId = kind === 'task' ? id : undefined;
    this.batchId = kind === 'batch' ? id : undefined;
  }
}

/** The queue holds as many waiting tasks as it may (`maxWaiting`). */
export class QueueFullError extends TaskwireError {
  constructor(queue: string, maxWaiting: number) {
    super(
      'QUEUE_FULL',
      `The queue '${queue}' holds the ${maxWaiting} waiting tasks that it may. Try again when some have begun.`,
    );
  }
}

/** The owner has as many waiting tasks, in all queues together, as it may have. */
export class TooManyWaitingError extends TaskwireError {
  constructor(maxWaiting: number) {
    super(
      'TOO_MANY_WAITING',
      `As many of your tasks wait as may: ${maxWaiting}. Try again when some have begun, or cancel some.`,
    );
  }
}

/** The queue is being drained: it works off what it has and takes nothing new. */
export class QueueDrainingError extends TaskwireError {
  constructor(queue: string) {
    super(
      'QUEUE_DRAINING',
      `The queue '${queue}' is being drained and takes no new tasks until it is resumed.`,
    );
  }
}

/** A definition's limit has no room for a new task, and rejects it (`whenFull: 'REJECT'`). */
export class LimitReachedError extends TaskwireError {
  /** When its rate allows another one (ms since 1970); undefined where one of those that run has to end first. */
  readonly retryAt: number | undefined;

  constructor(name: string, retryAt: number | undefined) {
    const when =
      retryAt === undefined
        ? 'once one of those that run has ended'
        : `after ${new Date(retryAt).toISOString()}`;
    super('LIMIT_REACHED', `The limit of '${name}' has no room for another task. Try again ${when}.`);
    this.retryAt = retryAt;
  }
}

/** Who asks can't be told from what it showed: no token, or one that isn't valid (any more). */
export class UnauthenticatedError extends TaskwireError {
  constructor(message = 'Expected a valid token in the header `authorization: Bearer …`.') {
    super('UNAUTHENTICATED', message);
  }
}

/** The viewer is known, and may not do this. */
export class ForbiddenError extends TaskwireError {
  constructor(message: string) {
    super('FORBIDDEN', message);
  }
}

/** More came in a short time than is allowed. */
export class RateLimitedError extends TaskwireError {
  /** How long until there is room again, in ms. */
  readonly retryAfterMs: number;

  constructor(message: string, retryAfterMs: number) {
    super('RATE_LIMITED', message);
    this.retryAfterMs = retryAfterMs;
  }
}

/** The store, or what signs clients in, can't be reached right now; the same request may go through later. */
export class UnavailableError extends TaskwireError {
  constructor(options?: ErrorOptions, message = unavailability(options?.cause)) {
    super('UNAVAILABLE', message, options);
  }
}

/** What a client may know of why the store can't serve it. */
function unavailability(cause: unknown): string {
  const refusal = cause instanceof Error ? cause.message.split(' ')[0] : undefined;
  if (refusal === 'OOM') return 'The task store is full and takes nothing new. Try again later.';
  return refusal !== undefined && /^(READONLY|MISCONF|NOREPLICAS|BUSY|LOADING|MASTERDOWN)$/.test(refusal)
    ? "The task store can't take this right now. Try again in a few seconds."
    : 'The task store is not reachable right now. Try again in a few seconds.';
}

/** What a `run` returned isn't the output that its definition declares; `issues` names each place. */
export class InvalidOutputError extends Error {
  readonly code = 'INVALID_OUTPUT' as const;
  readonly issues: readonly Issue[];

  constructor(message: string, issues: readonly Issue[] = []) {
    super(message);
    this.name = 'InvalidOutputError';
    this.issues = issues;
  }
}

/** Settings, task files or definitions that can't be used; `problems` holds one sentence each. */
export class ConfigurationError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.name = 'ConfigurationError';
    this.problems = problems;
  }
}

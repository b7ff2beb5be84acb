import { hasScope, type Viewer } from '../auth/viewer.ts';
import type { Builder } from '../definition/builder.ts';
import {
  type AttemptOutcome,
  type Cancellation,
  type TaskAttempt,
  type TaskFailure,
  type TaskProgress,
  type TaskStatus,
} from '../tasks/task.ts';
import type { Context } from './context.ts';

/** The builder that the API's types are put on. */
export type ApiBuilder = Builder<Context>;

/** Adds the enums and the small objects that a task's state is made of. */
export function addStateTypes(builder: ApiBuilder) {
  const status = builder.enumType('TaskStatus', {
    description:
      'Where a task is in its life. The list may grow: decide by `isFinal`, `canCancel` and `canRetry` where you can.',
    values: described(statuses),
  });

  const outcome = builder.enumType('AttemptOutcome', {
    description: 'How an attempt ended. The list may grow.',
    values: described(outcomes),
  });

  const progress = builder.objectRef<TaskProgress>('TaskProgress').implement({
    description: 'How far the current attempt has come. It never goes back within an attempt.',
    fields: (t) => ({
      fraction: t.exposeFloat('fraction', { nullable: true, description: 'From 0 to 1.' }),
      current: t.exposeFloat('current', {
        nullable: true,
        description: 'Units done so far, out of `total`.',
      }),
      total: t.exposeFloat('total', { nullable: true, description: 'Units there are, where that is known.' }),
      message: t.exposeString('message', { nullable: true, description: 'What is being done, for people.' }),
      data: t.expose('data', { type: 'JSON', nullable: true, description: 'Whatever else the task tells.' }),
    }),
  });

  const failure = builder.objectRef<TaskFailure>('TaskFailure').implement({
    description: 'Why a task or an attempt failed.',
    fields: (t) => ({
      code: t.exposeString('code', {
        nullable: false,
        description:
          'A constant to decide by: `TIMED_OUT`, `WORKER_LOST`, …, or the `code` of what `run` threw, if that is made ' +
          'of letters, digits and `_`, up to 64.',
      }),
      message: t.exposeString('message', { nullable: false, description: 'The reason, for people.' }),
      retryable: t.exposeBoolean('retryable', {
        nullable: false,
        description: "False where another attempt can't help.",
      }),
      attempt: t.expose('attempt', {
        type: 'NonNegativeInt',
        nullable: false,
        description: 'The number of the attempt that failed.',
      }),
      details: t.expose('details', {
        type: 'JSON',
        nullable: true,
        description:
          'What a `NonRetryableError` carried, the issues of an input that its definition does not take, or `id`, `status` ' +
          'and `code` of the child that made it fail; null of all other errors.',
      }),
    }),
  });

  const attempt = builder.objectRef<TaskAttempt>('TaskAttempt').implement({
    description: 'One delivery of a task to a worker.',
    fields: (t) => ({
      number: t.expose('number', {
        type: 'PositiveInt',
        nullable: false,
        description: 'Counted from 1, over the whole life of the task.',
      }),
      worker: t.exposeString('worker', { nullable: false, description: 'The worker process that ran it.' }),
      startedAt: t.field({
        type: 'DateTimeISO',
        nullable: false,
        description: 'When the worker began.',
        resolve: (attempt) => new Date(attempt.startedAt),
      }),
      finishedAt: t.field({
        type: 'DateTimeISO',
        nullable: true,
        description: 'When it ended; null while it runs.',
        resolve: ({ finishedAt }) => date(finishedAt),
      }),
      outcome: t.expose('outcome', {
        type: outcome,
        nullable: true,
        description: 'How it ended; null while it runs.',
      }),
      failure: t.expose('failure', { type: failure, nullable: true, description: 'Why, where it failed.' }),
    }),
  });

  const cancellation = builder.objectRef<Cancellation>('TaskCancellation').implement({
    description: 'Who asked for a cancel, when and why.',
    fields: (t) => ({
      requestedAt: t.field({
        type: 'DateTimeISO',
        nullable: false,
        description: 'When the first request to cancel came.',
        resolve: ({ requestedAt }) => new Date(requestedAt),
      }),
      reason: t.exposeString('reason', { nullable: true, description: 'The reason that was given.' }),
      actor: t.string({
        nullable: true,
        description: actorHelp,
        resolve: ({ actor }, _, { viewer }) => shownActor(actor, viewer),
      }),
    }),
  });

  return { status, progress, failure, attempt, cancellation };
}

/** What `actor` says of a request. */
export const actorHelp =
  'Who asked; null where nobody said so, and where it was an operator whom you do not know.';

/** Who did something, where that is for the viewer to know: who works here is nobody's business. */
export function shownActor(actor: string | undefined, viewer: Viewer): string | undefined {
  return actor === viewer.owner || hasScope(viewer, 'admin') ? actor : undefined;
}

/** A time of the store as a scalar wants it. */
export function date(ms: number | undefined): Date | undefined {
  return ms === undefined ? undefined : new Date(ms);
}

const statuses: Record<TaskStatus, string> = {
  SCHEDULED: 'Is due later, at `nextAttemptAt`: it was enqueued with a delay, or is debounced.',
  QUEUED: 'Waits for a worker.',
  RUNNING: 'A worker is at it.',
  RETRYING: 'An attempt failed; waits for the next one, which starts at `nextAttemptAt`.',
  CANCELING: 'Asked to stop, still running. Becomes `CANCELED`, or `SUCCEEDED` if it finishes first.',
  SUCCEEDED: 'Final: `output` holds the result.',
  FAILED: 'Final: `failure` says why.',
  CANCELED: 'Final: was canceled before it could succeed.',
  EXPIRED: 'Final: its time in the queue ran out before it started.',
};

const outcomes: Record<AttemptOutcome, string> = {
  SUCCEEDED: 'Returned an output.',
  FAILED: 'Threw, or returned what its definition does not allow.',
  TIMED_OUT: 'Ran longer than its definition allows.',
  LOST: 'Its worker died or lost contact, and this task may be what killed it; spends one of `maxDeliveries`.',
  CANCELED: 'Stopped because the task was canceled.',
  SUPERSEDED:
    'Given back: its worker stopped, or was lost with several tasks so that none is charged; or replaced by a newer attempt.',
};

/** The values of an enum with their descriptions. */
export function described<Name extends string>(descriptions: Record<Name, string>) {
  // The keys of a record of names are those names, which Object.entries widens to string.
  const entries = Object.entries(descriptions) as [Name, string][];
  // fromEntries widens the keys to string once more.
  return Object.fromEntries(entries.map(([name, description]) => [name, { description }])) as {
    [Key in Name]: { description: string };
  };
}

import { hideSecrets } from '../definition/secrets.ts';
import type { Schedule } from '../tasks/schedule.ts';
import type { Batch } from '../tasks/batch.ts';
import { canCancel, canRetry, isFinal, type Task } from '../tasks/task.ts';
import type { Context } from './context.ts';
import { costs } from './cost.ts';
import { addStateTypes, type ApiBuilder, date } from './state.ts';

/** Adds `Node`, `Task` and `UntypedTask`. `typeNames` tells the typed task's name by the definition's. */
export function addTaskTypes(builder: ApiBuilder, typeNames: ReadonlyMap<string, string>) {
  const { status, progress, failure, attempt, cancellation } = addStateTypes(builder);
  const resolveType = (task: Task) => typeNames.get(task.name) ?? 'UntypedTask';

  const batch = builder.objectRef<Batch>('Batch');
  const node = builder.interfaceRef<Task | Batch | Schedule>('Node').implement({
    description: 'Anything that `node(id)` finds.',
    resolveType: (found) => {
      if ('status' in found) return resolveType(found);
      return 'counts' in found ? batch : 'Schedule';
    },
    fields: (t) => ({
      id: t.exposeID('id', { nullable: false, description: 'Globally unique and opaque.' }),
    }),
  });

  const task = builder.interfaceRef<Task>('Task');
  task.implement({
    description: 'One unit of background work: enqueued by a mutation, watched by a subscription.',
    interfaces: [node],
    resolveType,
    fields: (t) => ({
      name: t.exposeString('name', { nullable: false, description: 'The definition it was made from.' }),
      queue: t.exposeString('queue', { nullable: false, description: 'The line it waits in.' }),
      status: t.expose('status', { type: status, nullable: false, description: 'Where it is in its life.' }),
      isFinal: t.boolean({
        nullable: false,
        description: 'True once nothing changes any more, unless someone retries it by hand.',
        resolve: ({ status }) => isFinal(status),
      }),
      canCancel: t.boolean({
        nullable: false,
        description: 'True where `cancelTask` would still change something.',
        resolve: ({ status }) => canCancel(status),
      }),
      canRetry: t.boolean({
        nullable: false,
        description: 'True where `retryTask` would put it back: it has ended, but not SUCCEEDED.',
        resolve: ({ status }) => canRetry(status),
      }),
      version: t.expose('version', {
        type: 'SafeInt',
        nullable: false,
        description: 'Raised by every change, never goes back: of two states the higher one is newer.',
      }),
      progress: t.expose('progress', {
        type: progress,
        nullable: true,
        description: 'How far the current attempt has come, if it tells.',
      }),
      attempt: t.expose('attempt', {
        type: 'NonNegativeInt',
        nullable: false,
        description: 'The number of the last attempt; 0 before the first.',
      }),
      maxAttempts: t.expose('maxAttempts', {
        type: 'NonNegativeInt',
        nullable: false,
        description:
          "How many attempts may fail or time out until it has FAILED: its definition's `retry.attempts`.",
      }),
      failedAttempts: t.expose('failedAttempts', {
        type: 'NonNegativeInt',
        nullable: false,
        description:
          'How many of `maxAttempts` are spent. Only those count that failed or timed out, and a retry by hand begins ' +
          'anew; `attempt` counts them all.',
      }),
      attempts: t.expose('attempts', {
        type: [attempt],
        nullable: false,
        description: 'The last 20 attempts, oldest first.',
        // Most have one, and few more than some.
        extensions: costs({ size: 5 }),
      }),
      createdAt: t.field({
        type: 'DateTimeISO',
        nullable: false,
        description: 'When it was enqueued.',
        resolve: ({ createdAt }) => new Date(createdAt),
      }),
      startedAt: t.field({
        type: 'DateTimeISO',
        nullable: true,
        description: 'When its first attempt began.',
        resolve: ({ startedAt }) => date(startedAt),
      }),
      finishedAt: t.field({
        type: 'DateTimeISO',
        nullable: true,
        description: 'When it became final.',
        resolve: ({ finishedAt }) => date(finishedAt),
      }),
      nextAttemptAt: t.field({
        type: 'DateTimeISO',
        nullable: true,
        description:
          'When its next attempt is due, while it is RETRYING, or its first one, while it is SCHEDULED.',
        resolve: ({ nextAttemptAt }) => date(nextAttemptAt),
      }),
      runAt: t.field({
        type: 'DateTimeISO',
        nullable: true,
        description: 'When it was to begin, where it was enqueued with a delay or a time.',
        resolve: ({ runAt }) => date(runAt),
      }),
      priority: t.int({
        nullable: false,
        description: 'Its head start in seconds, -600 to 600.',
        resolve: ({ priority }) => priority ?? 0,
      }),
      queuePosition: t.int({
        nullable: true,
        description:
          'Its place among those that wait for a slot: 1 for the next one. What no worker serves and what is paused is ' +
          'not counted. Of a task with a limit key at least so, as keys take turns. Null where it waits for no slot. Live ' +
          'in a subscription to the task.',
        extensions: costs({ points: 2 }),
        resolve: async (task, _, { tasks }) =>
          task.status === 'QUEUED' ? (await tasks.standing(task)).position : undefined,
      }),
      estimatedStartAt: t.field({
        type: 'DateTimeISO',
        nullable: true,
        description:
          'When its next attempt may begin as things go now: by how long the recent runs of what waits before it took, ' +
          'shared by the slots that serve it; never before it is due. Null where nobody can know: it is paused, no ' +
          'worker serves it, a rate or the turns of limit keys decide, or there are no recent runs; and where it ' +
          'does not wait.',
        extensions: costs({ points: 2 }),
        resolve: async (task, _, { tasks }) =>
          waits(task) ? date((await tasks.standing(task)).startsAt) : undefined,
      }),
      expiresAt: t.field({
        type: 'DateTimeISO',
        nullable: true,
        description: 'Until when its first attempt must have begun, while it has not: then it is EXPIRED.',
        resolve: ({ expiresAt }) => date(expiresAt),
      }),
      deadlineAt: t.field({
        type: 'DateTimeISO',
        nullable: true,
        description: 'Until when it must have ended, all attempts included: then it FAILED with `TIMED_OUT`.',
        resolve: ({ deadlineAt }) => date(deadlineAt),
      }),
      failure: t.expose('failure', {
        type: failure,
        nullable: true,
        description:
          'Why it failed, once it is FAILED; while it is RETRYING the last of `attempts` says why. A failed task is ' +
          'data, never an error of the request.',
      }),
      cancellation: t.expose('cancellation', {
        type: cancellation,
        nullable: true,
        description: 'The request to cancel it, if there was one.',
      }),
      tags: t.exposeStringList('tags', {
        nullable: false,
        description: 'The tags it was enqueued with, to filter by.',
      }),
      owner: t.exposeString('owner', { nullable: false, description: 'Whose it is.' }),
      parent: t.field({
        type: task,
        nullable: true,
        description: 'The task that enqueued it, if a task did and it is still there.',
        resolve: ({ parent }, _, { tasks }) => (parent === undefined ? undefined : tasks.get(parent)),
      }),
      batch: t.field({
        type: batch,
        nullable: true,
        description: 'The batch that it was enqueued in, if it was in one and that is still there.',
        resolve: (task, _, { tasks }) => (task.batch === undefined ? undefined : tasks.getBatch(task.batch)),
      }),
      replayOf: t.field({
        type: task,
        nullable: true,
        description: 'The task of which this one is a replay, if it is one and that is still there.',
        resolve: ({ replayOf }, _, { tasks }) => (replayOf === undefined ? undefined : tasks.get(replayOf)),
      }),
      definitionVersion: t.exposeString('definitionVersion', {
        nullable: false,
        description: "The version of the definition's input type that the input was checked against.",
      }),
      input: t.field({
        type: 'JSON',
        nullable: true,
        description: 'The input as it came, with `"[secret]"` in place of what its definition marks secret.',
        extensions: costs({ points: 1 }),
        resolve: async (task, _, { tasks }) =>
          hideSecrets(await tasks.input(task.id), (await tasks.secretsOf(task)).input),
      }),
      outputJson: t.field({
        type: 'JSON',
        nullable: true,
        description:
          'What it returned, once it has succeeded, as plain JSON whatever its definition: what `output` says with types of ' +
          'its own. With `"[secret]"` in place of what its definition marks secret.',
        extensions: costs({ points: 1 }),
        resolve: shownOutput,
      }),
    }),
  });

  const untyped = builder.objectRef<Task>('UntypedTask').implement({
    description: 'A task whose definition this API does not know: one that is newer, or was removed.',
    interfaces: [node, task],
    fields: (t) => ({
      output: t.field({
        type: 'JSON',
        nullable: true,
        description: 'What it returned, once it has succeeded.',
        extensions: costs({ points: 1 }),
        resolve: shownOutput,
      }),
    }),
  });

  return { node, task, batch, untyped, status };
}

/** What a task returned, as far as anybody may see it. */
async function shownOutput(task: Task, _: unknown, { tasks }: Context): Promise<unknown> {
  if (task.status !== 'SUCCEEDED') return undefined;
  return hideSecrets(await tasks.output(task), (await tasks.secretsOf(task)).output);
}

/** Whether its next attempt is still to come. */
function waits({ status }: Task): boolean {
  return status === 'QUEUED' || status === 'SCHEDULED' || status === 'RETRYING';
}

/** The types that everything else of the API is made of. */
export type TaskTypes = ReturnType<typeof addTaskTypes>;

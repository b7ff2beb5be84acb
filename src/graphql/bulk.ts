import { createHash } from 'node:crypto';
import { BadUserInputError } from '../errors.ts';
import { actOnTasks, type Bulk, maxBulkSize } from '../tasks/bulk.ts';
import { canCancel, canRetry, isFinal, type Task, type TaskStatus } from '../tasks/task.ts';
import { checkReason, maxReasonLength } from '../tasks/reason.ts';
import { needs } from './access.ts';
import { type Answer, bulkPayloads, type BulkPayloadTypes } from './bulk-payloads.ts';
import { cursorNamed, isGiven } from './connection.ts';
import type { Context } from './context.ts';
import { costs } from './cost.ts';
import { type FilterInput, filterOf, type FilterTypes } from './filter.ts';
import { enqueuesTasks } from './idempotency-header.ts';
import { optionsOf, type OptionsType } from './options.ts';
import type { ApiBuilder } from './state.ts';
import { refuseWait } from './wait.ts';

const defaultBulkSize = 100;

const actsOnMany = costs({ each: 0.2, size: defaultBulkSize });

interface BulkArguments {
  readonly filter: FilterInput;
  readonly dryRun?: boolean | null | undefined;
  readonly first?: number | null | undefined;
  readonly after?: string | null | undefined;
}

/** The types that the actions by filter are made of. */
export interface BulkTypes extends BulkPayloadTypes, FilterTypes {
  readonly options: OptionsType;
}

/** Adds `cancelTasks`, `retryTasks` and `replayTasks`: the same as their singulars, for the tasks of a filter. */
export function addBulk(builder: ApiBuilder, types: BulkTypes): void {
  const payload = bulkPayloads(builder, types);
  const canceled = payload('CancelTasksPayload', 'What became of a request to cancel many tasks.');
  const retried = payload('RetryTasksPayload', 'What became of a request to retry many tasks.');
  const replayed = payload('ReplayTasksPayload', 'What became of a request to replay many tasks.');

  builder.mutationFields((t) => {
    const args = {
      filter: t.arg({
        type: types.filter,
        required: true,
        description:
          'Which tasks, of those that the action is for. An empty filter, or an empty list in it, is refused: it ' +
          'would mean every task there is. Whoever means that says so by `createdBefore` with the time now.',
      }),
      dryRun: t.arg.boolean({
        defaultValue: false,
        description: 'Only counts: `totalCount` is what it would be for, and nothing changes.',
      }),
      first: t.arg.int({
        defaultValue: defaultBulkSize,
        description: `At most so many in this call, 1 to ${maxBulkSize}; newest first.`,
      }),
      after: t.arg.string({ description: 'Goes on after the `endCursor` of the call before.' }),
    };
    return {
      cancelTasks: t.field({
        type: canceled,
        nullable: false,
        description:
          'Cancels the tasks of a filter that have not ended and are not being canceled yet, each as `cancelTask` does.',
        extensions: { ...needs('tasks:write'), ...actsOnMany },
        args: {
          ...args,
          reason: t.arg.string({
            description: `Why, for whoever looks at the tasks later; up to ${maxReasonLength} characters.`,
          }),
        },
        resolve: (_, { reason, ...query }, context) => {
          if (reason) checkReason(reason);
          const options = { actor: context.viewer.owner, ...(reason ? { reason } : {}) };
          return runBulk(query, context, canCancel, ({ id }) => context.tasks.cancel(id, options));
        },
      }),
      retryTasks: t.field({
        type: retried,
        nullable: false,
        description:
          'Puts the tasks of a filter back that FAILED, were CANCELED or EXPIRED, each as `retryTask` does.',
        extensions: { ...needs('tasks:write'), ...actsOnMany },
        args,
        resolve: (_, query, context) =>
          runBulk(query, context, canRetry, ({ id }) => context.tasks.retry(id)),
      }),
      replayTasks: t.field({
        type: replayed,
        nullable: false,
        description:
          'Enqueues the tasks of a filter anew that have ended, each as `replayTask` does with the same input: those ' +
          'that SUCCEEDED, too, unless `statuses` says otherwise. With an idempotency key, for which `createdBefore` ' +
          'must be a time that has passed, the call can be repeated: each original is replayed once, unless its ' +
          'replay has FAILED or EXPIRED meanwhile.',
        extensions: { ...needs('tasks:write'), ...enqueuesTasks, ...actsOnMany },
        args: { ...args, options: t.arg({ type: types.options, description: 'How they are enqueued.' }) },
        resolve: (_, { options, ...query }, context) => {
          refuseWait(options);
          // Each is its original's owner's, whoever asks for it.
          const { owner: _owner, ...given } = optionsOf(options, context);
          const { idempotencyKey } = given;
          if (idempotencyKey !== undefined) checkRepeatable(query.filter);
          // As a batch does: one, and a hundredth of each.
          let base = 1;
          return runBulk(query, context, isFinal, async ({ id }) => {
            const cost = base + 0.01;
            base = 0;
            const own = idempotencyKey === undefined ? {} : { idempotencyKey: ownKey(idempotencyKey, id) };
            const task = await context.tasks.replay(id, { ...given, ...own, cost });
            return { accepted: !task.deduplicated, task };
          });
        },
      }),
    };
  });
}

async function runBulk(
  { filter, dryRun, first, after }: BulkArguments,
  { tasks }: Context,
  isFor: (status: TaskStatus) => boolean,
  act: (task: Task) => Promise<Answer>,
): Promise<Bulk<Answer>> {
  const query = {
    filter: filterOf(filter),
    dryRun: dryRun ?? false,
    limit: first ?? defaultBulkSize,
    ...(isGiven(after) ? { after } : {}),
  };
  try {
    return await actOnTasks(tasks, query, isFor, act);
  } catch (error) {
    throw error instanceof BadUserInputError ? cursorNamed('after', error) : error;
  }
}

/** @throws BadUserInputError where what a replay enqueues would match the filter itself */
function checkRepeatable({ createdBefore, ids }: FilterInput): void {
  // Their replays have other ids.
  if (isGiven(ids)) return;
  if (createdBefore && createdBefore.getTime() <= Date.now()) return;
  const expected = createdBefore ? 'a time that has passed' : '`createdBefore`';
  const message = `Expected ${expected}: a repetition would find the replays of the first call.`;
  const path = ['filter', 'createdBefore'];
  throw new BadUserInputError(`${path.join('.')}: ${message}`, [{ path, message }]);
}

/** One key for all would make all one task. */
function ownKey(key: string, id: string): string {
  return createHash('sha256')
    .update(JSON.stringify([key, id]))
    .digest('base64url');
}

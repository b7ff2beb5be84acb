import type { Bulk, BulkResult } from '../tasks/bulk.ts';
import type { Task } from '../tasks/task.ts';
import { type ActionErrorType, toldError } from './action-error.ts';
import type { ConnectionTypes } from './connection.ts';
import { companionPoints, costs } from './cost.ts';
import type { ApiBuilder } from './state.ts';
import type { TaskTypes } from './task.ts';

/** What an action came to for a task on which it could be tried. */
export interface Answer {
  readonly accepted: boolean;
  readonly task: Task;
}

/** The types that payloads of many tasks are made of. */
export interface BulkPayloadTypes extends TaskTypes, ConnectionTypes {
  readonly actionError: ActionErrorType;
}

/** Adds what all payloads have in common, and makes what adds one. */
export function bulkPayloads(builder: ApiBuilder, { task, count, actionError }: BulkPayloadTypes) {
  const result = builder.objectRef<BulkResult<Answer>>('TaskActionResult').implement({
    description: 'What an action came to for one task.',
    fields: (t) => ({
      id: t.exposeID('id', { nullable: false, description: 'The id of the task that the filter found.' }),
      accepted: t.boolean({
        nullable: false,
        description:
          'True where the action has changed something. False with an error, where the task had moved on ' +
          'meanwhile, and for a replay that the idempotency key had enqueued before.',
        resolve: isAccepted,
      }),
      task: t.field({
        type: task,
        nullable: true,
        description: 'The task after the action; for a replay the new one. Null with an error.',
        extensions: costs({ points: companionPoints }),
        resolve: (result) => ('answer' in result ? result.answer.task : undefined),
      }),
      error: t.field({
        type: actionError,
        nullable: true,
        description: 'Why it failed, if it did. The other tasks are not held up by it.',
        resolve: (result, _, { maskError }) =>
          'answer' in result ? undefined : toldError(result.error, maskError),
      }),
    }),
  });

  return (name: string, description: string) =>
    builder.objectRef<Bulk<Answer>>(name).implement({
      description,
      fields: (t) => ({
        totalCount: t.field({
          type: count,
          nullable: false,
          description:
            'How many tasks the action was for when the call began, those after this page included.',
          resolve: ({ total }) => total,
        }),
        acceptedCount: t.field({
          type: 'NonNegativeInt',
          nullable: false,
          description: 'How many of `results` were accepted.',
          resolve: ({ results }) => results.filter(isAccepted).length,
        }),
        results: t.field({
          type: [result],
          nullable: { list: false, items: false },
          description: 'One for each task that was tried, newest first; none of a dry run.',
          resolve: ({ results }) => results,
        }),
        hasMore: t.exposeBoolean('hasMore', {
          nullable: false,
          description:
            'True where there may be more: call again with `endCursor` as `after`. False of a dry run.',
        }),
        endCursor: t.exposeString('endCursor', {
          nullable: true,
          description: 'Where the next call goes on.',
        }),
      }),
    });
}

function isAccepted(result: BulkResult<Answer>): boolean {
  return 'answer' in result && result.answer.accepted;
}

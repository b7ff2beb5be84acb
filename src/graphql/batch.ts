import { BatchNotFoundError } from '../errors.ts';
import { isFinal, type TaskStatus, taskStatuses } from '../tasks/task.ts';
import { needs } from './access.ts';
import { type ConnectionTypes, maxPageSize, readPage } from './connection.ts';
import { versionedStates } from './shared-states.ts';
import { type ApiBuilder, date } from './state.ts';
import { started } from './stream.ts';
import type { TaskTypes } from './task.ts';
import { throttleHelp, watchOptionsOf } from './throttle.ts';

/** Adds `Batch`, and what reads and follows one. */
export function addBatches(
  builder: ApiBuilder,
  { node, batch, status, connection }: TaskTypes & ConnectionTypes,
): void {
  const counts = builder.objectRef<Readonly<Record<TaskStatus, number>>>('BatchCounts').implement({
    description: 'How many tasks of a batch have each status.',
    fields: (t) =>
      Object.fromEntries(
        taskStatuses.map((status) => [
          status.toLowerCase(),
          t.field({
            type: 'NonNegativeInt',
            nullable: false,
            description: isFinal(status) ? `Have ended as ${status}.` : `Are ${status} now.`,
            resolve: (counts) => counts[status],
          }),
        ]),
      ),
  });

  batch.implement({
    description: 'Many tasks of one definition that were enqueued by one mutation, to be followed as one.',
    interfaces: [node],
    fields: (t) => ({
      name: t.exposeString('name', { nullable: false, description: 'The definition of its tasks.' }),
      queue: t.exposeString('queue', { nullable: false, description: 'The line that they wait in.' }),
      owner: t.exposeString('owner', { nullable: false, description: 'Whose it is.' }),
      total: t.expose('total', {
        type: 'NonNegativeInt',
        nullable: false,
        description:
          'How many tasks it has; while they are being written, how many there are to be. Items that were refused, or ' +
          'for which another task stands, do not belong to it.',
      }),
      counts: t.expose('counts', {
        type: counts,
        nullable: false,
        description: 'How many of them have each status, also those that were removed after their retention.',
      }),
      isFinal: t.exposeBoolean('isFinal', {
        nullable: false,
        description:
          'True once all of its tasks have ended: nothing changes any more, unless someone retries one by hand, or ' +
          'repeats the mutation and so adds what had been refused.',
      }),
      progress: t.exposeFloat('progress', {
        nullable: false,
        description: 'The share of its tasks that has ended, from 0 to 1.',
      }),
      version: t.expose('version', {
        type: 'SafeInt',
        nullable: false,
        description: 'Raised by every change, never goes back: of two states the higher one is newer.',
      }),
      createdAt: t.field({
        type: 'DateTimeISO',
        nullable: false,
        description: 'When it was enqueued.',
        resolve: ({ createdAt }) => new Date(createdAt),
      }),
      finishedAt: t.field({
        type: 'DateTimeISO',
        nullable: true,
        description: 'When the last of its tasks ended.',
        resolve: ({ finishedAt }) => date(finishedAt),
      }),
      tasks: t.field({
        type: connection,
        nullable: false,
        description: 'Its tasks that are still there, page by page, in the order of their items.',
        args: {
          statuses: t.arg({ type: [status], description: 'Only those with one of these.' }),
          first: t.arg.int({
            description: `So many from the beginning, 1 to ${maxPageSize}; 20 unless given.`,
          }),
          after: t.arg.string({ description: 'Only what comes after this cursor.' }),
          last: t.arg.int({
            description: `So many from the end, 1 to ${maxPageSize}, instead of \`first\`.`,
          }),
          before: t.arg.string({ description: 'Only what comes before this cursor.' }),
        },
        resolve: ({ id, queue }, { statuses, ...page }, context) =>
          readPage(
            context,
            { batches: [id], queues: [queue], ...(statuses ? { statuses } : {}) },
            'ASC',
            page,
          ),
      }),
    }),
  });

  builder.queryField('batch', (t) =>
    t.field({
      type: batch,
      nullable: true,
      description: 'The batch as it is now. An id that is not there is the error `BATCH_NOT_FOUND`.',
      extensions: needs('tasks:read'),
      args: { id: t.arg.id({ required: true, description: "The batch's id." }) },
      resolve: async (_, { id }, { tasks }) => {
        const found = await tasks.getBatch(id);
        if (found === undefined) throw new BatchNotFoundError(id);
        return found;
      },
    }),
  );

  builder.subscriptionField('batchUpdated', (t) =>
    t.field({
      type: batch,
      nullable: false,
      description:
        'The batch as it is now, then each newer state, and the end once all of its tasks have ended. A slow reader may ' +
        'skip states, never the last. An id that is not there is the error `BATCH_NOT_FOUND`.',
      extensions: { ...needs('tasks:read'), ...versionedStates },
      args: {
        id: t.arg.id({ required: true, description: "The batch's id." }),
        throttle: t.arg({ type: 'Duration', description: throttleHelp }),
      },
      subscribe: (_, { id, throttle }, { tasks }) => started(tasks.watchBatch(id, watchOptionsOf(throttle))),
      resolve: (batch) => batch,
    }),
  );
}

import { BatchNotFoundError } from '../errors.ts';
import { queueOfBatch } from './id.ts';
import { chunks } from './replies.ts';
import { itemsPerCall } from './scripts/bounds.ts';
import { batches } from './scripts/batch.ts';
import type { Store } from './store.ts';
import { isFinal, type TaskStatus, taskStatuses } from './task.ts';
import type { Watchable } from './watchable.ts';

/**
 * Many tasks of one definition that were enqueued by one call, as of its `version`. Times are ms since 1970 by the store's
 * clock.
 */
export interface Batch {
  readonly id: string;
  /** Its definition. */
  readonly name: string;
  readonly queue: string;
  readonly owner: string;
  /** Its tasks; while they are being written, how many there are to be. */
  readonly total: number;
  /** How many of them have each status; also counts those whose records are gone by now. */
  readonly counts: Readonly<Record<TaskStatus, number>>;
  /** True once all of its tasks have ended. */
  readonly isFinal: boolean;
  /** The share of its tasks that has ended, from 0 to 1. */
  readonly progress: number;
  /** Raised by every change, never goes back. */
  readonly version: number;
  readonly createdAt: number;
  /** When the last of its tasks ended. */
  readonly finishedAt?: number;
}

/** Parses a state as the scripts join it. */
export function parseBatch(state: string): Batch {
  // The one place where the scripts' JSON becomes a Batch: `batchState` in scripts/batch-counts.ts writes these fields.
  const {
    counts: some,
    finishedAt,
    ...batch
  } = JSON.parse(state) as Omit<Batch, 'counts'> & {
    readonly counts: Readonly<Partial<Record<TaskStatus, number>>>;
  };
  // One for each status.
  const counts = Object.fromEntries(
    taskStatuses.map((status) => [status, some[status] ?? 0]),
  ) as Batch['counts'];
  const members = sum(taskStatuses.map((status) => counts[status]));
  const ended = sum(taskStatuses.filter(isFinal).map((status) => counts[status]));
  // A repeated call may be adding to it.
  const total = Math.max(batch.total, members);
  const isOver = ended === total;
  return {
    ...batch,
    total,
    counts,
    isFinal: isOver,
    progress: total === 0 ? 1 : ended / total,
    ...(isOver && finishedAt !== undefined ? { finishedAt } : {}),
  };
}

/** The states of batches of any queues, in the order of their ids. */
export async function readBatches(store: Store, ids: readonly string[]): Promise<(Batch | undefined)[]> {
  const found = new Map<string, Batch>();
  const queues = Map.groupBy(ids, (id) => queueOfBatch(id) ?? '');
  queues.delete('');
  const reads = [...queues].flatMap(([queue, ids]) =>
    chunks(ids, itemsPerCall).map(async (piece) => {
      for (const state of (await store.run(batches, queue, piece)) as string[]) {
        if (state === '') continue;
        const batch = parseBatch(state);
        found.set(batch.id, batch);
      }
    }),
  );
  await Promise.all(reads);
  return ids.map((id) => found.get(id));
}

/** What a watch of batches needs. */
export function watchableBatches(store: Store): Watchable<Batch> {
  return {
    queueOf: queueOfBatch,
    read: (ids) => readBatches(store, ids),
    parse: parseBatch,
    isFinal: (batch) => batch.isFinal,
    notFound: (id) => new BatchNotFoundError(id),
    // Its counts are all there is to tell: whoever asks again is told what there is.
    lost: (id) => new BatchNotFoundError(id),
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}

import { formatCursor, parseCursor } from './list.ts';
import { parseSchedule, type StoredSchedule } from './schedule-record.ts';
import { listSchedules } from './scripts/schedule-read.ts';
import type { Store } from './store.ts';
import { ownerTag } from './tags.ts';

/** Which schedules, and how many of them. */
export interface ScheduleQuery {
  /** Those of these definitions; all of them where there are none. */
  readonly definitions?: readonly string[];
  /** Those of this owner. */
  readonly owner?: string;
  /** From 1 to 100. */
  readonly limit: number;
  readonly after?: string;
}

/** A page of schedules, the newest first. */
export interface SchedulePage {
  readonly schedules: readonly { readonly schedule: StoredSchedule; readonly cursor: string }[];
  readonly hasMore: boolean;
}

/** Reads a page of the schedules of some queues, all in one turn. @throws BadUserInputError where the cursor isn't one of ours */
export async function pageOfSchedules(
  store: Store,
  queues: readonly string[],
  query: ScheduleQuery,
): Promise<SchedulePage> {
  const { definitions = [], limit, owner } = query;
  const tag = owner === undefined ? undefined : ownerTag(owner);
  const from = query.after === undefined ? undefined : parseCursor(query.after);
  // One more than asked for says whether there are more, and one may be the cursor's own.
  const args = [limit + 2, from?.time ?? '+inf', tag ?? '', ...new Set(definitions)];
  const parts = await Promise.all(
    queues.map(async (queue) => (await store.run(listSchedules, queue, args)) as string[][]),
  );
  const all = parts
    .flat()
    .flatMap((fields) => parseSchedule(fields) ?? [])
    .filter((one) => owner === undefined || one.owner === owner)
    .filter((one) => from === undefined || compare({ created: Number(from.time), id: from.id }, one) < 0)
    .toSorted(compare);
  return {
    schedules: all.slice(0, limit).map((schedule) => ({ schedule, cursor: cursorOf(schedule) })),
    hasMore: all.length > limit,
  };
}

/** The newest first; the same order in all queues. */
function compare(a: { created: number; id: string }, b: { created: number; id: string }): number {
  return b.created - a.created || (a.id > b.id ? -1 : a.id < b.id ? 1 : 0);
}

function cursorOf({ created, id }: StoredSchedule): string {
  return formatCursor({ time: String(created), id });
}

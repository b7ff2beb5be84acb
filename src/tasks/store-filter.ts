import type { TaskStatus } from './task.ts';

/** A place in a list by creation time: microseconds, then the id. */
export interface Position {
  readonly time: string;
  readonly id: string;
}

/** Which tasks of a queue; fields are AND-ed, members of a field OR-ed. Times in ms. */
export interface StoreFilter {
  /** Those of these ids, and no others: they are read by their ids, whatever else is asked for. */
  readonly ids?: readonly string[];
  readonly names?: readonly string[];
  readonly statuses?: readonly TaskStatus[];
  readonly tags?: readonly string[];
  readonly owners?: readonly string[];
  /** Ids of tasks whose children are meant. */
  readonly parents?: readonly string[];
  readonly batches?: readonly string[];
  readonly schedules?: readonly string[];
  readonly createdAfter?: number;
  readonly createdBefore?: number;
  /**
   * For one who sees alone what the owners have: true looks through all of that, false first through what the parents,
   * batches or schedules have, which are the owners'. What a look costs, and where it ends, tells of nothing else then.
   * @default whatever is the least to look through
   */
  readonly ownersFirst?: boolean;
}

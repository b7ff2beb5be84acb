/**
 * A journal is what an attempt says, kept in order: the task's log, or one of its streams. Entries are counted from
 * 0 over the whole life of the task, and the oldest go first.
 */
export type Journal = '' | `:${string}`;

/** The task's log. */
export const logJournal: Journal = '';

/** Names of streams. */
export const streamNamePattern = /^[a-z][A-Za-z0-9_-]{0,31}$/;

/** So many streams a task may have. */
export const mostStreams = 16;

/** What each entry counts beside its own bytes, about what it takes in Redis. */
export const entryBytes = 16;

/** The journal of a stream. */
export function streamJournal(name: string): Journal {
  return `:${name}`;
}

/** How much of a journal is kept. */
export interface JournalCaps {
  readonly entries: number;
  readonly bytes: number;
}

/** Entries that an attempt appends, as wire JSON. */
export interface JournalPiece {
  readonly journal: Journal;
  readonly caps: JournalCaps;
  /** The index of the attempt's first entry, once the store has told it. */
  readonly begun: number | undefined;
  /** The place of the first of these among the attempt's entries, from 0: a hole says that some were dropped. */
  readonly place: number;
  readonly entries: readonly string[];
}

/** Entries of one attempt that follow each other. */
export interface JournalBatch {
  /** The index of the first; of the next one to come where there are none. */
  readonly from: number;
  readonly attempt: number;
  /** Parsed. */
  readonly values: readonly unknown[];
  /** How many came before these that nobody can read any more. */
  readonly dropped: number;
}

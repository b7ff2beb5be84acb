import type { Logger } from '../logger.ts';
import type { Feed } from './feed.ts';
import { JournalFeed } from './journal-feed.ts';
import { logJournal, streamJournal } from './journal.ts';
import { Journals, pageEntries } from './journals.ts';
import type { Store } from './store.ts';
import type { Task } from './task.ts';
import type { Watches } from './watches.ts';

/** The levels of a line, the least important first. */
export const logLevels = ['DEBUG', 'INFO', 'WARN', 'ERROR'] as const;
export type LogLevel = (typeof logLevels)[number];

/** A line of a task's log. */
export interface LogEntry {
  /** Counted from 0 over the whole life of the task. */
  readonly index: number;
  /** When `run` said it, in ms by the worker's clock. */
  readonly at: number;
  readonly level: LogLevel;
  readonly attempt: number;
  readonly message: string;
  readonly fields?: Readonly<Record<string, unknown>>;
}

/** Lines of a log, in order. */
export interface LogBatch {
  readonly entries: readonly LogEntry[];
  /** How many came before these that nobody can read any more. */
  readonly dropped: number;
  /** What to go on after. */
  readonly lastIndex: number;
}

/** Chunks of a stream, in order, of one attempt. */
export interface StreamBatch {
  readonly chunks: readonly string[];
  /** Undefined where there are no chunks. */
  readonly attempt: number | undefined;
  /** How many came before these that nobody can read any more. */
  readonly dropped: number;
  /** What to go on after: the index of the last chunk. */
  readonly lastIndex: number;
}

export interface FollowOptions {
  /** The index of the last one that the caller has. @default -1, from the beginning */
  readonly after?: number;
  readonly signal?: AbortSignal;
}

export interface ReadOptions {
  readonly after?: number;
  /** At most so many; fewer where they are long. @default 1000 */
  readonly first?: number;
}

/** What tasks of all queues have logged and streamed: read, and followed. */
export class Logs {
  readonly #feed: JournalFeed;
  readonly #journals: Journals;

  constructor(store: Store, watches: Watches<Task>, openFeed: () => Feed, logger: Logger) {
    this.#feed = new JournalFeed(openFeed);
    this.#journals = new Journals(store, watches, this.#feed, logger);
  }

  /**
   * Yields the lines of a task's log after an index, at once and perhaps none, then new ones; returns when the task has
   * ended and all of them were told, or when aborted.
   *
   * @throws TaskNotFoundError; TaskLostError where the record vanishes meanwhile; UnavailableError at the start
   */
  async *follow(
    id: string,
    { level = 'DEBUG', ...options }: FollowOptions & { readonly level?: LogLevel } = {},
  ): AsyncGenerator<LogBatch, void, undefined> {
    let isFirst = true;
    for await (const { from, attempt, values, dropped } of this.#journals.follow(id, logJournal, options)) {
      const entries = linesOf(from, attempt, values, level);
      if (isFirst || dropped > 0 || entries.length > 0)
        yield { entries, dropped, lastIndex: from + values.length - 1 };
      isFirst = false;
    }
  }

  /** The same for one of its streams, which may have no chunk yet. */
  async *followStream(
    id: string,
    name: string,
    options: FollowOptions = {},
  ): AsyncGenerator<StreamBatch, void, undefined> {
    for await (const { from, attempt, values, dropped } of this.#journals.follow(
      id,
      streamJournal(name),
      options,
    )) {
      yield {
        // As the worker writes them.
        chunks: values as readonly string[],
        attempt: values.length === 0 ? undefined : attempt,
        dropped,
        lastIndex: from + values.length - 1,
      };
    }
  }

  /** Lines of a log as they are now; `hasMore` where others follow. @throws TaskNotFoundError */
  async read(
    id: string,
    { after = -1, first = pageEntries, level = 'DEBUG' }: ReadOptions & { readonly level?: LogLevel } = {},
  ): Promise<LogBatch & { readonly hasMore: boolean }> {
    const { batches, next } = await this.#journals.read(id, logJournal, Math.max(0, after + 1), first);
    const entries = batches.flatMap(({ from, attempt, values }) => linesOf(from, attempt, values, level));
    const last = batches.at(-1);
    const lastIndex = (last === undefined ? next : last.from + last.values.length) - 1;
    const count = batches.reduce((sum, { values }) => sum + values.length, 0);
    const dropped = Math.max(0, lastIndex - Math.max(-1, after) - count);
    return { entries, dropped, lastIndex, hasMore: lastIndex + 1 < next };
  }

  /** Chunks of a stream as they are now, of one attempt; `hasMore` where others follow. @throws TaskNotFoundError */
  async readStream(
    id: string,
    name: string,
    { after = -1, first = pageEntries }: ReadOptions = {},
  ): Promise<StreamBatch & { readonly hasMore: boolean }> {
    const start = Math.max(0, after + 1);
    const { batches, next } = await this.#journals.read(id, streamJournal(name), start, first);
    const [{ from, values, attempt } = { from: next, values: [], attempt: undefined }] = batches;
    const lastIndex = from + values.length - 1;
    return {
      chunks: values as readonly string[],
      attempt,
      dropped: Math.max(0, from - start),
      lastIndex,
      hasMore: lastIndex + 1 < next,
    };
  }

  /** Channels that are listened to now. */
  get channels(): number {
    return this.#feed.channels;
  }

  close(): void {
    this.#feed.close();
  }
}

function linesOf(from: number, attempt: number, values: readonly unknown[], level: LogLevel): LogEntry[] {
  const least = logLevels.indexOf(level);
  // As the worker writes them.
  return (values as readonly Omit<LogEntry, 'index' | 'attempt'>[])
    .map((line, place) => ({ ...line, index: from + place, attempt }))
    .filter((line) => logLevels.indexOf(line.level) >= least);
}

import { setTimeout as delay } from 'node:timers/promises';
import { TaskLostError, TaskNotFoundError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import { journalChannel } from '../redis/keys.ts';
import { queueOf } from './id.ts';
import type { JournalFeed } from './journal-feed.ts';
import { JournalInbox } from './journal-inbox.ts';
import type { Journal, JournalBatch } from './journal.ts';
import { chunks } from './replies.ts';
import { readJournal } from './scripts/journals.ts';
import type { Store } from './store.ts';
import { isFinal, type Task, type TaskStatus } from './task.ts';
import type { Watches } from './watches.ts';

/** The most entries of a page, and bytes after which no more are added to it. */
export const pageEntries = 1_000;
const pageBytes = 65_536;

/** How soon a read that failed is tried again. */
const readAgainMs = 250;

/** Part of a journal as it is in the store. */
export interface JournalPage {
  /** Whether the task has ended: then nothing follows that isn't there. */
  readonly isFinal: boolean;
  /** The index that the next new entry gets. */
  readonly next: number;
  readonly batches: readonly Omit<JournalBatch, 'dropped'>[];
}

/** The readers of all journals in this process. */
export class Journals {
  readonly #store: Store;
  readonly #watches: Watches<Task>;
  readonly #feed: JournalFeed;
  readonly #logger: Logger;

  constructor(store: Store, watches: Watches<Task>, feed: JournalFeed, logger: Logger) {
    this.#store = store;
    this.#watches = watches;
    this.#feed = feed;
    this.#logger = logger;
  }

  /** What there is from an index on, up to a bound of bytes. @throws TaskNotFoundError */
  async read(id: string, journal: Journal, from: number, most: number = pageEntries): Promise<JournalPage> {
    const page = await this.#read(id, journal, from, most);
    if (page === undefined) throw new TaskNotFoundError(id);
    return page;
  }

  /**
   * Yields what there is after an index, at once and perhaps empty, then what is appended, each entry once and in
   * order; returns when the task has ended and everything was told, or when aborted. A reader that doesn't keep up gets
   * it in larger pieces, from the store.
   *
   * @throws TaskNotFoundError; TaskLostError where the record vanishes meanwhile; UnavailableError at the start
   */
  async *follow(
    id: string,
    journal: Journal,
    { after = -1, signal }: { readonly after?: number; readonly signal?: AbortSignal } = {},
  ): AsyncGenerator<JournalBatch, void, undefined> {
    const inbox = new JournalInbox();
    const close = (): void => inbox.close();
    // Listen first, read second: what is appended between the two comes twice, and is told once.
    const stop = await this.#listen(id, journal, inbox);
    const left = new AbortController();
    try {
      signal?.addEventListener('abort', close, { once: true });
      if (signal?.aborted === true) return;
      void this.#hearEnd(id, inbox, left.signal);
      yield* this.#tell(id, journal, Math.max(0, after + 1), inbox);
    } finally {
      signal?.removeEventListener('abort', close);
      left.abort();
      stop();
    }
  }

  async *#tell(
    id: string,
    journal: Journal,
    from: number,
    inbox: JournalInbox,
  ): AsyncGenerator<JournalBatch, void, undefined> {
    let next = from;
    let isFirst = true;
    while (!inbox.isClosed) {
      if (!inbox.isBehind) {
        const batch = inbox.take();
        if (batch === undefined) await inbox.wait();
        // What came between is read: it was missed, or was dropped.
        else if (batch.from > next) inbox.fallBehind();
        else if (batch.from + batch.values.length > next) {
          yield since(batch, next);
          next = batch.from + batch.values.length;
        }
        continue;
      }
      const isLast = inbox.hasEnded;
      inbox.catchUp();
      const page = await this.#readAgain(id, journal, next, isFirst);
      if (page === undefined) {
        inbox.fallBehind();
        continue;
      }
      // A store that lost writes counts on from what it has.
      next = Math.min(next, page.next);
      for (const batch of page.batches) {
        yield { ...batch, dropped: batch.from - next };
        next = batch.from + batch.values.length;
        isFirst = false;
      }
      if (page.batches.length === 0 && (isFirst || next < page.next)) {
        yield { from: page.next, attempt: 0, values: [], dropped: page.next - next };
        next = page.next;
        isFirst = false;
      }
      if (next < page.next) inbox.fallBehind();
      else if (isLast || page.isFinal) return;
    }
  }

  /** Undefined where it has to be tried again. */
  async #readAgain(
    id: string,
    journal: Journal,
    from: number,
    isFirst: boolean,
  ): Promise<JournalPage | undefined> {
    try {
      const page = await this.#read(id, journal, from, pageEntries);
      if (page !== undefined) return page;
    } catch (error) {
      if (isFirst) throw error;
      this.#logger.debug({ err: error, id }, 'a log that is followed could not be read, trying again');
      await delay(readAgainMs);
      return undefined;
    }
    throw isFirst ? new TaskNotFoundError(id) : new TaskLostError(id);
  }

  async #read(id: string, journal: Journal, from: number, most: number): Promise<JournalPage | undefined> {
    const queue = queueOf(id);
    if (queue === undefined) return undefined;
    const reply = await this.#store.run(readJournal, queue, [id, journal, from, most, pageBytes]);
    const [status, next, ...entries] = reply as [TaskStatus, string, ...(number | string)[]] | [];
    if (status === undefined) return undefined;
    return { isFinal: isFinal(status), next: Number(next), batches: batchesOf(entries) };
  }

  async #listen(id: string, journal: Journal, inbox: JournalInbox): Promise<() => void> {
    const queue = queueOf(id);
    if (queue === undefined) throw new TaskNotFoundError(id);
    const channel = journalChannel(this.#store.root(queue), id, journal);
    const listening = this.#feed.listen(channel, inbox);
    try {
      await this.#store.within(() => listening.confirmed);
    } catch (error) {
      listening.stop();
      throw error;
    }
    return () => listening.stop();
  }

  /** The end of the task, by its own states. Never rejects. */
  async #hearEnd(id: string, inbox: JournalInbox, signal: AbortSignal): Promise<void> {
    try {
      for await (const { status } of this.#watches.watch(id, { signal })) {
        if (isFinal(status)) return inbox.end();
      }
      inbox.close();
    } catch (error) {
      // It was there when its follower came.
      inbox.fail(error instanceof TaskNotFoundError ? new TaskLostError(id) : error);
    }
  }
}

/** What of a batch is from an index on. */
function since(batch: JournalBatch, next: number): JournalBatch {
  if (batch.from === next) return batch;
  return { ...batch, from: next, values: batch.values.slice(next - batch.from) };
}

/** Entries as `readJournal` answers with them, joined where they follow each other in one attempt. */
function batchesOf(entries: readonly (number | string)[]): Omit<JournalBatch, 'dropped'>[] {
  const batches: { from: number; attempt: number; values: unknown[] }[] = [];
  for (const [index, attempt, json] of chunks(entries, 3)) {
    const last = batches.at(-1);
    const value: unknown = JSON.parse(String(json));
    if (last?.attempt === Number(attempt) && last.from + last.values.length === index)
      last.values.push(value);
    else batches.push({ from: Number(index), attempt: Number(attempt), values: [value] });
  }
  return batches;
}

import { setTimeout as delay } from 'node:timers/promises';
import type { TaskContext } from '../definition/context.ts';
import type { Settings } from '../definition/options.ts';
import type { Logger } from '../logger.ts';
import type { Deliveries } from '../tasks/deliveries.ts';
import type { Delivery } from '../tasks/delivery.ts';
import { type Journal, type JournalPiece, logJournal, streamJournal } from '../tasks/journal.ts';
import { isBug } from '../redis/answer.ts';
import type { AbortCode } from './abort.ts';
import { JournalWriter } from './journal-writer.ts';
import { logLine } from './log-line.ts';
import { streamsOf, tooManyStreams, type WriteChunk } from './streams.ts';

export interface JournalsOptions {
  readonly delivery: Delivery;
  readonly deliveries: Deliveries;
  readonly settings: Settings<unknown>['logs'];
  readonly logger: Logger;
  /** Fires when the run is to stop: then nobody waits for room any more. */
  readonly signal: AbortSignal;
  /** True once the token is void. */
  readonly isVoid: () => boolean;
  /** Hears that the token is void, or that the task is being canceled. */
  readonly onVoid: (code: AbortCode) => void;
}

/** What one attempt says beside its progress: lines of the task's log, chunks of its streams. */
export class Journals {
  /** The context's function. */
  readonly stream: TaskContext['stream'] = streamsOf((name) => this.#chunks(name));
  readonly #options: JournalsOptions;
  readonly #writers: Map<Journal, JournalWriter> = new Map();
  #closed: unknown;

  constructor(options: JournalsOptions) {
    this.#options = options;
  }

  log(level: keyof TaskContext['log'], message: unknown, fields: unknown): void {
    this.#writer(logJournal).add(logLine(level, message, fields));
  }

  /** Resolves when all is written that was said until now. */
  async flush(): Promise<void> {
    if (this.#writers.size === 0) return;
    await Promise.all([...this.#writers.values()].map((writer) => writer.flush()));
  }

  /** Ends all waits for room. */
  interrupt(reason: unknown): void {
    for (const writer of this.#writers.values()) writer.interrupt(reason);
  }

  /** Nothing more is written. */
  close(reason: unknown): void {
    this.#closed = reason;
    for (const writer of this.#writers.values()) writer.close(reason);
  }

  #chunks(name: string): WriteChunk {
    const { signal, isVoid } = this.#options;
    return async (chunk) => {
      if (isVoid()) throw signal.reason;
      const writer = this.#writer(streamJournal(name));
      writer.add(JSON.stringify(chunk));
      // The last words of a run that is to stop wait for nothing.
      if (!signal.aborted || writer.closedBy !== undefined) await writer.room();
    };
  }

  #writer(journal: Journal): JournalWriter {
    const writer = this.#writers.get(journal) ?? this.#open(journal);
    this.#writers.set(journal, writer);
    return writer;
  }

  #open(journal: Journal): JournalWriter {
    const { lines, chunks, bytes } = this.#options.settings;
    const caps = { entries: journal === logJournal ? lines : chunks, bytes };
    let begun: number | undefined;
    const writer: JournalWriter = new JournalWriter({
      mostEntries: caps.entries,
      write: async (place, entries) => {
        begun = await this.#append({ journal, caps, begun, place, entries }, writer);
      },
    });
    if (this.#closed !== undefined) writer.close(this.#closed);
    return writer;
  }

  /** Appends a piece, again and again while the store refuses it; gives the index of the delivery's first entry. */
  async #append(piece: JournalPiece, writer: JournalWriter): Promise<number | undefined> {
    const { delivery, deliveries, logger, isVoid, onVoid } = this.#options;
    for (let waitMs = 100; writer.closedBy === undefined; waitMs = Math.min(2 * waitMs, 2_000)) {
      try {
        const appended = await deliveries.append(delivery, piece);
        if (appended === undefined) onVoid('STALE');
        if (appended?.status === 'CANCELING') onVoid('CANCELED');
        if (appended?.begun !== undefined) return appended.begun;
        const reason = appended === undefined ? this.#options.signal.reason : tooMany(piece);
        if (appended !== undefined) logger.warn({ err: reason }, 'a stream could not be written');
        writer.close(reason);
      } catch (error) {
        if (isBug(error) || isVoid() || !deliveries.isOpen) {
          logger.error({ err: error }, 'the log could not be written');
          writer.close(error);
        } else {
          logger.debug({ err: error }, 'the log could not be written, trying again');
          await delay(waitMs);
        }
      }
    }
    return undefined;
  }
}

function tooMany({ journal }: JournalPiece): Error {
  return tooManyStreams(journal.slice(1));
}

import { entryBytes } from '../tasks/journal.ts';
import type { FromThread } from './thread-messages.ts';

/** After so many bytes the main thread is asked whether there is room. */
const askBytes = 16_384;

/** Who waits for room does so while more than this is unanswered. */
const roomBytes = 65_536;

/** With more than this unanswered the thread stands still: a run that never waits is slowed down, too. */
const mostBytes = 1_048_576;

const pauseMs = 5;
const never = new Int32Array(new SharedArrayBuffer(4));

/** What a stream in a thread needs of its context. */
export interface ThreadStreamOptions {
  readonly name: string;
  readonly signal: AbortSignal;
  readonly post: (message: FromThread) => void;
  /** Hears at once what the main thread has said: a run that never yields hears nothing by events. */
  readonly listen: () => void;
}

/** A thread's end of a stream: hands each chunk to the main thread at once, and hears when there is room for more. */
export class ThreadStream {
  readonly #options: ThreadStreamOptions;
  /** Bytes behind each question that is unanswered, oldest first. */
  readonly #asked: number[] = [];
  #unanswered = 0;
  #sinceAsked = 0;
  #room: PromiseWithResolvers<void> | undefined;
  #refused: Error | undefined;

  constructor(options: ThreadStreamOptions) {
    this.#options = options;
  }

  async write(chunk: string): Promise<void> {
    const { name, signal, post, listen } = this.#options;
    if (this.#refused !== undefined) throw this.#refused;
    const bytes = chunk.length + entryBytes;
    this.#sinceAsked += bytes;
    this.#unanswered += bytes;
    const asks = this.#sinceAsked >= askBytes;
    if (asks) {
      this.#asked.push(this.#sinceAsked);
      this.#sinceAsked = 0;
    }
    post({ kind: 'chunk', stream: name, chunk, asks });
    while (this.#unanswered > mostBytes && this.#refused === undefined && !signal.aborted) {
      Atomics.wait(never, 0, 0, pauseMs);
      listen();
    }
    if (this.#unanswered <= roomBytes || signal.aborted) return;
    this.#room ??= Promise.withResolvers();
    await this.#room.promise;
  }

  /** The main thread has answered the oldest question. */
  hear(refused: Error | undefined): void {
    this.#unanswered -= this.#asked.shift() ?? 0;
    this.#refused ??= refused;
    if (refused !== undefined) return this.interrupt(refused);
    if (this.#unanswered > roomBytes) return;
    this.#room?.resolve();
    this.#room = undefined;
  }

  /** Ends all waits for room. */
  interrupt(reason: unknown): void {
    this.#room?.promise.catch(() => undefined);
    this.#room?.reject(reason);
    this.#room = undefined;
  }
}

import type { Logger } from '../logger.ts';
import type { Redis } from '../redis/connection.ts';
import { Gathered } from './gathered.ts';
import { Failures } from './mistakes.ts';

/** Events are told at most this often, in ms. */
const pauseMs = 500;

/** How many entries one read brings, and how many events are held for a slow reader, who then reads on by itself. */
const entriesPerRead = 500;

/** The reader waits this long for new entries before it asks again, in ms: in less time than a silent connection is ended. */
const turnMs = 1_000;

/** When a read that failed is made again, in ms. */
const retryMs = 250;

/** What has a place in a stream. */
interface Entry {
  readonly id: string;
}

type Entries = readonly (readonly [id: string, fields: readonly string[]])[];

interface Watcher<Event extends Entry> {
  readonly mailbox: Gathered<Event | typeof behind>;
  readonly isFor: (event: Event) => boolean;
}

/** Tells a watcher that there is more than it holds. */
const behind = { id: 'behind' } as const;

/** What the watches of a stream need. */
export interface StreamSource<Event extends Entry> {
  /** Opens a connection on which is waited. */
  readonly open: () => Redis;
  readonly key: string;
  readonly parse: (id: string, fields: readonly string[]) => Event;
  /** The first entries after one. @throws UnavailableError */
  readonly after: (id: string, count: number) => Promise<Entries>;
  readonly logger: Logger;
}

/** All who follow a stream in this process: one connection waits for its new entries, from the last one on, whatever happens to it. */
export class StreamWatches<Event extends Entry> {
  readonly #source: StreamSource<Event>;
  readonly #watchers: Set<Watcher<Event>> = new Set();
  readonly #failures: { readonly read: Failures; readonly wait: Failures };
  #reader: Redis | undefined;

  constructor(source: StreamSource<Event>) {
    this.#source = source;
    this.#failures = {
      read: new Failures(source.logger, 'a followed stream could not be read'),
      wait: new Failures(source.logger, 'a followed stream could not be waited for'),
    };
  }

  /** Yields what comes after an entry, oldest first, at most twice a second; ends when aborted. */
  async *watch(
    from: string,
    isFor: (event: Event) => boolean,
    options: { readonly signal?: AbortSignal } = {},
  ): AsyncGenerator<readonly Event[], void, undefined> {
    const { signal } = options;
    const mailbox = new Gathered<Event | typeof behind>(pauseMs, ({ id }) => id);
    const watcher = { mailbox, isFor };
    const abort = (): void => mailbox.close();
    this.#watchers.add(watcher);
    try {
      signal?.addEventListener('abort', abort, { once: true });
      if (signal?.aborted === true) return;
      let cursor = from;
      let [isBehind, isResting] = [false, false];
      // What came before the reader had begun is read.
      mailbox.set(behind);
      this.#reader ??= this.#read(from);
      for (;;) {
        const taken = await mailbox.take();
        if (taken === undefined) return;
        const retry = (): void => {
          isResting = false;
          mailbox.set(behind);
        };
        // What was held together with the sign that there is more will be read.
        isBehind ||= taken.some((one) => one === behind);
        if (isBehind && isResting) continue;
        const events: readonly Event[] | undefined = isBehind
          ? await this.#after(cursor, watcher, retry)
          : taken.flatMap((one) => (one === behind ? [] : [one as Event]));
        isResting = events === undefined;
        if (events === undefined) continue;
        isBehind &&= events.length === entriesPerRead;
        if (isBehind) mailbox.set(behind);
        const fresh = events.filter(({ id }) => isLater(id, cursor));
        cursor = fresh.at(-1)?.id ?? cursor;
        const meant = fresh.filter((event) => isFor(event));
        if (meant.length > 0) yield meant;
      }
    } finally {
      signal?.removeEventListener('abort', abort);
      mailbox.close();
      this.#watchers.delete(watcher);
      this.#failures.read.left(watcher);
      if (this.#watchers.size === 0) this.#stop();
    }
  }

  close(): void {
    for (const { mailbox } of this.#watchers) mailbox.close();
    this.#stop();
  }

  #stop(): void {
    this.#reader?.disconnect();
    this.#reader = undefined;
  }

  /** Undefined where the store can't answer: it is to be tried again then. */
  async #after(cursor: string, watcher: Watcher<Event>, retry: () => void): Promise<Event[] | undefined> {
    const { after, parse } = this.#source;
    const { read } = this.#failures;
    try {
      const events = (await after(cursor, entriesPerRead)).map(([id, fields]) => parse(id, fields));
      read.passed({}, watcher);
      return events;
    } catch (error) {
      setTimeout(retry, read.failed(error, pauseMs, {}, watcher)).unref();
      return undefined;
    }
  }

  #read(from: string): Redis {
    const reader = this.#source.open();
    // Its fate is told by the connection that writes.
    reader.on('error', () => undefined);
    void this.#readOn(reader, from);
    return reader;
  }

  /** Ends with the connection. Never rejects. */
  async #readOn(reader: Redis, from: string): Promise<void> {
    const { key, parse } = this.#source;
    let last = from;
    while (reader.status !== 'end') {
      try {
        const answer = await reader.xread('COUNT', entriesPerRead, 'BLOCK', turnMs, 'STREAMS', key, last);
        this.#failures.wait.passed();
        for (const [id, fields] of answer?.[0]?.[1] ?? []) {
          last = id;
          this.#tell(parse(id, fields));
        }
      } catch (error) {
        if (this.#reader !== reader) return;
        const { promise, resolve } = Promise.withResolvers<void>();
        setTimeout(resolve, this.#failures.wait.failed(error, retryMs)).unref();
        await promise;
      }
      if (this.#reader !== reader) return;
    }
  }

  #tell(event: Event): void {
    for (const { mailbox, isFor } of this.#watchers) {
      if (!isFor(event)) continue;
      if (mailbox.size >= entriesPerRead) mailbox.set(behind);
      else mailbox.set(event);
    }
  }
}

function isLater(id: string, than: string): boolean {
  const [[ms = 0, place = 0], [thanMs = 0, thanPlace = 0]] = [partsOf(id), partsOf(than)];
  return ms === thanMs ? place > thanPlace : ms > thanMs;
}

function partsOf(id: string): number[] {
  return id.split('-').map(Number);
}

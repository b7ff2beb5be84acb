import { UnavailableError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import type { Redis } from '../redis/connection.ts';
import type { Finding } from './doctor/finding.ts';
import { awayFinding } from './doctor/reach.ts';
import type { Feed } from './feed.ts';
import { Latest } from './latest.ts';
import { Looks } from './looks.ts';
import { Failures, isMistake } from './mistakes.ts';
import type { Store } from './store.ts';
import { Trigger } from './trigger.ts';

/** At most so often the store is examined because something happened, in ms. */
const pauseMs = 2_000;

/** So often it is examined anyway, as things age; and at most so often what only words of findings say anew is told. */
const agedMs = 10_000;

/** What needs attention at one moment; newer ones have higher versions. */
export interface FindingList {
  readonly version: number;
  readonly findings: readonly Finding[];
}

/** A look that failed by a bug of ours: it says nothing of the store. */
interface Failed {
  readonly error: unknown;
}

/** What a watch of findings needs. */
export interface FindingSource {
  /** The connection whose coming and going is a reason to look. */
  readonly redis: Redis;
  readonly feed: Feed;
  readonly logger: Logger;
  readonly queues: () => Promise<string[]>;
  /** The channel on which it is told that there are new queues. */
  readonly namesChannel: string;
  /** The channels on which changes of a queue, and of who serves it, are told. */
  readonly channels: (queue: string) => readonly string[];
  readonly examine: () => Promise<readonly Finding[]>;
  readonly store: Pick<Store, 'within'>;
}

/** The one examination of a process for all who watch what needs attention; none while nobody does. */
export class FindingWatch {
  readonly #source: FindingSource;
  readonly #looks: Looks<readonly Finding[]>;
  readonly #mailboxes: Set<Latest<FindingList | Failed>> = new Set();
  readonly #trigger: Trigger;
  /** What ends it, by channel. */
  readonly #listening: Map<string, () => void> = new Map();
  #latest: FindingList | undefined;
  #version = 0;
  #told = { at: -Infinity, identity: '', words: '' };
  #aging: NodeJS.Timeout | undefined;

  constructor(source: FindingSource) {
    this.#source = source;
    this.#trigger = new Trigger(source, this.#changed);
    this.#looks = new Looks({
      pauseMs,
      look: () => this.#look(),
      tell: ({ seen }) => {
        this.#tell(seen);
        clearTimeout(this.#aging);
        this.#aging = setTimeout(this.#changed, agedMs);
      },
      failures: new Failures(source.logger, 'what needs attention could not be examined'),
      fail: (error) => this.#fail(error),
    });
  }

  /**
   * Yields the findings as they are now, then again whenever they changed; ends when aborted.
   *
   * @throws what is a bug of ours, at the start
   */
  async *watch(
    options: { readonly signal?: AbortSignal } = {},
  ): AsyncGenerator<FindingList, void, undefined> {
    const { signal } = options;
    if (signal?.aborted === true) return;
    const mailbox = new Latest<FindingList | Failed>();
    const abort = (): void => mailbox.close();
    signal?.addEventListener('abort', abort, { once: true });
    try {
      this.#add(mailbox);
      for (;;) {
        const list = await mailbox.take();
        if (list === undefined) return;
        if ('error' in list) throw list.error;
        yield list;
      }
    } finally {
      signal?.removeEventListener('abort', abort);
      mailbox.close();
      this.#remove(mailbox);
    }
  }

  close(): void {
    for (const mailbox of this.#mailboxes) mailbox.close();
    this.#mailboxes.clear();
    this.#rest();
  }

  #add(mailbox: Latest<FindingList | Failed>): void {
    this.#mailboxes.add(mailbox);
    if (this.#latest !== undefined) mailbox.set(this.#latest);
    if (this.#mailboxes.size > 1) return;
    const { redis } = this.#source;
    redis.on('close', this.#changed);
    redis.on('ready', this.#changed);
    this.#looks.soon();
  }

  #remove(mailbox: Latest<FindingList | Failed>): void {
    if (this.#mailboxes.delete(mailbox) && this.#mailboxes.size === 0) this.#rest();
  }

  /** Nobody watches any more. */
  #rest(): void {
    const { redis } = this.#source;
    redis.off('close', this.#changed);
    redis.off('ready', this.#changed);
    this.#looks.stop();
    clearTimeout(this.#aging);
    for (const stop of this.#listening.values()) stop();
    this.#listening.clear();
    this.#latest = undefined;
  }

  readonly #changed = (): void => {
    if (this.#mailboxes.size > 0) this.#looks.soon();
  };

  async #look(): Promise<readonly Finding[]> {
    const { queues, channels, namesChannel, examine } = this.#source;
    // Listen first, read second.
    await this.#listen([namesChannel]);
    await this.#listen((await queues()).flatMap((queue) => channels(queue)));
    return await examine();
  }

  #fail(error: unknown): void {
    if (error instanceof UnavailableError && !isMistake(error)) this.#tell([awayFinding(error)]);
    // Whoever was told something keeps that.
    else if (this.#latest === undefined) for (const mailbox of this.#mailboxes) mailbox.set({ error });
  }

  async #listen(channels: readonly string[]): Promise<void> {
    // Nobody watches any more. Where others have come meanwhile, what is added is theirs, once.
    if (this.#mailboxes.size === 0) return;
    for (const channel of channels) {
      if (!this.#listening.has(channel)) this.#listening.set(channel, this.#trigger.hold([channel]));
    }
    try {
      await this.#trigger.arm();
    } catch {
      // What is late fires once it comes. A user may not use channels: what has aged is looked at anyway.
    }
  }

  /** Other findings at once; other words for the same ones, as of how long something waits, now and then. */
  #tell(findings: readonly Finding[]): void {
    const identity = JSON.stringify(
      findings.map(({ check, mark, queue, definition, todo }) => [check, mark, queue, definition, todo]),
    );
    const words = JSON.stringify(findings);
    const now = performance.now();
    const isSame =
      identity === this.#told.identity && (words === this.#told.words || now < this.#told.at + agedMs);
    if (isSame && this.#latest !== undefined) return;
    this.#told = { at: now, identity, words };
    this.#version += 1;
    this.#latest = { version: this.#version, findings };
    for (const mailbox of this.#mailboxes) mailbox.set(this.#latest);
  }
}

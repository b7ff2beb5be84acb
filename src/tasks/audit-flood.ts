import type { NewAuditEvent } from './audit.ts';

/** How many failures of one action by one actor, or of one address, are written by themselves within a second, and of how many of those. */
const eachSecond = 10;
const mostSources = 100;

/** What came of one source in this second. */
interface Source {
  count: number;
  last: NewAuditEvent;
}

/**
 * Keeps those who fail as fast as they can from pushing everything else out of an audit: the first failures of a second
 * are told each, all others of the same source as one, with their number, when the second is over.
 */
export class AuditFlood {
  readonly #write: (event: NewAuditEvent, count: number) => Promise<void>;
  readonly #sources: Map<string, Source> = new Map();
  #timer: NodeJS.Timeout | undefined;

  constructor(write: (event: NewAuditEvent, count: number) => Promise<void>) {
    this.#write = write;
  }

  /** Writes a failure, or counts it. */
  async pass(event: NewAuditEvent): Promise<void> {
    this.#timer ??= setTimeout(() => void this.#tell(), 1_000).unref();
    const known = `${event.action} ${event.actor ?? event.address ?? ''}`;
    // Those of very many addresses are one source.
    const key = this.#sources.size < mostSources || this.#sources.has(known) ? known : '';
    const source = this.#sources.get(key) ?? { count: 0, last: event };
    this.#sources.set(key, source);
    source.count += 1;
    source.last = event;
    if (source.count <= eachSecond) await this.#write(event, 1);
  }

  async close(): Promise<void> {
    await this.#tell();
  }

  async #tell(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const sources = [...this.#sources.values()];
    this.#sources.clear();
    const flooded = sources.filter(({ count }) => count > eachSecond);
    await Promise.all(flooded.map(({ count, last }) => this.#write(last, count - eachSecond)));
  }
}

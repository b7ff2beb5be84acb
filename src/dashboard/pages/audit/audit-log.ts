import type { Client, CombinedError } from 'urql';
import { type Resumable, uncached } from '../../client/client.ts';
import { isPassing } from '../../hooks/use-live.ts';
import { type AuditEvent, auditEvents, auditEventsAppended, newestEvent } from './documents.ts';
import type { VariablesOf } from '../../client/graphql.ts';

export type AuditFilter = NonNullable<VariablesOf<typeof auditEvents>['filter']>;

/** What is shown of an audit. */
export interface AuditState {
  /** Newest first. */
  readonly events: readonly AuditEvent[];
  /** There are older ones after this cursor, or may be. */
  readonly olderAfter: string | undefined;
  readonly isLoading: boolean;
  readonly error: CombinedError | undefined;
}

/** So many live events are kept beside those that were asked for by pages. */
const mostLive = 1000;

/** Before all events. */
const beginning = '0-0';

/** The events of a filter: older ones by pages, newer ones as they come. While it is open it misses none. */
export class AuditLog {
  readonly #client: Client;
  readonly #filter: AuditFilter;
  readonly #first: number;
  readonly #listeners = new Set<() => void>();
  #state: AuditState = { events: [], olderAfter: undefined, isLoading: true, error: undefined };
  /** The last event that came live, or where it began: after it the subscription goes on. */
  #newest = beginning;
  #paged = 0;

  constructor(client: Client, filter: AuditFilter, first: number) {
    this.#client = client;
    this.#filter = filter;
    this.#first = first;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  };

  readonly read = (): AuditState => this.#state;

  /** Begins to follow, until what it returns is called. */
  open(): () => void {
    const stop = new AbortController();
    void this.#begin(stop.signal, 0);
    return () => stop.abort();
  }

  /** Loads the next page of older events. */
  readonly older = async (): Promise<void> => {
    const { isLoading, olderAfter } = this.#state;
    if (!isLoading && olderAfter !== undefined) await this.#load(olderAfter);
  };

  async #begin(signal: AbortSignal, tries: number): Promise<void> {
    const { data, error } = await this.#client.query(newestEvent, {}, uncached).toPromise();
    if (signal.aborted) return;
    if (error !== undefined || data === undefined) {
      this.#show({ isLoading: false, error });
      return this.#again(error, signal, tries, () => void this.#begin(signal, tries + 1));
    }
    // Listen first, read second: an event between the two comes twice, never not at all.
    this.#newest = data.auditEvents.pageInfo.endCursor ?? beginning;
    this.#follow(signal, 0);
    await this.#loadFirst(signal, 0);
  }

  async #loadFirst(signal: AbortSignal, tries: number): Promise<void> {
    const error = await this.#load(null);
    if (!signal.aborted) this.#again(error, signal, tries, () => void this.#loadFirst(signal, tries + 1));
  }

  #follow(signal: AbortSignal, tries: number): void {
    const filter = this.#filter;
    const next = () => ({ filter, after: this.#newest });
    const context: Resumable = { ...uncached, resume: next };
    const subscribed = this.#client
      .subscription(auditEventsAppended, next(), context)
      .subscribe(({ data, error }) => {
        if (signal.aborted) return;
        if (data !== undefined) this.#append(data.auditEventsAppended);
        if (error === undefined) return;
        this.#show({ error });
        this.#again(error, signal, tries, () => this.#follow(signal, tries + 1));
      });
    signal.addEventListener('abort', () => subscribed.unsubscribe(), { once: true });
  }

  /** Loads the events after a cursor; gives the error, if there was one. */
  async #load(after: string | null): Promise<CombinedError | undefined> {
    this.#show({ isLoading: true });
    const variables = { filter: this.#filter, first: this.#first, after };
    const { data, error } = await this.#client.query(auditEvents, variables, uncached).toPromise();
    if (error !== undefined || data === undefined) {
      this.#show({ isLoading: false, error, olderAfter: after ?? undefined });
      return error;
    }
    const { nodes, pageInfo } = data.auditEvents;
    this.#paged += nodes.length;
    this.#show({
      events: merged(this.#state.events, nodes),
      olderAfter: pageInfo.hasNextPage ? (pageInfo.endCursor ?? undefined) : undefined,
      isLoading: false,
      error: undefined,
    });
    return undefined;
  }

  #append(news: readonly AuditEvent[]): void {
    const last = news.at(-1);
    if (last === undefined) return;
    this.#newest = last.id;
    const events = merged(this.#state.events, news);
    const kept = events.slice(0, this.#paged + mostLive);
    // Those that are let go come again as older ones.
    const olderAfter = kept.length < events.length ? kept.at(-1)?.id : this.#state.olderAfter;
    this.#show({ events: kept, olderAfter, error: undefined });
  }

  #again(error: CombinedError | undefined, signal: AbortSignal, tries: number, retry: () => void): void {
    if (error === undefined || !isPassing(error)) return;
    const timer = setTimeout(retry, Math.min(10_000, 500 * 2 ** tries));
    signal.addEventListener('abort', () => clearTimeout(timer), { once: true });
  }

  #show(news: Partial<AuditState>): void {
    this.#state = { ...this.#state, ...news };
    for (const listener of this.#listeners) listener();
  }
}

/** Each event once, newest first. */
function merged(known: readonly AuditEvent[], others: readonly AuditEvent[]): AuditEvent[] {
  const byId = new Map([...known, ...others].map((event) => [event.id, event]));
  return [...byId.values()].toSorted((one, other) => placeOrder(other.id, one.id));
}

/** Ids tell the time in ms, and the place in it. */
function placeOrder(one: string, other: string): number {
  const [ms = 0, place = 0] = one.split('-').map(Number);
  const [otherMs = 0, otherPlace = 0] = other.split('-').map(Number);
  return ms - otherMs || place - otherPlace;
}

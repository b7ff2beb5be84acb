import { invalidArgument } from '../errors.ts';
import type { Logger } from '../logger.ts';
import { answerMs, answerWithin } from '../redis/answer.ts';
import type { Redis } from '../redis/connection.ts';
import { auditKey } from '../redis/keys.ts';
import { AuditFlood } from './audit-flood.ts';
import { StreamWatches } from './stream-watches.ts';

/** What an action was for. */
export const auditTargets = ['TASK', 'BATCH', 'QUEUE', 'WORKER', 'DEFINITION', 'SCHEDULE', 'TOKEN'] as const;
export type AuditTargetKind = (typeof auditTargets)[number];

/** The action of those who could not sign in. */
export const authenticationFailed = 'AUTHENTICATION_FAILED';

/** Outcomes that aren't the code of an error. */
export const auditOutcomes = { done: 'OK', notAccepted: 'NOT_ACCEPTED', dryRun: 'DRY_RUN' } as const;

/** Who did what to which. */
export interface NewAuditEvent {
  /** The owner by whose right it was done; undefined where nobody had signed in. */
  readonly actor?: string | undefined;
  /** By what the actor had signed in, safe to show. */
  readonly credential?: string | undefined;
  /** The field of Mutation, or of what was refused; else `authenticationFailed`. */
  readonly action: string;
  readonly target?: { readonly kind: AuditTargetKind; readonly id: string | undefined } | undefined;
  /** One of `auditOutcomes`, or the code of the error that it came to. */
  readonly outcome: string;
  readonly reason?: string | undefined;
  readonly address?: string | undefined;
}

/** The same as it was kept. */
export interface AuditEvent extends NewAuditEvent {
  readonly id: string;
  /** By the time of Redis (ms since 1970). */
  readonly at: number;
  /** How many it stands for: more than one where as many failed in one second that not each was written. */
  readonly count: number;
}

export interface AuditOptions {
  /** How many events are kept at least, unless they are older than that. @default 100000 */
  readonly entries?: number;
  /** How long they are kept at most, in ms. @default 7776000000 (90 days) */
  readonly retentionMs?: number;
  /** Whether enqueues are written down as well. @default false */
  readonly enqueues?: boolean;
}

/** Which events: all fields that are given must match; a list matches by any of its members. */
export interface AuditFilter {
  readonly actors?: readonly string[] | undefined;
  readonly actions?: readonly string[] | undefined;
  readonly targets?: readonly string[] | undefined;
  readonly outcomes?: readonly string[] | undefined;
  /** At this time or later (ms). */
  readonly from?: number | undefined;
  /** Before this time (ms). */
  readonly to?: number | undefined;
}

export interface AuditPage {
  readonly events: readonly AuditEvent[];
  readonly hasMore: boolean;
  /** Where the look ended, which is bounded: it may be beyond the last event. */
  readonly endCursor: string | undefined;
}

/** How many events one look at a page reads, and how many looks it may take. */
const eventsPerLook = 500;
const mostLooks = 20;

/** Events are taken away by age this often, in ms; readers pass them over before that. */
const trimMs = 60_000;

/** What was done through an API: a stream in Redis, which all API processes write, and the log. */
export class AuditLog {
  readonly enqueues: boolean;
  readonly #redis: Redis;
  readonly #key: string;
  readonly #logger: Logger;
  readonly #entries: number;
  readonly #retentionMs: number;
  readonly #flood: AuditFlood;
  readonly #watches: StreamWatches<AuditEvent>;
  #trimmedAt = -Infinity;

  constructor(redis: Redis, prefix: string, logger: Logger, options: AuditOptions = {}) {
    const { entries = 100_000, retentionMs = 90 * 86_400_000, enqueues = false } = options;
    this.enqueues = enqueues;
    this.#redis = redis;
    this.#key = auditKey(prefix);
    this.#logger = logger;
    this.#entries = entries;
    this.#retentionMs = retentionMs;
    this.#flood = new AuditFlood((event, count) => this.#write({ ...event, count }));
    this.#watches = new StreamWatches({
      open: () => redis.duplicate() as Redis, // as `connect` has it
      key: this.#key,
      parse: (id, [, json = '{}']) => parse(id, json),
      after: (id, count) => this.#within(() => redis.xrange(this.#key, `(${id}`, '+', 'COUNT', count)),
      logger,
    });
  }

  /**
   * Writes an event down. It never fails: one that can't be kept goes to the log as a whole. What fails too often is
   * written as one for all of a second.
   */
  async record(event: NewAuditEvent): Promise<void> {
    const { done, notAccepted, dryRun } = auditOutcomes;
    const outcomes: readonly string[] = [done, notAccepted, dryRun];
    if (outcomes.includes(event.outcome)) await this.#write({ ...event, count: 1 });
    else await this.#flood.pass(event);
  }

  /** Newest first. @throws BadUserInputError where the cursor isn't one of ours; UnavailableError */
  async page(filter: AuditFilter, limit: number, after: string | undefined): Promise<AuditPage> {
    if (after !== undefined) checkCursor(after);
    const from = Math.max(filter.from ?? 0, Date.now() - this.#retentionMs);
    const events: AuditEvent[] = [];
    let end = after === undefined ? upTo(filter.to) : `(${after}`;
    let endCursor = after;
    for (let look = 0; look < mostLooks; look += 1) {
      const entries = await this.#within(() =>
        this.#redis.xrevrange(this.#key, end, String(Math.floor(from)), 'COUNT', eventsPerLook),
      );
      for (const [id, [, json = '{}']] of entries) {
        if (events.length === limit) return { events, hasMore: true, endCursor };
        const event = parse(id, json);
        if (matches(event, filter)) events.push(event);
        endCursor = id;
      }
      if (entries.length < eventsPerLook) return { events, hasMore: false, endCursor };
      end = `(${endCursor}`;
    }
    return { events, hasMore: true, endCursor };
  }

  /** The cursor after which new events come: the one that is given, or that of the newest. @throws BadUserInputError; UnavailableError */
  async cursor(after: string | undefined): Promise<string> {
    if (after !== undefined) {
      checkCursor(after);
      return after;
    }
    const [newest] = await this.#within(() => this.#redis.xrevrange(this.#key, '+', '-', 'COUNT', 1));
    return newest?.[0] ?? '0-0';
  }

  /**
   * Yields the events that come after a cursor, oldest first and at most twice a second; ends when aborted. None is left
   * out that is still kept, whatever happens to the connection.
   */
  watch(
    filter: AuditFilter,
    cursor: string,
    options: { readonly signal?: AbortSignal } = {},
  ): AsyncGenerator<readonly AuditEvent[], void, undefined> {
    const from = Math.max(filter.from ?? 0, Date.now() - this.#retentionMs);
    const { to = Infinity } = filter;
    const isFor = (event: AuditEvent): boolean => event.at >= from && event.at < to && matches(event, filter);
    return this.#watches.watch(cursor, isFor, options);
  }

  /** Writes what is still to be told of floods; ends whoever watches. */
  async close(): Promise<void> {
    this.#watches.close();
    await this.#flood.close();
  }

  async #write(event: NewAuditEvent & { readonly count: number }): Promise<void> {
    const kept = cutLong(event);
    const line = event.outcome === auditOutcomes.done ? 'info' : 'warn';
    this.#logger[line]({ audit: kept }, 'audit');
    try {
      await this.#within(() =>
        this.#redis.xadd(this.#key, 'MAXLEN', '~', String(this.#entries), '*', 'event', JSON.stringify(kept)),
      );
      if (performance.now() - this.#trimmedAt < trimMs) return;
      this.#trimmedAt = performance.now();
      const oldest = Math.floor(Date.now() - this.#retentionMs);
      await this.#within(() => this.#redis.xtrim(this.#key, 'MINID', '~', String(oldest)));
    } catch (error) {
      this.#logger.warn(
        { err: error, audit: kept },
        'an audit event could not be kept, and is told here alone',
      );
    }
  }

  #within<T>(call: () => Promise<T>): Promise<T> {
    return answerWithin(this.#redis, answerMs, call);
  }
}

/** @throws BadUserInputError */
function checkCursor(after: string): void {
  if (/^\d{1,15}-\d{1,15}$/.test(after)) return;
  throw invalidArgument('after', 'Expected a cursor of an earlier page.');
}

function upTo(to: number | undefined): string {
  return to === undefined ? '+' : String(Math.max(0, Math.ceil(to) - 1));
}

/** An id, of which nothing says how long it is, may be whatever a client has sent. */
const mostCharacters = 500;

function cutLong<Event extends NewAuditEvent>(event: Event): Event {
  const cut = (text: string | undefined): string | undefined =>
    text === undefined || text.length <= mostCharacters ? text : `${text.slice(0, mostCharacters)}…`;
  const { actor, target, reason, address } = event;
  return {
    ...event,
    actor: cut(actor),
    reason: cut(reason),
    address: cut(address),
    ...(target === undefined ? {} : { target: { kind: target.kind, id: cut(target.id) } }),
  };
}

function parse(id: string, json: string): AuditEvent {
  // Written by `#write`.
  const event = JSON.parse(json) as NewAuditEvent & { readonly count: number };
  return { ...event, id, at: Number(id.split('-')[0]) };
}

function matches(event: AuditEvent, { actors, actions, targets, outcomes }: AuditFilter): boolean {
  const isOf = (list: readonly string[] | undefined, value: string | undefined): boolean =>
    list === undefined || (value !== undefined && list.includes(value));
  return (
    isOf(actors, event.actor) &&
    isOf(actions, event.action) &&
    isOf(targets, event.target?.id) &&
    isOf(outcomes, event.outcome)
  );
}

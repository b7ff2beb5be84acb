import type { ApiTokens } from '../auth/api-tokens.ts';
import type { Session } from '../auth/session.ts';
import type { Viewer } from '../auth/viewer.ts';
import type { WatchTokens } from '../auth/watch-tokens.ts';
import type { AuditLog } from '../tasks/audit.ts';
import type { OwnerLimits } from '../tasks/owner-limits.ts';
import type { MaskError } from './errors.ts';
import type { VisibleTasks } from './visible-tasks.ts';

/** What every resolver gets, whichever transport the operation came over. */
export interface Context {
  /** All that the viewer may see and change, and nothing else. */
  readonly tasks: VisibleTasks;
  readonly viewer: Viewer;
  /** How the viewer has signed in. */
  readonly session: Session;
  readonly watchTokens: WatchTokens;
  /** Undefined where nobody signs in by them. */
  readonly apiTokens: ApiTokens | undefined;
  /** How much the viewer may enqueue; undefined where there are no bounds. */
  readonly limits: OwnerLimits | undefined;
  /** Where it is written down what was done. */
  readonly audit: AuditLog | undefined;
  /** Where the request came from, as far as proxies are trusted. */
  readonly address: string | undefined;
  /** W3C `traceparent` of the request, if it sent a valid one; where there are traces, of the operation's span. */
  trace: string | undefined;
  /** The header `Idempotency-Key` of an HTTP request. */
  readonly idempotencyKey: string | undefined;
  /** The variables as the client sent them, before GraphQL coerced them. */
  readonly variables: Readonly<Record<string, unknown>>;
  /** True of a GET, by which nothing may be enqueued. */
  readonly onlyReads: boolean;
  /**
   * Aborts when the operation's time is over, the HTTP client has gone, or its socket has closed; until it is answered or,
   * of a subscription, its stream has begun.
   */
  readonly signal: AbortSignal | undefined;
  readonly time: OperationTime;
  /** Aborts when the API is about to stop: what waits is answered as things are. */
  readonly closing: AbortSignal;
  /** Makes what a client may see of an error: for those that are told as data. */
  readonly maskError: MaskError;
}

/** The time that an operation may take. */
export interface OperationTime {
  /** Aborts when it is over. */
  readonly expired: AbortSignal;
  /** Gives it so much longer from now on, as its client asked it to wait. */
  extend(ms: number): void;
  /** What the operation comes to, or an error once its time is over; what comes later goes to `undo`. */
  bound<Value>(work: Promise<Value>, undo?: (late: Value) => void): Promise<Value>;
}

const traceparent = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

/** The header's value where it is a W3C `traceparent`; anything else isn't worth an error. */
export function parseTrace(header: string | null | undefined): string | undefined {
  return header !== null && header !== undefined && traceparent.test(header) ? header : undefined;
}

/** The key in a header `Idempotency-Key`, which a client may have put into quotes, as the draft of its standard has it. */
export function parseKey(header: string | null): string | undefined {
  const quoted = /^"((?:[^"\\]|\\["\\])*)"$/.exec(header ?? '')?.[1];
  return quoted?.replaceAll(/\\(.)/g, '$1') ?? header ?? undefined;
}

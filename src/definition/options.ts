import type { GraphQLScalarType } from 'graphql';
import type { Callback } from './callback.ts';
import type { Duration } from './duration.ts';
import type { RetryOptions, RetryPolicy } from './retry.ts';
import type { MissedPolicy, OverlapPolicy, ScheduleSettings } from './schedule.ts';
import type { Validate } from './validate.ts';

/** What a definition may say beside its name, input, output and `run`. Each has a default. */
export interface SettingOptions<Input> {
  /** What the task does, for whoever reads the schema. */
  readonly description?: string;
  /**
   * The line it waits in, `^[a-z][A-Za-z0-9-]{0,47}$`. That of `inline` the API processes run themselves, without a
   * worker. @default 'default'
   */
  readonly queue?: string;
  /** Finer rules for the input than its types can say. */
  readonly validate?: Validate<Input>;
  /** The `GraphQLScalarType` of each scalar of your own that the input or output uses, by name. */
  readonly scalars?: Readonly<Record<string, GraphQLScalarType>>;
  readonly retry?: RetryOptions;
  /** The longest that one attempt may run. @default none */
  readonly timeout?: Duration;
  /** How long a `run` that was told to stop may take to do so. @default '10s' */
  readonly grace?: Duration;
  /** The longest from enqueue to the end, all attempts and waits included. @default none */
  readonly deadline?: Duration;
  /** The longest that it may wait for its first start; then it is EXPIRED. @default none */
  readonly expiresIn?: Duration;
  /** How many of them one worker runs at a time. @default as many as the worker has slots */
  readonly concurrency?: number;
  /** How many workers may be lost with it before it fails with WORKER_LOST. @default 3 */
  readonly maxDeliveries?: number;
  /** Runs each attempt in a thread of its own: for work that keeps the CPU busy. @default false */
  readonly thread?: boolean;
  /** How long the task is kept after its end. @default { success: '7d', failure: '30d' } */
  readonly retention?: Duration | { readonly success?: Duration; readonly failure?: Duration };
  /** The largest output, as JSON. @default 262144 */
  readonly maxOutputBytes?: number;
  /** How much is kept of a task's log and of its streams, and how long. */
  readonly logs?: LogOptions;
  /** How much of it may run across all workers: one limit for all of it, one for each key, or both. */
  readonly limit?: LimitOptions<Input> | readonly LimitOptions<Input>[];
  /** Of several that come shortly after each other, only the last one runs. */
  readonly debounce?: DebounceOptions<Input>;
  /** While one waits for its first start, another of the same key is that one. `true`: one key for all of an owner. */
  readonly singleton?: boolean | { readonly key: Callback<Input, string> };
  /** When it enqueues itself. */
  readonly schedule?: ScheduleOptions | readonly ScheduleOptions[];
  /**
   * Says whether a viewer may do something with a task of its owner's; what throws, and what isn't `true`, is no. Asked of
   * clients of the API that aren't `admin`, often: it has to be quick, and to say the same whenever it is asked the same.
   * Asked of `ENQUEUE` without an input it says whether to offer the definition at all: `false` hides it, throwing doesn't.
   * @default who has the scope may
   */
  readonly authorize?: Callback<AuthorizeRequest<Input>, boolean>;
}

/** How much is kept of what a task logs and streams. Beyond it the oldest goes, and readers are told how much they missed. */
export interface LogOptions {
  /** Lines of its log. @default 1000 */
  readonly lines?: number;
  /** Chunks of each of its streams. @default 50000 */
  readonly chunks?: number;
  /** Bytes of its log, and of each of its streams: as JSON, and 16 for each line or chunk. @default 1048576 */
  readonly bytes?: number;
  /** How long after its end; never longer than the task itself. @default '7d' */
  readonly retention?: Duration;
}

/** How much of it may run across all workers. */
export interface LimitOptions<Input> {
  /** How many may run side by side. */
  readonly concurrency?: number;
  /**
   * How many may start: a bucket that holds `burst` starts and is refilled evenly, `count` in each `per`. A `burst`
   * of 1 spaces them evenly. @default burst: count
   */
  readonly rate?: { readonly count: number; readonly per: Duration; readonly burst?: number };
  /** Limits each key (a tenant, say) by itself; keys take turns. Up to 256 characters. */
  readonly key?: Callback<Input, string>;
  /** What happens to a new task at the limit. @default 'WAIT' */
  readonly whenFull?: 'WAIT' | 'REJECT' | 'CANCEL_OLDEST';
}

/** Of several inputs of an owner with the same key within `wait` of each other, the last one runs. */
export interface DebounceOptions<Input> {
  readonly key: Callback<Input, string>;
  /** How long after the last one it starts. */
  readonly wait: Duration;
  /** The longest that the first one waits, however many follow. @default none */
  readonly maxWait?: Duration;
}

/** When the task enqueues itself: by cron, every so often, or once at a time. */
export type ScheduleOptions = ScheduleBase &
  (
    | {
        /** Five fields, or six with seconds in front. */
        readonly cron: string;
        /** IANA name. @default 'UTC' */
        readonly timeZone?: string;
      }
    /** At least a second; counted from when the store first hears of it. */
    | { readonly every: Duration }
    /** Text with its zone, such as `2026-03-01T09:30:00Z`. */
    | { readonly at: Date | string }
  );

interface ScheduleBase {
  /** Tells a definition's schedules apart, `^[a-z][A-Za-z0-9-]{0,47}$`. @default 'default' */
  readonly name?: string;
  /** The input of each task, as JSON. @default {} */
  readonly input?: Readonly<Record<string, unknown>>;
  /** What to do with times that passed while nothing ran. @default 'SKIP' */
  readonly missed?: MissedPolicy;
  /** What to do while a task of an earlier time hasn't ended. @default 'ALLOW' */
  readonly overlap?: OverlapPolicy;
}

/** What a viewer may do with a task: `UPDATE` gives it another time or priority, `ENQUEUE` is also a replay and a schedule. */
export const taskActions = ['ENQUEUE', 'READ', 'CANCEL', 'RETRY', 'UPDATE'] as const;
export type TaskAction = (typeof taskActions)[number];

/** Who asks for what. */
export interface AuthorizeRequest<Input> {
  readonly viewer: {
    readonly owner: string;
    readonly scopes: readonly string[];
    /** What the sign-in says of the viewer beside, such as the claims of a JWT. */
    readonly claims: Readonly<Record<string, unknown>>;
  };
  readonly action: TaskAction;
  /** As `run` gets it: of `ENQUEUE` only; absent where the question is whether to offer the definition. */
  readonly input?: Input;
  /** Absent of `ENQUEUE`. */
  readonly task?: {
    readonly id: string;
    readonly name: string;
    readonly owner: string;
    readonly tags: readonly string[];
  };
}

/** The settings of a definition with all defaults filled in and durations in milliseconds. */
export interface Settings<Input> {
  readonly description: string | undefined;
  readonly queue: string;
  readonly validate: Validate<Input> | undefined;
  readonly scalars: Readonly<Record<string, GraphQLScalarType>>;
  readonly retry: RetryPolicy;
  readonly timeoutMs: number | undefined;
  readonly graceMs: number;
  readonly deadlineMs: number | undefined;
  readonly expiresInMs: number | undefined;
  readonly concurrency: number | undefined;
  readonly maxDeliveries: number;
  readonly thread: boolean;
  readonly retention: { readonly successMs: number; readonly failureMs: number };
  readonly maxOutputBytes: number;
  readonly logs: {
    readonly lines: number;
    readonly chunks: number;
    readonly bytes: number;
    readonly retentionMs: number;
  };
  /** At most one without a key and one with. */
  readonly limits: readonly Limit<Input>[];
  readonly debounce: Debounce<Input> | undefined;
  readonly singleton: { readonly key: Callback<Input, string> } | undefined;
  readonly schedules: readonly ScheduleSettings[];
  readonly authorize: Callback<AuthorizeRequest<Input>, boolean> | undefined;
}

/** `LimitOptions`, normalized. */
export interface Limit<Input> {
  readonly concurrency: number | undefined;
  readonly rate: { readonly count: number; readonly perMs: number; readonly burst: number } | undefined;
  readonly key: Callback<Input, string> | undefined;
  readonly whenFull: 'WAIT' | 'REJECT' | 'CANCEL_OLDEST';
}

/** `DebounceOptions`, normalized. */
export interface Debounce<Input> {
  readonly key: Callback<Input, string>;
  readonly waitMs: number;
  readonly maxWaitMs: number | undefined;
}

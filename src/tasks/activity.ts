import type { Redis, Script } from '../redis/connection.ts';
import { queueRoot } from '../redis/keys.ts';
import { type DurationSummary, type Histogram, mergeHistograms, summarize, countOf } from './histogram.ts';
import { chunks } from './replies.ts';
import { activityFields } from './scripts/activity-counts.ts';
import { activity, minutesPerLook } from './scripts/activity.ts';
import { minuteMs, minutesKept } from './scripts/bounds.ts';
import { finalStatuses } from './scripts/inspect.ts';
import type { TaskStatus } from './task.ts';

/** What happened to tasks of one definition, or of several, within some time. */
export interface Activity {
  /** Tasks that came. */
  readonly enqueued: number;
  /** Attempts that began. */
  readonly started: number;
  /** Tasks that became final, by how they ended. */
  readonly finished: Readonly<Partial<Record<TaskStatus, number>>>;
  /** Attempts that failed, ran out of time or went down with their worker. */
  readonly attemptsFailed: number;
  /** How long tasks waited for each of their starts. */
  readonly wait: Histogram;
  /** How long attempts ran: those that told their end, and those whose time was up. */
  readonly run: Histogram;
}

/** What happened in a queue in one minute. */
export interface QueueMinute {
  /** When it began: ms since 1970, by the store's clock. */
  readonly at: number;
  /** By definition; only those of which something happened. */
  readonly definitions: ReadonlyMap<string, Activity>;
}

/** One minute as clients see it. */
export interface ActivityMinute extends Omit<Activity, 'wait' | 'run'> {
  /** When it began: ms since 1970, by the store's clock. */
  readonly at: number;
  readonly wait: DurationSummary;
  readonly run: DurationSummary;
}

/** Runs a script on a queue. */
export type RunOnQueue = (script: Script, args: readonly (string | number)[]) => Promise<unknown>;

/**
 * What happened in a queue in each of its last minutes, by definition: the oldest first, the current one last, none left
 * out. At most 60 are known.
 */
export async function readActivity(
  redis: Redis,
  prefix: string,
  queue: string,
  minutes: number = minutesKept,
): Promise<QueueMinute[]> {
  const root = queueRoot(prefix, queue);
  return await readMinutes((script, args) => redis.run(script, root, args), minutes);
}

/** The same by whatever runs scripts; only from a minute on where `since` (ms) says one. */
export async function readMinutes(run: RunOnQueue, minutes: number, since = 0): Promise<QueueMinute[]> {
  // Who has the older ones wants this minute, and the one before, as that has ended.
  const [newest, first] = await look(run, '', Math.min(minutes, since > 0 ? 2 : minutesPerLook));
  const last = newest / minuteMs;
  const oldest = Math.max(last - minutes + 1, Math.floor(since / minuteMs));
  const rest: Promise<readonly [number, QueueMinute[]]>[] = [];
  for (let at = last - first.length; at >= oldest; at -= minutesPerLook)
    rest.push(look(run, at, Math.min(minutesPerLook, at - oldest + 1)));
  const pieces = [first, ...(await Promise.all(rest)).map(([, piece]) => piece)];
  return pieces
    .flat()
    .filter(({ at }) => at >= oldest * minuteMs)
    .toReversed();
}

/** What several definitions did, in several queues, as one. */
export function mergeActivity(parts: readonly Activity[]): Activity {
  const sum = (of: (part: Activity) => number): number => parts.reduce((total, part) => total + of(part), 0);
  return {
    enqueued: sum(({ enqueued }) => enqueued),
    started: sum(({ started }) => started),
    finished: Object.fromEntries(
      finalStatuses.map((status) => [status, sum(({ finished }) => finished[status] ?? 0)]),
    ),
    attemptsFailed: sum(({ attemptsFailed }) => attemptsFailed),
    wait: mergeHistograms(parts.map(({ wait }) => wait)),
    run: mergeHistograms(parts.map(({ run }) => run)),
  };
}

/**
 * The last minutes of some queues as clients see them, the oldest first: as many as are asked for, those in which nothing
 * happened with zeros. The newest that any of the queues tells is the last one.
 */
export function mergeMinutes(
  queues: readonly (readonly QueueMinute[])[],
  minutes: number,
  definitions?: ReadonlySet<string>,
): ActivityMinute[] {
  const byTime = Map.groupBy(queues.flat(), ({ at }) => at);
  // Where there is no queue that tells the store's time, this process' is as good.
  const newest = byTime.size > 0 ? Math.max(...byTime.keys()) : Math.floor(Date.now() / minuteMs) * minuteMs;
  return Array.from({ length: minutes }, (_, index) => {
    const at = newest - (minutes - 1 - index) * minuteMs;
    const parts = (byTime.get(at) ?? []).flatMap((minute) =>
      [...minute.definitions].flatMap(([name, part]) => (definitions?.has(name) === false ? [] : [part])),
    );
    const { wait, run, ...counts } = mergeActivity(parts);
    return { at, ...counts, wait: summarize(wait), run: summarize(run) };
  });
}

/** Whether nothing happened in a minute. */
export function isEmpty({ enqueued, started, finished, attemptsFailed, run }: ActivityMinute): boolean {
  return (
    enqueued + started + attemptsFailed + run.count === 0 && Object.values(finished).every((n) => n === 0)
  );
}

/** The newest minute (ms), and so many from that on backwards, the newest first. */
async function look(
  run: RunOnQueue,
  newest: number | '',
  count: number,
): Promise<readonly [number, QueueMinute[]]> {
  // The shape that the script's contract names.
  const [, last, minutes] = (await run(activity, [newest, count])) as ActivityReply;
  return [
    last * minuteMs,
    minutes.map((fields, back) => ({ at: (last - back) * minuteMs, definitions: parseMinute(fields) })),
  ];
}

type ActivityReply = readonly [now: string, newest: number, minutes: readonly (readonly string[])[]];

function parseMinute(fields: readonly string[]): Map<string, Activity> {
  const values = chunks(fields, 2).map(([field = '', value]) => {
    const at = field.lastIndexOf(':');
    return { name: field.slice(0, at), field: field.slice(at + 1), value: Number(value) };
  });
  const byName = Map.groupBy(values, ({ name }) => name);
  return new Map(
    [...byName].map(([name, own]) => [
      name,
      parseActivity(new Map(own.map(({ field, value }) => [field, value]))),
    ]),
  );
}

function parseActivity(values: ReadonlyMap<string, number>): Activity {
  const wait = parseHistogram(values, activityFields.wait);
  const successes = parseHistogram(values, activityFields.success);
  return {
    enqueued: values.get(activityFields.enqueued) ?? 0,
    // Each start is timed.
    started: countOf(wait),
    finished: {
      ...Object.fromEntries(finalStatuses.map((status) => [status, values.get(status) ?? 0])),
      SUCCEEDED: countOf(successes),
    },
    attemptsFailed: values.get(activityFields.attemptsFailed) ?? 0,
    wait,
    run: mergeHistograms([successes, parseHistogram(values, activityFields.run)]),
  };
}

/** Of fields that another version may have written as well: what it doesn't know it leaves alone. */
function parseHistogram(values: ReadonlyMap<string, number>, kind: string): Histogram {
  return new Map(
    [...values].flatMap(([field, count]) => {
      const piece = field.startsWith(kind) ? field.slice(kind.length) : '';
      return /^\d+$/.test(piece) ? [[Number(piece), count] as const] : [];
    }),
  );
}

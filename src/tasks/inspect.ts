import type { Redis } from '../redis/connection.ts';
import { dueChannel, queueRoot } from '../redis/keys.ts';
import { type QueueMinute, readActivity } from './activity.ts';
import { failingMinutes } from './doctor/thresholds.ts';
import { laneSizes } from './lane.ts';
import { chunks } from './replies.ts';
import { parseRules, type Rules } from './rules.ts';
import { finalStatuses, inspect } from './scripts/inspect.ts';
import { taskStatuses, type TaskStatus } from './task.ts';

/** What a queue holds at one moment, by what rules, and who works on it. Times are the store's, in ms. */
export interface QueueLook {
  readonly queue: string;
  readonly now: number;
  /** Tasks by status; of those that are final, those that are still kept. */
  readonly tasks: Readonly<Record<TaskStatus, number>>;
  /** Lines in which something is claimable by their keys, by the order of their first task: at most 200 of `lineCount`. */
  readonly lines: readonly LineState[];
  readonly lineCount: number;
  /** Those with the freshest leases: at most 200 of `workerCount`. */
  readonly workers: readonly WorkerState[];
  readonly workerCount: number;
  /** When the lease ends, or ended, that ends before all others. */
  readonly firstLeaseEnd: number | undefined;
  /** When time has, or had, something to do to a task. */
  readonly firstDue: number | undefined;
  /** When the first record outlives its retention, or did. */
  readonly firstRemoval: number | undefined;
  /** Tasks that came, and that became final, in the last minute. */
  readonly enqueued: number;
  readonly finished: Readonly<Partial<Record<TaskStatus, number>>>;
  /** Definitions of which something waits or runs: at most 200. */
  readonly definitions: readonly DefinitionState[];
  readonly rules: Rules;
  /** Limits at which something waits. */
  readonly blocked: readonly BlockedState[];
}

/** What a queue holds, with who looks after it and what its lane holds. */
export interface QueueState extends QueueLook {
  /** Processes whose clock looks after the queue; undefined where Redis doesn't say. */
  readonly clocks: number | undefined;
  /** What happened in its last ten minutes. */
  readonly recent: readonly QueueMinute[];
  /** Hints that wait for a slot, and those that a slot has taken. */
  readonly lane: { readonly waiting: number; readonly active: number };
}

/** Tasks of one definition in one version that wait. */
export interface LineState {
  readonly name: string;
  readonly version: string;
  /** They may have killed a worker: only so many of them run side by side. */
  readonly isSuspect: boolean;
  /** They have the key of a limit. `count` is then of keys that may start one, at most 50 of them. */
  readonly isKeyed: boolean;
  readonly count: number;
  readonly firstId: string | undefined;
  /** How long the first one has waited; undefined where it has no record. */
  readonly waitingMs: number | undefined;
}

/** Tasks of one definition, in all versions, that wait or run. */
export interface DefinitionState {
  readonly name: string;
  readonly queued: number;
  /** Those that wait for their children aside. */
  readonly running: number;
  /** The one that waits longest, and for how long. */
  readonly oldestId: string | undefined;
  readonly waitingMs: number | undefined;
}

/** How many limits of a kind hold something up. */
export interface BlockedState {
  /** '' for the queue. */
  readonly name: string;
  readonly isKeyed: boolean;
  /** Keys; at most 1,000 in all. */
  readonly count: number;
  /** When a rate allows the next one; undefined where something has to end first. */
  readonly at: number | undefined;
}

/** A worker's part in one queue, as it said itself when it last renewed its lease. */
export interface WorkerState {
  readonly id: string;
  readonly leaseEnd: number;
  readonly running: number;
  readonly suspects: number;
  readonly slots: number;
  /** What it serves: `name:version`. */
  readonly lines: readonly string[];
  /** Of which definitions it runs only so many side by side, and how many of them it runs. */
  readonly bounds: ReadonlyMap<string, { readonly most: number; readonly running: number }>;
  readonly host: string;
  readonly pid: number;
  readonly version: string;
  /** Its clock against the store's, in ms. */
  readonly skewMs: number;
}

/** Looks at a queue without changing anything, in bounded work. */
export async function inspectQueue(redis: Redis, prefix: string, queue: string): Promise<QueueState> {
  const root = queueRoot(prefix, queue);
  const look = parseLook(queue, await redis.run(inspect, root, []));
  return {
    ...look,
    clocks: await listeners(redis, dueChannel(root)),
    recent: await readActivity(redis, prefix, queue, failingMinutes),
    lane: await laneSizes(redis, prefix, queue),
  };
}

/** Parses what the script `inspect` says of a queue. */
export function parseLook(queue: string, answer: unknown): QueueLook {
  // The shape that the script's contract names.
  const [time, counts, lineCount, lines, workerCount, workers, ...rest] = answer as InspectReply;
  const [leaseEnd, due, removal, enqueued, finished, definitions, rules, blocked] = rest;
  const now = Number(time);
  return {
    queue,
    now,
    // Each status has its place.
    tasks: Object.fromEntries(taskStatuses.map((status, index) => [status, counts[index] ?? 0])) as Record<
      TaskStatus,
      number
    >,
    lines: lines.map((line) => parseLine(line, now)),
    lineCount,
    workers: workers.map((worker) => parseWorker(worker)),
    workerCount,
    firstLeaseEnd: parseTime(leaseEnd),
    firstDue: parseTime(due),
    firstRemoval: parseTime(removal),
    enqueued,
    finished: Object.fromEntries(finalStatuses.map((status, index) => [status, finished[index] ?? 0])),
    definitions: definitions.map(([name, queued, running, oldest, since]) => ({
      name,
      queued,
      running,
      oldestId: oldest ?? undefined,
      waitingMs: waited(since, now),
    })),
    rules: parseRules(rules),
    blocked: blocked.map(([limit, count, at]) => ({
      name: limit.replace('@', ''),
      isKeyed: limit.endsWith('@'),
      count,
      at: parseTime(at),
    })),
  };
}

type Text = string | null;
type LineReply = readonly [line: string, count: number, id: Text, since: Text];
type WorkerReply = readonly [
  id: string,
  leaseEnd: string,
  running: number,
  suspects: number,
  bounded: readonly string[],
  ...Text[],
];
type InspectReply = readonly [
  now: string,
  counts: readonly number[],
  lineCount: number,
  lines: readonly LineReply[],
  workerCount: number,
  workers: readonly WorkerReply[],
  leaseEnd: Text,
  due: Text,
  removal: Text,
  enqueued: number,
  finished: readonly number[],
  definitions: readonly (readonly [string, number, number, Text, Text])[],
  rules: readonly string[],
  blocked: readonly (readonly [string, number, Text])[],
];

function parseLine([line, count, id, since]: LineReply, now: number): LineState {
  const [, name = line, version = '', suspect, keyed] = /^([^:]*):([^!@]*)(![^@]*)?(@)?$/.exec(line) ?? [];
  return {
    name,
    version,
    isSuspect: suspect !== undefined,
    isKeyed: keyed !== undefined,
    count,
    firstId: id ?? undefined,
    waitingMs: waited(since, now),
  };
}

function parseWorker([id, leaseEnd, running, suspects, bounded, ...presence]: WorkerReply): WorkerState {
  const [slots, lines, host, pid, version, skew] = presence;
  const counts = new Map(chunks(bounded, 2).map(([name = '', count]) => [name, Number(count)]));
  const said = (lines ?? '').split(' ').filter((line) => line !== '');
  return {
    id,
    leaseEnd: Number(leaseEnd),
    running,
    suspects,
    slots: Number(slots ?? 0),
    lines: said.map((line) => line.replace(/=.*$/, '')),
    bounds: new Map(
      said.flatMap((line) => {
        const [, name = '', most] = /^([^:]*):[^=]*=(\d+)$/.exec(line) ?? [];
        return most === undefined ? [] : [[name, { most: Number(most), running: counts.get(name) ?? 0 }]];
      }),
    ),
    host: host ?? 'unknown',
    pid: Number(pid ?? 0),
    version: version ?? 'unknown',
    skewMs: Number(skew ?? 0),
  };
}

function waited(since: Text, now: number): number | undefined {
  return since === null ? undefined : Math.max(0, now - Number(since));
}

function parseTime(text: Text): number | undefined {
  return text === null ? undefined : Number(text);
}

/** Clients that listen to a channel: every process with a clock does. */
async function listeners(redis: Redis, channel: string): Promise<number | undefined> {
  try {
    return Number((await redis.pubsub('NUMSUB', channel))[1]);
  } catch (error) {
    // A user may lack the right to ask; that the store is away is something else.
    if (error instanceof Error && error.name === 'ReplyError') return undefined;
    throw error;
  }
}

import type { Redis } from '../redis/connection.ts';
import { dueChannel, queueRoot } from '../redis/keys.ts';
import { laneSizes } from './lane.ts';
import { activeStatuses, inspect } from './scripts/inspect.ts';
import type { TaskStatus } from './task.ts';

/** What a queue holds at one moment, and who works on it. Times are the store's, in ms. */
export interface QueueState {
  readonly queue: string;
  readonly now: number;
  /** Tasks that aren't final, by status. */
  readonly tasks: Readonly<Partial<Record<TaskStatus, number>>>;
  /** Lines in which something waits, by the order of their first task: at most 200 of `lineCount`. */
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
  /** Processes whose clock looks after the queue; undefined where Redis doesn't say. */
  readonly clocks: number | undefined;
  /** Hints that wait for a slot, and those that a slot has taken. */
  readonly lane: { readonly waiting: number; readonly active: number };
}

/** Tasks of one definition in one version that wait. */
export interface LineState {
  readonly name: string;
  readonly version: string;
  /** They may have killed a worker: only so many of them run side by side. */
  readonly isSuspect: boolean;
  readonly count: number;
  readonly firstId: string | undefined;
  /** How long the first one has waited; undefined where it has no record. */
  readonly waitingMs: number | undefined;
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
  readonly host: string;
  readonly pid: number;
  readonly version: string;
  /** Its clock against the store's, in ms. */
  readonly skewMs: number;
}

/** Looks at a queue without changing anything, in bounded work. */
export async function inspectQueue(redis: Redis, prefix: string, queue: string): Promise<QueueState> {
  const root = queueRoot(prefix, queue);
  // The shape that the script's contract names.
  const reply = (await redis.run(inspect, root, [])) as InspectReply;
  const [now, counts, lineCount, lines, workerCount, workers, leaseEnd, due, removal] = reply;
  return {
    queue,
    now: Number(now),
    tasks: Object.fromEntries(activeStatuses.map((status, index) => [status, counts[index] ?? 0])),
    lines: lines.map((line) => parseLine(line, Number(now))),
    lineCount,
    workers: workers.map((worker) => parseWorker(worker)),
    workerCount,
    firstLeaseEnd: parseTime(leaseEnd),
    firstDue: parseTime(due),
    firstRemoval: parseTime(removal),
    clocks: await listeners(redis, dueChannel(root)),
    lane: await laneSizes(redis, prefix, queue),
  };
}

type Text = string | null;
type LineReply = readonly [line: string, count: number, id: Text, created: Text, version: Text];
type WorkerReply = readonly [id: string, leaseEnd: string, running: number, suspects: number, ...Text[]];
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
];

function parseLine([line, count, id, created, recordVersion]: LineReply, now: number): LineState {
  const [, name = line, version = '', suspect] = /^([^:]*):([^!]*)(!.*)?$/.exec(line) ?? [];
  return {
    name,
    version,
    isSuspect: suspect !== undefined,
    count,
    firstId: id ?? undefined,
    // A record's version is at least the time (µs) from its creation to its last change, which made it wait:
    // so what runs for an hour and is tried again hasn't waited for an hour.
    waitingMs:
      created === null ? undefined : Math.max(0, now - (Number(created) + Number(recordVersion)) / 1_000),
  };
}

function parseWorker([id, leaseEnd, running, suspects, ...presence]: WorkerReply): WorkerState {
  const [slots, lines, host, pid, version, skew] = presence;
  return {
    id,
    leaseEnd: Number(leaseEnd),
    running,
    suspects,
    slots: Number(slots ?? 0),
    lines: (lines ?? '')
      .split(' ')
      .filter((line) => line !== '')
      .map((line) => line.replace(/=.*$/, '')),
    host: host ?? 'unknown',
    pid: Number(pid ?? 0),
    version: version ?? 'unknown',
    skewMs: Number(skew ?? 0),
  };
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

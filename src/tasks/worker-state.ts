import { parseAct, type QueueAct } from './rules.ts';

/** A worker process as it said itself when it last renewed its leases. Times are ms since 1970, by the store's clock. */
export interface WorkerState {
  readonly id: string;
  readonly host: string;
  readonly pid: number;
  /** Of the package. */
  readonly version: string;
  /** Undefined of a worker whose version doesn't tell it; so are the next four. */
  readonly startedAt: number | undefined;
  readonly renewedAt: number | undefined;
  /** Processor use of its process, where 1 is one core; undefined in its first seconds. */
  readonly load: number | undefined;
  /** Resident memory of its process. */
  readonly memoryBytes: number | undefined;
  /** Set while it takes nothing more. */
  readonly drain: QueueAct | undefined;
  readonly queues: readonly WorkerQueue[];
  /** Names of what it runs, in order. */
  readonly definitions: readonly string[];
}

/** A worker's part in one queue. */
export interface WorkerQueue {
  readonly name: string;
  /** Tasks that it may run at once: a run that waits for its children lends its slot, which is one more. */
  readonly slots: number;
  /** Tasks that it runs, those that wait for their children included. */
  readonly busy: number;
  readonly isDraining: boolean;
}

/** A task that a worker runs. */
export interface WorkerRun {
  readonly id: string;
  readonly queue: string;
  readonly definition: string;
  readonly attempt: number;
  readonly startedAt: number | undefined;
}

type Text = string | null;
export type PresenceReply = readonly [id: string, busy: number, ...said: Text[]];

/** Joins what queues tell of their workers: a process that serves several of them is one worker. */
export function joinWorkers(queues: readonly (readonly [string, readonly PresenceReply[]])[]): WorkerState[] {
  const parts = queues.flatMap(([queue, replies]) => replies.map((reply) => parsePart(queue, reply)));
  const byId = Map.groupBy(parts, ({ id }) => id);
  return [...byId.values()].map(joined).toSorted((one, other) => (one.id < other.id ? -1 : 1));
}

interface Part extends Omit<WorkerState, 'queues'> {
  readonly queue: WorkerQueue;
}

function parsePart(queue: string, [id, busy, ...said]: PresenceReply): Part {
  const [places, lines, host, pid, version, startedAt, renewedAt, load, memory, drain] = said;
  const act = parseAct(drain ?? undefined);
  const names = (lines ?? '').split(' ').filter((line) => line !== '');
  return {
    id,
    host: host ?? 'unknown',
    pid: Number(pid ?? 0),
    version: version ?? 'unknown',
    startedAt: parseNumber(startedAt),
    renewedAt: parseNumber(renewedAt),
    load: parseNumber(load),
    memoryBytes: parseNumber(memory),
    drain: act,
    definitions: names.map((line) => line.replace(/:.*$/, '')),
    queue: { name: queue, slots: Number(places ?? 0), busy, isDraining: act !== undefined },
  };
}

function joined(parts: readonly Part[]): WorkerState {
  const byAge = parts.toSorted((one, other) => (other.renewedAt ?? 0) - (one.renewedAt ?? 0));
  // `Map.groupBy` makes no empty groups, and sorting leaves out nothing.
  const { queue: _, ...latest } = byAge[0] as Part;
  const starts = parts.flatMap(({ startedAt }) => startedAt ?? []);
  return {
    ...latest,
    startedAt: starts.length === 0 ? undefined : Math.min(...starts),
    drain: parts.find(({ drain }) => drain !== undefined)?.drain,
    queues: parts.map(({ queue }) => queue).toSorted((one, other) => (one.name < other.name ? -1 : 1)),
    definitions: [...new Set(parts.flatMap(({ definitions }) => definitions))].toSorted(),
  };
}

function parseNumber(text: Text | undefined): number | undefined {
  return text === null || text === undefined || text === '' ? undefined : Number(text);
}

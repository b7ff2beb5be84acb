import type { TestRule } from './limits.ts';

/** A task as its record says, with the order that follows from it. */
export interface OracleTask {
  readonly id: string;
  readonly name: string;
  readonly version: string;
  readonly status: string;
  readonly key: string | undefined;
  readonly suspect: number | undefined;
  readonly worker: string | undefined;
  readonly token: string | undefined;
  /** Less is sooner. */
  readonly order: number;
}

/** A worker as the test knows it: what it serves, and how many of a definition it may run. */
export interface OracleWorker {
  readonly worker: string;
  readonly lines: readonly string[];
  slots: number;
}

/** A bucket in plain arithmetic: when it will be full, in ms of the test's time. */
const buckets = Symbol('buckets');

/** What may start, by the rules alone: knows records and rules, and nothing of how the scripts keep them. */
export class LimitsOracle {
  readonly rules: Map<string, { all?: TestRule; key?: TestRule }> = new Map();
  readonly paused: Set<string> = new Set();
  /** Time that was passed by rewriting, in ms. */
  passed = 0;
  readonly [buckets]: Map<string, number> = new Map();

  get now(): number {
    return Date.now() + this.passed;
  }

  /** A limit begins anew: its bucket is full. */
  reset(name: string): void {
    for (const limit of this[buckets].keys())
      if (limit.split('@', 1)[0] === name) this[buckets].delete(limit);
  }

  /** Counts a start. */
  started({ name, key }: OracleTask): void {
    for (const [limit, rule] of this.#limitsOf(name, key)) {
      if (rule.n === undefined) continue;
      this[buckets].set(limit, Math.max(this.now, this[buckets].get(limit) ?? 0) + intervalOf(rule));
    }
  }

  /** How many more may start under a limit. */
  room(limit: string, rule: TestRule | undefined, tasks: readonly OracleTask[]): number {
    if (rule === undefined) return Infinity;
    const byRuns = (rule.c ?? Infinity) - tasks.filter((task) => runs(task) && isUnder(task, limit)).length;
    if (rule.n === undefined) return byRuns;
    const ahead = Math.max(0, (this[buckets].get(limit) ?? 0) - this.now);
    // Times are hours apart, so that the seconds which a test takes don't matter.
    return Math.min(byRuns, (rule.burst ?? 1) - Math.ceil(ahead / intervalOf(rule) - 0.01));
  }

  /** Whether a key's limit has room, whatever the others say. */
  hasKeyRoom(name: string, key: string, tasks: readonly OracleTask[]): boolean {
    return this.room(`${name}@${key}`, this.rules.get(name)?.key, tasks) > 0;
  }

  /** Whether a worker may be handed a task that waits. */
  mayStart(task: OracleTask, worker: OracleWorker, tasks: readonly OracleTask[]): boolean {
    const { name, version, key, suspect } = task;
    if (task.status !== 'QUEUED' || this.paused.has('') || this.paused.has(name)) return false;
    const line = worker.lines.find((line) => line.split('=', 1)[0] === `${name}:${version}`);
    if (line === undefined) return false;
    const held = tasks.filter((other) => runs(other) && other.worker === worker.worker);
    const most = Number(line.split('=')[1] ?? Infinity);
    if (held.filter((other) => other.name === name).length >= most) return false;
    const suspects = held.flatMap((other) => other.suspect ?? []);
    if (suspect !== undefined && Math.min(suspect, ...suspects) <= suspects.length) return false;
    return this.#limitsOf(name, key).every(([limit, rule]) => this.room(limit, rule, tasks) > 0);
  }

  #limitsOf(name: string, key: string | undefined): [string, TestRule][] {
    const own = this.rules.get(name);
    const all: [string, TestRule | undefined][] = [
      ['', this.rules.get('')?.all],
      [name, own?.all],
      [`${name}@${key ?? ''}`, key === undefined ? undefined : own?.key],
    ];
    return all.flatMap(([limit, rule]) => (rule === undefined ? [] : [[limit, rule] as [string, TestRule]]));
  }
}

export function runs({ status }: OracleTask): boolean {
  return status === 'RUNNING' || status === 'CANCELING';
}

/** The line of the backlog in which a task waits. */
export function lineOf({ name, version, suspect, key }: OracleTask): string {
  return `${name}:${version}${suspect === undefined ? '' : `!${suspect}`}${key === undefined ? '' : '@'}`;
}

/** The first of some tasks, by their order. */
export function firstOf(tasks: readonly OracleTask[]): OracleTask | undefined {
  return tasks.toSorted((a, b) => a.order - b.order || (a.id < b.id ? -1 : 1))[0];
}

function isUnder({ name, key }: OracleTask, limit: string): boolean {
  return limit === '' || limit === name || (key !== undefined && limit === `${name}@${key}`);
}

function intervalOf({ n = 1, perMs = 1 }: TestRule): number {
  return perMs / n;
}

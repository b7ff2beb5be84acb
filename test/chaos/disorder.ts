import { scheduledFor } from '../../src/tasks/schedule.ts';
import type { Task } from '../../src/tasks/task.ts';
import { limits, pace, slotMs } from './limits.ts';

/** What the times in the records say against the limits, keys and delays; each entry says what was. */
export interface Disorder {
  /** More at a time than a limit allows: a delivery counts from its start until it ended or was swept. */
  readonly crowded: readonly string[];
  /** Starts that a rate had no room for. */
  readonly hasty: readonly string[];
  /** Tasks that began before their time. */
  readonly early: readonly string[];
  /** Debounced or single tasks that came while another one of their key still waited. */
  readonly beside: readonly string[];
  /** Slots of the schedule with more than one task, or with none. */
  readonly slots: readonly string[];
}

/** Times in the records are those of Redis in whole ms, so that what follows each other may share one. */
const roundingMs = 1;

/** Judges by the records alone: what a power cut took isn't in them, nor in what Redis counted with. */
export function disorderOf(records: readonly Task[], groupOf: (id: string) => string | undefined): Disorder {
  const of = (name: string): Task[] => records.filter((task) => task.name === name);
  const tenants = Map.groupBy(of('shared'), ({ limitKey }) => limitKey ?? '');
  return {
    crowded: [
      ...crowded('narrow', of('narrow'), limits.narrow),
      ...crowded('shared', of('shared'), limits.shared),
      ...[...tenants].flatMap(([tenant, tasks]) => crowded(tenant, tasks, limits.tenant)),
    ],
    hasty: hasty(of('paced')),
    early: records
      .filter(({ startedAt, runAt }) => startedAt !== undefined && runAt !== undefined && startedAt < runAt)
      .map(({ id, startedAt, runAt }) => `${id} began at ${startedAt}, which was for ${runAt}`),
    beside: ['calm', 'lone'].flatMap((name) => {
      const groups = Map.groupBy(of(name), ({ id }) => groupOf(id) ?? '');
      return [...groups].flatMap(([group, tasks]) => beside(`${name} ${group}`, tasks));
    }),
    slots: unevenSlots(of('hourly')),
  };
}

/** Each task of the schedule that doesn't follow on the one of the slot before. */
function unevenSlots(tasks: readonly Task[]): string[] {
  const slots = tasks
    .map((task) => ({ id: task.id, slot: scheduledFor(task) ?? NaN }))
    .toSorted((a, b) => a.slot - b.slot);
  return slots.slice(1).flatMap(({ id, slot }, index) => {
    const before = slots[index]?.slot ?? NaN;
    return slot === before + slotMs ? [] : [`${id} is of the slot ${slot}, which follows ${before}`];
  });
}

/** Each start that finds as many at work as may be, or more. */
function crowded(limit: string, tasks: readonly Task[], most: number): string[] {
  const steps = tasks
    .flatMap(({ id, attempts }) =>
      attempts.flatMap(({ startedAt, finishedAt }) => [
        { id, at: startedAt, by: 1 },
        ...(finishedAt === undefined ? [] : [{ id, at: finishedAt, by: -1 }]),
      ]),
    )
    // Of the same ms the ends come first, but for what began and ended in it.
    .toSorted((a, b) => a.at - b.at || a.by - b.by);
  let count = 0;
  return steps.flatMap(({ id, at, by }) => {
    count += by;
    return by === 1 && count > most ? [`${limit}: ${id} began at ${at} as number ${count} of ${most}`] : [];
  });
}

/** Plays the bucket again (https://en.wikipedia.org/wiki/Generic_cell_rate_algorithm). */
function hasty(tasks: readonly Task[]): string[] {
  const intervalMs = pace.perMs / pace.count;
  const starts = tasks
    .flatMap(({ id, attempts }) => attempts.map(({ startedAt }) => ({ id, startedAt })))
    .toSorted((a, b) => a.startedAt - b.startedAt);
  let fullAt = 0;
  return starts.flatMap(({ id, startedAt }) => {
    const tooEarlyMs = Math.round(fullAt - (pace.burst - 1) * intervalMs - startedAt);
    fullAt = Math.max(fullAt, startedAt) + intervalMs;
    return tooEarlyMs > roundingMs ? [`${id} began ${tooEarlyMs} ms before its rate allowed it`] : [];
  });
}

/** Of one key: each task that came before the last one had its time, or began, or ended. */
function beside(key: string, tasks: readonly Task[]): string[] {
  const sorted = tasks.toSorted((a, b) => a.createdAt - b.createdAt);
  return sorted.slice(1).flatMap((task, index) => {
    const before = sorted[index];
    if (before === undefined) return [];
    const until = Math.min(
      before.name === 'calm' ? (before.runAt ?? Infinity) : Infinity,
      before.startedAt ?? Infinity,
      before.finishedAt ?? Infinity,
    );
    return task.createdAt + roundingMs < until
      ? [`${key}: ${task.id} came at ${task.createdAt}, ${before.id} waited until ${until}`]
      : [];
  });
}

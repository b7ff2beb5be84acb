import { formatCursor, type TaskCount, type TaskPage } from './list.ts';
import type { Place } from './list-window.ts';
import type { Task } from './task.ts';

/** One change of a window. Applied in their order, they make of one window the next. */
export type TaskListChange =
  | {
      readonly kind: 'INSERTED' | 'CHANGED';
      readonly index: number;
      readonly task: Task;
      /** Its place in the list, for `after` of `Tasks.list`. */
      readonly cursor: string;
    }
  | { readonly kind: 'REMOVED'; readonly index: number; readonly id: string };

/** What is new in the window of a list: its changes, or the whole window. */
export interface TaskListUpdate {
  /** The window as it is now, in place of the one before: at the start, and where its changes can't be told. */
  readonly reset?: TaskPage;
  /** What has changed, in order; each index is one in the window as the changes before have left it. */
  readonly changes: readonly TaskListChange[];
  /** Whether more may follow after the window. */
  readonly hasMore: boolean;
  /** How many tasks the whole list holds, where that was asked for. */
  readonly total?: TaskCount;
}

/** What a watcher was last told: no more of a window than is needed to tell the next one. */
export interface Told {
  readonly number: number;
  readonly epoch: number;
  readonly rows: readonly { readonly id: string; readonly version: number }[];
  readonly hasMore: boolean;
  readonly total: TaskCount | undefined;
}

/** A window at one moment, and what there is to tell of it: worked out once for all watchers that were told the same. */
export class Snapshot {
  /** Counts the snapshots of a list. */
  readonly number: number;
  /** Another one than before: what came between isn't known, so that no changes can be told. */
  readonly epoch: number;
  readonly #tasks: readonly Task[];
  readonly #hasMore: boolean;
  readonly #end: Place | undefined;
  readonly #total: TaskCount | undefined;
  readonly #updates: Map<number, TaskListUpdate | undefined> = new Map();
  #told: Told | undefined;
  #reset: TaskListUpdate | undefined;

  constructor(window: {
    readonly number: number;
    readonly epoch: number;
    readonly tasks: readonly Task[];
    readonly hasMore: boolean;
    /** Where to read on after the window. */
    readonly end: Place | undefined;
    readonly total: TaskCount | undefined;
  }) {
    this.number = window.number;
    this.epoch = window.epoch;
    this.#tasks = window.tasks;
    this.#hasMore = window.hasMore;
    this.#end = window.end;
    this.#total = window.total;
  }

  /** What to remember of it, once it was told. */
  get told(): Told {
    this.#told ??= {
      number: this.number,
      epoch: this.epoch,
      rows: this.#tasks.map(({ id, version }) => ({ id, version })),
      hasMore: this.#hasMore,
      total: this.#total,
    };
    return this.#told;
  }

  /** The whole window. */
  get reset(): TaskListUpdate {
    if (this.#reset !== undefined) return this.#reset;
    const tasks = this.#tasks.map((task) => ({ task, cursor: cursorOf(task) }));
    const page = {
      tasks,
      hasMore: this.#hasMore,
      ...(this.#end === undefined ? {} : { endCursor: cursorOf(this.#end) }),
    };
    return (this.#reset = { reset: page, changes: [], ...this.#sizes });
  }

  /** What to tell whoever was told an earlier one; undefined where that is nothing. */
  since(told: Told): TaskListUpdate | undefined {
    if (!this.#updates.has(told.number)) this.#updates.set(told.number, this.#update(told));
    return this.#updates.get(told.number);
  }

  get #sizes(): Pick<TaskListUpdate, 'hasMore' | 'total'> {
    return { hasMore: this.#hasMore, ...(this.#total === undefined ? {} : { total: this.#total }) };
  }

  #update({ rows, hasMore, total, epoch }: Told): TaskListUpdate | undefined {
    if (epoch !== this.epoch) return this.reset;
    const now = new Set(this.#tasks.map(({ id }) => id));
    // Nothing of what it was told is left: the new window is shorter to tell than all that has changed.
    if (rows.length > 0 && now.size > 0 && !rows.some(({ id }) => now.has(id))) return this.reset;

    const changes: TaskListChange[] = [];
    for (const [place, { id }] of rows.entries()) {
      if (!now.has(id)) changes.push({ kind: 'REMOVED', index: place - changes.length, id });
    }
    const versions = new Map(rows.map(({ id, version }) => [id, version]));
    for (const [index, task] of this.#tasks.entries()) {
      const version = versions.get(task.id);
      if (version === task.version) continue;
      const kind = version === undefined ? 'INSERTED' : 'CHANGED';
      changes.push({ kind, index, task, cursor: cursorOf(task) });
    }
    const isSame = hasMore === this.#hasMore && isSameCount(total, this.#total);
    return changes.length === 0 && isSame ? undefined : { changes, ...this.#sizes };
  }
}

/** Whether two counts say the same. */
export function isSameCount(a: TaskCount | undefined, b: TaskCount | undefined): boolean {
  return a?.count === b?.count && a?.exact === b?.exact;
}

function cursorOf({ createdUs, id }: Place): string {
  return formatCursor({ time: String(createdUs), id });
}

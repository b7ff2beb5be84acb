import type { Task } from './task.ts';

/** A place in a list: tasks are ordered by when they were created, then by their id. */
export interface Place {
  readonly createdUs: number;
  readonly id: string;
}

/** Says which of two places comes first: below 0 where the first one does. */
export type Order = (a: Place, b: Place) => number;

/** The order of a list in a direction. */
export function orderOf(direction: 'ASC' | 'DESC'): Order {
  const sign = direction === 'ASC' ? 1 : -1;
  return (a, b) => sign * (a.createdUs - b.createdUs || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
}

/** What was heard of a task: a state that matches, one that doesn't, or that its record was removed. */
export type News =
  | { readonly id: string; readonly task: Task; readonly matches: boolean }
  | { readonly id: string; readonly task: undefined };

/** What was read of a list, all tasks after `from` up to `to`, and what was heard from when the read was asked for. */
export interface Reading {
  readonly tasks: readonly Task[];
  /** Undefined where it was read from the beginning. */
  readonly from: Place | undefined;
  /** Undefined where it was read to the end. */
  readonly to: Place | undefined;
  readonly heard: ReadonlyMap<string, News>;
}

/**
 * The beginning of a list, or of what follows a place in it, kept by what is heard of tasks: all that match up to an edge, in order. Some more are held
 * than the window shows, so that it can be filled when tasks leave; their number has a bound, whatever the list's length.
 */
export class ListWindow {
  readonly #size: number;
  readonly #margin: number;
  readonly #order: Order;
  readonly #held: Task[] = [];
  readonly #byId: Map<string, Task> = new Map();
  readonly #start: Place | undefined;
  #edge: Place | undefined;

  /**
   * Holds nothing, up to the very beginning: that of the list, or the place after which it begins. It reads `margin` tasks
   * more than it shows, and holds twice as many more.
   */
  constructor(
    size: number,
    direction: 'ASC' | 'DESC',
    margin: number = Math.max(10, Math.ceil(size / 2)),
    start?: Place,
  ) {
    this.#size = size;
    this.#margin = margin;
    this.#order = orderOf(direction);
    this.#start = start;
    this.#edge = start ?? { createdUs: direction === 'ASC' ? -Infinity : Infinity, id: '' };
  }

  /** How many tasks it holds: those that it shows, and some that follow. */
  get held(): number {
    return this.#held.length;
  }

  /** Whether a task is among those that it holds. */
  holds(id: string): boolean {
    return this.#byId.has(id);
  }

  /** What is shown, in order. */
  get shown(): readonly Task[] {
    return this.#held.slice(0, this.#size);
  }

  /** Whether more may follow what is shown. */
  get hasMore(): boolean {
    return this.#edge !== undefined || this.#held.length > this.#size;
  }

  /** The last place up to which all is held: where to read on. Undefined at the end of the list. */
  get edge(): Place | undefined {
    return this.#edge;
  }

  /** Where a page that follows what is shown begins: beyond the last task where none was found up to there. */
  get end(): Place | undefined {
    return this.#held.length < this.#size && this.#edge !== undefined
      ? this.#edge
      : this.#held[Math.min(this.#held.length, this.#size) - 1];
  }

  /** True where so few are left that it is time to read on. */
  get isLow(): boolean {
    return this.#edge !== undefined && this.#held.length <= this.#size + this.#margin / 2;
  }

  /** How many tasks to read from the edge on, or from the beginning: then no fewer than are held. */
  wanted(from: Place | undefined): number {
    const [held, all] = [this.#held.length, this.#size + this.#margin];
    return from === undefined ? Math.max(all, held) : Math.max(all - held, 1);
  }

  /** Takes what was heard. Answers whether anything that is held has changed. */
  hear({ id, task, ...news }: News): boolean {
    const held = this.#byId.get(id);
    if (task === undefined) return held !== undefined && this.#take(held);
    // A state may come late: something newer was read meanwhile.
    if (held !== undefined && !isNewer(task, held)) return false;
    if (!('matches' in news) || !news.matches || this.#isBefore(task)) {
      return held !== undefined && this.#take(held);
    }
    return this.#put(task);
  }

  /** Takes what was read. Answers whether anything that is held has changed. */
  take({ tasks, from, to, heard }: Reading): boolean {
    // The edge has come nearer meanwhile: between the two something would be missing.
    if (from !== undefined && this.#isBeyond(from)) return false;
    const read = new Set(tasks.map(({ id }) => id));
    const isCovered = (task: Task): boolean =>
      (from === undefined || this.#order(task, from) > 0) && (to === undefined || this.#order(task, to) <= 0);
    // What was neither read nor heard of has left unheard; of what was heard of there is more to come.
    const gone = this.#held.filter((task) => isCovered(task) && !read.has(task.id) && !heard.has(task.id));
    for (const task of gone) this.#take(task);
    if (to === undefined || this.#isBeyond(to)) this.#edge = to;
    let hasChanged = gone.length > 0;
    for (const task of tasks) {
      const held = this.#byId.get(task.id);
      if (held === undefined || isNewer(task, held)) hasChanged = this.#put(task) || hasChanged;
    }
    // Whatever came first, the read or the news: of two states the higher version is newer.
    for (const news of heard.values()) hasChanged = this.hear(news) || hasChanged;
    return hasChanged;
  }

  /** What comes before the window begins doesn't concern it. */
  #isBefore(place: Place): boolean {
    return this.#start !== undefined && this.#order(place, this.#start) <= 0;
  }

  #isBeyond(place: Place): boolean {
    return this.#edge !== undefined && this.#order(place, this.#edge) > 0;
  }

  #put(task: Task): boolean {
    const held = this.#byId.get(task.id);
    if (held !== undefined) this.#take(held);
    if (this.#isBeyond(task)) return held !== undefined;
    this.#held.splice(this.#indexOf(task), 0, task);
    this.#byId.set(task.id, task);
    if (this.#held.length > this.#size + 2 * this.#margin) this.#trim();
    return true;
  }

  #take(task: Task): boolean {
    this.#held.splice(this.#indexOf(task), 1);
    this.#byId.delete(task.id);
    return true;
  }

  #trim(): void {
    for (const task of this.#held.splice(this.#size + this.#margin)) this.#byId.delete(task.id);
    this.#edge = this.#held.at(-1);
  }

  /** The index of the first one held that doesn't come before a place. */
  #indexOf(place: Place): number {
    let [low, high] = [0, this.#held.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      const held = this.#held[middle];
      if (held !== undefined && this.#order(held, place) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** The newer of two states of an id: a task that was made again, as after a loss of writes, has another place. */
function isNewer(task: Task, than: Task): boolean {
  return task.createdUs === than.createdUs ? task.version > than.version : task.createdUs > than.createdUs;
}

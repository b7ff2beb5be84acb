import { ListWindow, type News, orderOf, type Place } from '../../src/tasks/list-window.ts';
import type { Task } from '../../src/tasks/task.ts';

/** A store with its list, and what of it is still under way to a process that keeps a window. */
export class ListModel {
  readonly tasks: Map<string, { task: Task; matches: boolean }> = new Map();
  readonly window: ListWindow;
  /** What the window showed each time when all had arrived, and what it should have. */
  readonly views: unknown[] = [];
  readonly beginnings: unknown[] = [];
  readonly #direction: 'ASC' | 'DESC';
  readonly #size: number;
  readonly #start: Place | undefined;
  /** Published, not heard yet. */
  readonly #published: News[] = [];
  #read:
    | { tasks: Task[]; from: Place | undefined; to: Place | undefined; heard: Map<string, News> }
    | undefined;
  #seen: ReadonlyMap<string, number> = new Map();
  #clock = 0;
  /** Something has vanished that the window may hold until it is read again. */
  #hasVanished = false;

  constructor(size: number, direction: 'ASC' | 'DESC', margin?: number, start?: Place) {
    this.#size = size;
    this.#start = start;
    this.#direction = direction;
    this.window = new ListWindow(size, direction, margin, start);
  }

  create(matches: boolean): void {
    this.#clock += 1;
    // Two at a time have the same microsecond.
    this.#publish(taskOf(`t${this.#clock}`, Math.floor(this.#clock / 2), 1), matches);
  }

  change(at: number, matches: boolean): void {
    const { task } = pick([...this.tasks.values()], at) ?? {};
    if (task !== undefined) this.#publish({ ...task, version: task.version + 1 }, matches);
  }

  remove(at: number): void {
    const id = pick([...this.tasks.keys()], at);
    if (id === undefined) return;
    this.tasks.delete(id);
    this.#published.push({ id, task: undefined });
  }

  /** As an eviction does: nobody is told. */
  vanish(at: number): void {
    const id = pick([...this.tasks.keys()], at);
    if (id !== undefined) this.#hasVanished = this.tasks.delete(id);
  }

  /** As a schedule does after a loss of writes: the same id is made again, later, and nobody is told of the loss. */
  makeAgain(at: number, matches: boolean): void {
    const id = pick([...this.tasks.keys()], at);
    if (id === undefined) return;
    this.#clock += 2;
    this.#publish(taskOf(id, Math.floor(this.#clock / 2), 1), matches);
  }

  hear(count: number): void {
    for (const news of this.#published.splice(0, count)) {
      this.#read?.heard.set(news.id, news);
      this.window.hear(news);
      this.#look();
    }
  }

  /** The store answers now; the answer arrives later. */
  ask(isAnew: boolean, reach: number): void {
    if (this.#read !== undefined) return;
    const from = isAnew ? undefined : this.window.edge;
    const limit = Math.min(this.window.wanted(from), reach);
    const rest = this.matching().filter((task) => from === undefined || this.#order(task, from) > 0);
    const tasks = rest.slice(0, limit);
    this.#read = { tasks, from, to: rest.length > limit ? tasks.at(-1) : undefined, heard: new Map() };
  }

  answer(): void {
    if (this.#read !== undefined) this.window.take(this.#read);
    this.#read = undefined;
    this.#look();
  }

  matching(): Task[] {
    const found = [...this.tasks.values()].filter(({ matches }) => matches).map(({ task }) => task);
    const start = this.#start;
    return found.filter((task) => start === undefined || this.#order(task, start) > 0).toSorted(this.#order);
  }

  /** Whatever is under way arrives, and the window is filled. */
  settle(): void {
    this.answer();
    this.hear(Infinity);
    // What is behind what was read is reached by the next one.
    for (let rounds = 0; this.#hasVanished && rounds < 5; rounds += 1) {
      this.ask(true, Infinity);
      this.answer();
    }
    this.#hasVanished = false;
    for (let rounds = 0; this.window.isLow; rounds += 1) {
      if (rounds > 1_000) throw new Error('the window is never filled');
      this.ask(false, 7);
      this.answer();
    }
    const { shown, hasMore } = this.window;
    this.views.push({ shown, hasMore });
    const matching = this.matching();
    this.beginnings.push({
      shown: matching.slice(0, this.#size),
      hasMore: matching.length > this.#size,
    });
  }

  /** No task that stays in the window goes back to an older state. */
  #look(): void {
    const versions = new Map(
      this.window.shown.map(({ id, createdUs, version }) => [`${id} of ${createdUs}`, version]),
    );
    for (const [id, version] of versions) {
      if (version < (this.#seen.get(id) ?? 0)) throw new Error(`${id} went back to version ${version}`);
    }
    this.#seen = versions;
  }

  get #order() {
    return orderOf(this.#direction);
  }

  #publish(task: Task, matches: boolean): void {
    this.tasks.set(task.id, { task, matches });
    this.#published.push({ id: task.id, task, matches });
  }
}

function taskOf(id: string, createdUs: number, version: number): Task {
  // Of a task a window looks at nothing else.
  return { id, createdUs, version } as Task;
}

function pick<Item>(items: readonly Item[], at: number): Item | undefined {
  return items[at % items.length];
}

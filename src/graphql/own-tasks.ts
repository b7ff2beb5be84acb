import type { Viewer } from '../auth/viewer.ts';
import { BatchNotFoundError, ForbiddenError, TaskNotFoundError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import type { Batch } from '../tasks/batch.ts';
import type { EnqueuedTask, EnqueueOptions, ReplayOptions } from '../tasks/draft.ts';
import type { TaskFilter, TaskPage, TaskQuery } from '../tasks/list.ts';
import type { TaskListUpdate } from '../tasks/list-snapshot.ts';
import type { TaskListQuery } from '../tasks/live-lists.ts';
import type { EnqueuedBatch } from '../tasks/new-batch.ts';
import type { Health } from '../tasks/health.ts';
import type { Queues } from '../tasks/queues.ts';
import type { Workers } from '../tasks/workers.ts';
import type { Standing } from '../tasks/standing.ts';
import type { Task } from '../tasks/task.ts';
import type { Tasks } from '../tasks/tasks.ts';
import type { WaitOptions } from '../tasks/wait.ts';
import type { WatchOptions } from '../tasks/watchable.ts';
import { OwnLogs } from './own-logs.ts';
import { OwnSchedules } from './own-schedules.ts';
import { Permissions } from './permissions.ts';
import { ShownWatch } from './shown-watch.ts';
import type { VisibleTasks } from './visible-tasks.ts';

type Action = { accepted: boolean; task: Task };

/**
 * The tasks of one owner, as far as their definitions let the viewer: all others are as if they weren't there, told by the
 * same errors after as many calls of the store.
 */
export class OwnTasks implements VisibleTasks {
  readonly definitions: Tasks['definitions'];
  readonly logs: OwnLogs;
  readonly schedules: OwnSchedules;
  readonly queues: Queues;
  readonly health: Health;
  readonly workers: Workers;
  readonly #tasks: Tasks;
  readonly #viewer: Viewer;
  readonly #permissions: Permissions;

  constructor(tasks: Tasks, viewer: Viewer, logger: Logger) {
    this.definitions = tasks.definitions;
    this.#tasks = tasks;
    this.#viewer = viewer;
    this.#permissions = new Permissions(viewer, tasks.definitions, logger);
    this.logs = new OwnLogs(tasks.logs, (id) => this.#existing(id));
    this.schedules = new OwnSchedules(tasks.schedules, viewer.owner, this.#permissions);
    this.queues = tasks.queues;
    this.health = tasks.health;
    this.workers = tasks.workers;
  }

  async get(id: string): Promise<Task | undefined> {
    return this.#shown(await this.#tasks.get(id));
  }

  async getMany(ids: readonly string[]): Promise<(Task | undefined)[]> {
    return (await this.#tasks.getMany(ids)).map((task) => this.#shown(task));
  }

  async input(id: string): Promise<unknown> {
    const [task, input] = await Promise.all([this.get(id), this.#tasks.input(id)]);
    return task === undefined ? undefined : input;
  }

  async output(task: Task): Promise<unknown> {
    return this.#isOwn(task) ? await this.#tasks.output(task) : undefined;
  }

  async list(query: TaskQuery): Promise<TaskPage> {
    const filter = await this.#ownFilter(query.filter);
    const { readable } = this.#permissions;
    if (filter === undefined) return { tasks: [], hasMore: false };
    return await this.#tasks.list({ ...query, filter, ...(readable && { visible: readable }) });
  }

  async count(given: TaskFilter = {}): Promise<{ count: number; exact: boolean }> {
    const filter = await this.#ownFilter(given);
    if (filter === undefined) return { count: 0, exact: true };
    const { count, exact } = await this.#tasks.count(filter);
    // Which of them may be read is found out one by one.
    return { count, exact: exact && !this.#permissions.mayHide(given.names) };
  }

  watch(id: string, options: WatchOptions = {}): AsyncGenerator<Task, void, undefined> {
    return new ShownWatch(
      this.#tasks.watch(id, options),
      once((task) => {
        if (!this.#isShown(task)) throw new TaskNotFoundError(id);
      }),
    );
  }

  async *watchList(
    query: TaskListQuery = {},
    options: { readonly signal?: AbortSignal } = {},
  ): AsyncGenerator<TaskListUpdate, void, undefined> {
    const filter = await this.#ownFilter(query.filter);
    const { readable } = this.#permissions;
    const hides = this.#permissions.mayHide(query.filter?.names);
    const visible = readable && { key: this.#viewer.key, may: readable, hides };
    const own = { ...query, filter: filter ?? this.#nothing, ...(visible && { visible }) };
    yield* this.#tasks.watchList(own, options);
  }

  async wait(id: string, options: WaitOptions = {}): Promise<Task> {
    await this.#existing(id);
    return await this.#tasks.wait(id, options);
  }

  async cancel(
    id: string,
    options: { readonly reason?: string; readonly actor?: string } = {},
  ): Promise<Action> {
    this.#permissions.check('CANCEL', await this.#existing(id));
    return await this.#tasks.cancel(id, options);
  }

  async retry(id: string): Promise<Action> {
    this.#permissions.check('RETRY', await this.#existing(id));
    return await this.#tasks.retry(id);
  }

  async replay(id: string, options: ReplayOptions = {}): Promise<EnqueuedTask> {
    const { name, owner } = await this.#existing(id);
    return await this.#tasks.replay(id, { ...options, owner, ...this.#permissions.toEnqueue(name) });
  }

  async reschedule(id: string, at: Date): Promise<Action> {
    this.#permissions.check('UPDATE', await this.#existing(id));
    return await this.#tasks.reschedule(id, at);
  }

  async prioritize(id: string, priority: number): Promise<Action> {
    this.#permissions.check('UPDATE', await this.#existing(id));
    return await this.#tasks.prioritize(id, priority);
  }

  async standing(task: Pick<Task, 'id' | 'queue'>): Promise<Standing> {
    return await this.#tasks.standing(task);
  }

  secretsOf(of: Parameters<Tasks['secretsOf']>[0]): ReturnType<Tasks['secretsOf']> {
    return this.#tasks.secretsOf(of);
  }

  check(action: 'READ' | 'CANCEL', task: Task): void {
    this.#permissions.check(action, task);
  }

  mayEnqueue(name: string): boolean {
    return this.#permissions.mayEnqueue(name);
  }

  async getBatch(id: string): Promise<Batch | undefined> {
    const batch = await this.#tasks.getBatch(id);
    return batch !== undefined && this.#isOwn(batch) ? batch : undefined;
  }

  watchBatch(id: string, options: WatchOptions = {}): AsyncGenerator<Batch, void, undefined> {
    return new ShownWatch(
      this.#tasks.watchBatch(id, options),
      once((batch) => {
        if (!this.#isOwn(batch)) throw new BatchNotFoundError(id);
      }),
    );
  }

  async enqueue(name: string, input: unknown, options: EnqueueOptions = {}): Promise<EnqueuedTask> {
    const { owner } = this.#viewer;
    return await this.#tasks.enqueue(name, input, {
      ...options,
      owner,
      ...this.#permissions.toEnqueue(name),
    });
  }

  async enqueueBatch(
    name: string,
    inputs: readonly unknown[],
    options: EnqueueOptions = {},
  ): Promise<EnqueuedBatch> {
    const { owner } = this.#viewer;
    const own = { ...options, owner, ...this.#permissions.toEnqueue(name) };
    return await this.#tasks.enqueueBatch(name, inputs, own);
  }

  /** Finds no task: no definition has this name. */
  get #nothing(): TaskFilter {
    return { owners: [this.#viewer.owner], names: ['-'] };
  }

  #isOwn({ owner }: { readonly owner: string }): boolean {
    return owner === this.#viewer.owner;
  }

  #isShown(task: Task): boolean {
    return this.#isOwn(task) && this.#permissions.mayRead(task);
  }

  #shown(task: Task | undefined): Task | undefined {
    return task !== undefined && this.#isShown(task) ? task : undefined;
  }

  /** @throws TaskNotFoundError also where it isn't the viewer's */
  async #existing(id: string): Promise<Task> {
    const task = await this.get(id);
    if (task === undefined) throw new TaskNotFoundError(id);
    return task;
  }

  /**
   * The filter for the viewer's own tasks; undefined where it asks for those of others alone.
   *
   * @throws ForbiddenError for the owner whose tasks no index finds: a look at them would tell of all others'
   */
  async #ownFilter(given: TaskFilter = {}): Promise<TaskFilter | undefined> {
    const { owner } = this.#viewer;
    if (owner === 'anonymous') throw new ForbiddenError(noLists);
    const { owners = [], parents = [], batches = [], schedules = [] } = given;
    if (owners.length > 0 && !owners.includes(owner)) return undefined;
    const filter = { ...given, owners: [owner], ownersFirst: true };
    if (parents.length + batches.length + schedules.length === 0) return filter;
    const found = await Promise.all([
      parents.length === 0 ? [] : this.#tasks.getMany(parents),
      ...batches.map((id) => this.#tasks.getBatch(id)),
      schedules.length === 0 ? [] : this.#tasks.schedules.getMany(schedules),
    ]);
    // What is somebody else's, or not there, must not be looked at: how long that takes tells how much there is.
    const areOwn = found.flat().every((one) => one !== undefined && this.#isOwn(one));
    return areOwn ? { ...filter, ownersFirst: false } : filter;
  }
}

const noLists =
  'The owner `anonymous` has no lists, as it is whoever has not signed in. Sign in as an owner of your own.';

/** Shows states as they are, once the first one was checked. */
function once<State>(check: (first: State) => void): (state: State) => State {
  let isChecked = false;
  return (state) => {
    if (!isChecked) check(state);
    isChecked = true;
    return state;
  };
}

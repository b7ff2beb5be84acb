import type { Viewer, WatchRight } from '../auth/viewer.ts';
import { ForbiddenError, TaskNotFoundError } from '../errors.ts';
import type { TaskPage } from '../tasks/list.ts';
import type { FollowOptions, LogBatch, LogLevel, Logs, ReadOptions, StreamBatch } from '../tasks/logs.ts';
import type { Health } from '../tasks/health.ts';
import type { Queues } from '../tasks/queues.ts';
import type { Workers } from '../tasks/workers.ts';
import type { Standing } from '../tasks/standing.ts';
import type { Task } from '../tasks/task.ts';
import type { Tasks } from '../tasks/tasks.ts';
import type { WaitOptions } from '../tasks/wait.ts';
import type { WatchOptions } from '../tasks/watchable.ts';
import { ShownWatch } from './shown-watch.ts';
import type { VisibleLogs, VisibleSchedules, VisibleTasks } from './visible-tasks.ts';

type Watch = NonNullable<Viewer['watch']>;

/** The one task of a watch token, and of it what the token's rights are for. Nothing else is there. */
export class WatchedTask implements VisibleTasks {
  readonly definitions: Tasks['definitions'];
  readonly logs: VisibleLogs;
  readonly schedules: VisibleSchedules = noSchedules;
  readonly queues: Queues;
  readonly health: Health;
  readonly workers: Workers;
  readonly retry = refuse;
  readonly replay = refuse;
  readonly reschedule = refuse;
  readonly prioritize = refuse;
  readonly enqueue = refuse;
  readonly enqueueBatch = refuse;
  readonly watchList = refuse;
  readonly watchBatch = refuse;
  readonly #tasks: Tasks;
  readonly #watch: Watch;

  constructor(tasks: Tasks, watch: Watch) {
    this.definitions = tasks.definitions;
    this.logs = new WatchedLogs(tasks.logs, watch);
    this.queues = tasks.queues;
    this.health = tasks.health;
    this.workers = tasks.workers;
    this.#tasks = tasks;
    this.#watch = watch;
  }

  async get(id: string): Promise<Task | undefined> {
    const task = id === this.#watch.taskId ? await this.#tasks.get(id) : undefined;
    return task && this.#shown(task);
  }

  async getMany(ids: readonly string[]): Promise<(Task | undefined)[]> {
    return await Promise.all(ids.map((id) => this.get(id)));
  }

  async input(): Promise<undefined> {}

  async output(task: Task): Promise<unknown> {
    need(this.#watch, 'OUTPUT');
    checkId(this.#watch, task.id);
    return await this.#tasks.output(task);
  }

  /** Its children, those of its batch: none of them. */
  async list(): Promise<TaskPage> {
    return { tasks: [], hasMore: false };
  }

  async count(): Promise<{ count: number; exact: boolean }> {
    return { count: 0, exact: true };
  }

  watch(id: string, options: WatchOptions = {}): AsyncGenerator<Task, void, undefined> {
    checkId(this.#watch, id);
    return new ShownWatch(this.#tasks.watch(id, options), (task) => this.#shown(task));
  }

  async wait(id: string, options: WaitOptions = {}): Promise<Task> {
    checkId(this.#watch, id);
    return this.#shown(await this.#tasks.wait(id, options));
  }

  async cancel(id: string, options: { readonly reason?: string; readonly actor?: string } = {}) {
    need(this.#watch, 'CANCEL');
    checkId(this.#watch, id);
    const { accepted, task } = await this.#tasks.cancel(id, options);
    return { accepted, task: this.#shown(task) };
  }

  async standing(task: Pick<Task, 'id' | 'queue'>): Promise<Standing> {
    return await this.#tasks.standing(task);
  }

  secretsOf(of: Parameters<Tasks['secretsOf']>[0]): ReturnType<Tasks['secretsOf']> {
    return this.#tasks.secretsOf(of);
  }

  async getBatch(): Promise<undefined> {}

  #shown(task: Task): Task {
    const fields = this.#watch.rights.has('OUTPUT') ? [...shownFields, ...outputFields] : shownFields;
    const shown = fields.flatMap((field) => (task[field] === undefined ? [] : [[field, task[field]]]));
    // By where it ran a worker's name tells the name of a machine.
    const attempts = task.attempts.map((attempt) => ({ ...attempt, worker: '' }));
    // All that a task always has is among them, but for its tags.
    return { ...Object.fromEntries(shown), attempts, tags: [] };
  }
}

/** What a state says of the task itself; no tags, and nothing of what it belongs to. */
const shownFields = [
  'id',
  'name',
  'queue',
  'status',
  'version',
  'attempt',
  'maxAttempts',
  'failedAttempts',
  'createdAt',
  'createdUs',
  'startedAt',
  'finishedAt',
  'runAt',
  'priority',
  'nextAttemptAt',
  'expiresAt',
  'deadlineAt',
  'progress',
  'failure',
  'cancellation',
  'owner',
  // Shown to nobody: for the span of its watch.
  'trace',
  'definitionVersion',
  'outputBytes',
] as const satisfies readonly (keyof Task)[];

/** What only the right to its output shows. */
const outputFields = ['output', 'streams'] as const satisfies readonly (keyof Task)[];

/** The log and the streams of that task. */
class WatchedLogs implements VisibleLogs {
  readonly #logs: Logs;
  readonly #watch: Watch;

  constructor(logs: Logs, watch: Watch) {
    this.#logs = logs;
    this.#watch = watch;
  }

  async read(id: string, options?: ReadOptions & { readonly level?: LogLevel }) {
    this.#check(id, 'LOGS');
    return await this.#logs.read(id, options);
  }

  async readStream(id: string, name: string, options?: ReadOptions) {
    this.#check(id, 'OUTPUT');
    return await this.#logs.readStream(id, name, options);
  }

  follow(
    id: string,
    options?: FollowOptions & { readonly level?: LogLevel },
  ): AsyncGenerator<LogBatch, void> {
    this.#check(id, 'LOGS');
    return this.#logs.follow(id, options);
  }

  followStream(id: string, name: string, options?: FollowOptions): AsyncGenerator<StreamBatch, void> {
    this.#check(id, 'OUTPUT');
    return this.#logs.followStream(id, name, options);
  }

  #check(id: string, right: WatchRight): void {
    need(this.#watch, right);
    checkId(this.#watch, id);
  }
}

const noSchedules: VisibleSchedules = {
  get: async () => await Promise.resolve(undefined),
  getMany: async (ids) => await Promise.resolve(ids.map(() => undefined)),
  list: refuse,
  watch: refuse,
  create: refuse,
  update: refuse,
  pause: refuse,
  resume: refuse,
  delete: refuse,
  runNow: refuse,
};

/** @throws TaskNotFoundError for every other task, whether it is there or not */
function checkId(watch: Watch, id: string): void {
  if (id !== watch.taskId) throw new TaskNotFoundError(id);
}

/** @throws ForbiddenError where a watch token is without a right */
export function need({ rights }: Watch, right: WatchRight): void {
  if (rights.has(right)) return;
  throw new ForbiddenError(
    `Expected a watch token with the right ${right}. Yours: ${[...rights].join(', ')}.`,
  );
}

/** For what no field does that a watch token may use. */
function refuse(): never {
  throw new ForbiddenError('A watch token is for one task alone.');
}

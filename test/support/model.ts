import type { Outcome } from '../../src/tasks/delivery.ts';
import { isFinal, type AttemptOutcome, type TaskStatus } from '../../src/tasks/task.ts';

/** What a definition says, with times in whole hours of the task's own time; 0 is at once. */
export interface ModelPolicy {
  readonly attempts: number;
  readonly maxDeliveries: number;
  readonly backoff: number;
  readonly timeout?: number;
  readonly deadline?: number;
  readonly expiresIn?: number;
}

/** A task as it should be. */
export interface ModelTask {
  readonly id: string;
  readonly name: string;
  readonly policy: ModelPolicy;
  status: TaskStatus;
  /** Hours that have passed for this task. */
  now: number;
  attempt: number;
  tried: number;
  lost: number;
  /** Times that it has ended: once in each round. */
  ends: number;
  suspect?: number | undefined;
  token?: string | undefined;
  worker?: string | undefined;
  lastEnded?: string | undefined;
  outcomes: (AttemptOutcome | undefined)[];
  due?: number | undefined;
  expiresAt?: number | undefined;
  deadlineAt?: number | undefined;
  timeoutAt?: number | undefined;
  canceledAt?: number | undefined;
}

/** A worker as the store should know it. */
export interface ModelWorker {
  readonly worker: string;
  readonly names: readonly string[];
  lease: 'none' | 'good' | 'over';
  slots: number;
  /** True once a clock has ended one of its attempts: that one is why, should the worker be lost. */
  isExcused: boolean;
}

/** The state machine of a queue in plain TypeScript: what the scripts are held against. */
export class Model {
  readonly tasks: ModelTask[] = [];
  readonly workers: readonly ModelWorker[];

  constructor(workers: readonly Omit<ModelWorker, 'lease' | 'isExcused'>[]) {
    this.workers = workers.map((worker) => ({ ...worker, lease: 'good', isExcused: false }));
  }

  create(id: string, name: string, policy: ModelPolicy): ModelTask {
    const start = { status: 'QUEUED', now: 0, attempt: 0, tried: 0, lost: 0, ends: 0, outcomes: [] } as const;
    const task: ModelTask = { id, name, policy, ...start, outcomes: [] };
    this.#startClocks(task);
    this.tasks.push(task);
    return task;
  }

  /** What a worker should be handed. */
  begin(worker: ModelWorker, token: string): ModelTask | undefined {
    const held = this.heldBy(worker).find((task) => task.token === token);
    if (held !== undefined || worker.lease === 'none') return held;
    const waiting = this.tasks.filter((task) => task.status === 'QUEUED' && this.mayTake(worker, task));
    const task = waiting.find((found) => !this.#timeUp(found));
    if (task === undefined) return undefined;
    const { timeout } = task.policy;
    const ends = [timeout === undefined ? undefined : task.now + timeout, task.deadlineAt];
    const times = ends.filter((time) => time !== undefined);
    Object.assign(task, { status: 'RUNNING', attempt: task.attempt + 1, token, worker: worker.worker });
    Object.assign(task, {
      expiresAt: undefined,
      timeoutAt: times.length > 0 ? Math.min(...times) : undefined,
    });
    task.outcomes.push(undefined);
    return task;
  }

  /** A worker's word about a delivery; true where it counts. */
  finish(id: string, token: string, outcome: Outcome): boolean {
    const task = this.task(id);
    if (task.token !== token) return task.lastEnded === token;
    const ended = outcome.outcome;
    task.lastEnded = token;
    this.#settle(task, ended, {
      retryable: outcome.outcome === 'FAILED' && outcome.failure.retryable,
      wait: outcome.outcome === 'FAILED' ? outcome.retryAfterMs : undefined,
      reported: true,
    });
    return true;
  }

  /** True where a cancel is accepted. */
  cancel(task: ModelTask): boolean {
    if (isFinal(task.status)) return false;
    if (task.status === 'RUNNING') {
      task.status = 'CANCELING';
      task.canceledAt = task.now;
    } else if (task.status !== 'CANCELING') {
      this.#end(task, 'CANCELED');
    }
    return true;
  }

  /** True where a retry by hand is accepted. */
  retry(task: ModelTask): boolean {
    if (!isFinal(task.status) || task.status === 'SUCCEEDED') return false;
    Object.assign(task, { status: 'QUEUED', tried: 0, lost: 0, suspect: undefined, canceledAt: undefined });
    this.#startClocks(task);
    return true;
  }

  /** A worker stops, or hears of nothing that it was handed. */
  giveBack(worker: ModelWorker): void {
    for (const task of this.heldBy(worker)) this.#settle(task, 'SUPERSEDED');
  }

  tick(): void {
    for (const worker of this.workers) if (worker.lease === 'over') this.#lose(worker);
    for (const task of this.tasks) {
      const clock = this.clockOf(task);
      if (clock === undefined || clock > task.now) continue;
      if (task.status === 'RUNNING' || task.status === 'CANCELING') {
        const worker = this.workers.find((worker) => worker.worker === task.worker);
        if (worker !== undefined && worker.lease !== 'none') worker.isExcused = true;
        this.#settle(task, 'TIMED_OUT');
      } else if (!this.#timeUp(task)) Object.assign(task, { status: 'QUEUED', due: undefined });
    }
  }

  task(id: string): ModelTask {
    const task = this.tasks.find((task) => task.id === id);
    if (task === undefined) throw new Error(`the model has no task ${id}`);
    return task;
  }

  heldBy({ worker }: ModelWorker): ModelTask[] {
    return this.tasks.filter((task) => task.worker === worker);
  }

  /** Whether a worker serves a task, and has room for it where it is a suspect. */
  mayTake(worker: ModelWorker, task: ModelTask): boolean {
    if (!worker.names.includes(task.name)) return false;
    if (task.suspect === undefined) return true;
    const limits = this.heldBy(worker).flatMap(({ suspect }) => suspect ?? []);
    return Math.min(task.suspect, ...limits) > limits.length;
  }

  /** When time does something to a task: where it runs, half an hour of grace after its time is up. */
  clockOf(task: ModelTask): number | undefined {
    if (isFinal(task.status)) return undefined;
    const runs = task.status === 'RUNNING' || task.status === 'CANCELING';
    const times = runs
      ? [task.timeoutAt, task.canceledAt].flatMap((time) => (time === undefined ? [] : time + 0.5))
      : [task.due, task.expiresAt, task.deadlineAt].filter((time) => time !== undefined);
    return times.length > 0 ? Math.min(...times) : undefined;
  }

  #startClocks(task: ModelTask): void {
    const { expiresIn, deadline } = task.policy;
    task.expiresAt = expiresIn === undefined ? undefined : task.now + expiresIn;
    task.deadlineAt = deadline === undefined ? undefined : task.now + deadline;
  }

  #settle(
    task: ModelTask,
    ended: AttemptOutcome,
    given: { retryable?: boolean; wait?: number | undefined; reported?: boolean; suspect?: number } = {},
  ): void {
    let outcome = ended;
    const isCanceling = task.status === 'CANCELING' && ended !== 'SUCCEEDED';
    if (isCanceling) outcome = 'CANCELED';
    task.outcomes[task.attempt - 1] = outcome;
    const { deadlineAt = Infinity, timeoutAt } = task;
    const isLate = timeoutAt === deadlineAt || task.now >= deadlineAt;
    Object.assign(task, { token: undefined, worker: undefined, timeoutAt: undefined });
    if (given.reported === true && outcome !== 'SUPERSEDED') task.suspect = undefined;
    if (given.suspect !== undefined) task.suspect = given.suspect;
    if (outcome === 'SUCCEEDED' || outcome === 'CANCELED') return this.#end(task, outcome);
    if (outcome === 'LOST') {
      task.lost += 1;
      if (task.lost > task.policy.maxDeliveries) return this.#end(task, 'FAILED');
    }
    if (outcome === 'FAILED' || outcome === 'TIMED_OUT') {
      return this.#afterFailure(task, outcome === 'FAILED' ? given.retryable === true : !isLate, given.wait);
    }
    task.status = 'QUEUED';
  }

  #afterFailure(task: ModelTask, retryable: boolean, waitMs: number | undefined): void {
    const { attempts, backoff } = task.policy;
    task.tried += 1;
    const wait = waitMs === undefined ? backoff : waitMs / 3_600_000;
    const due = task.now + wait;
    const tooLate = task.deadlineAt !== undefined && due >= task.deadlineAt;
    if (!retryable || task.tried >= attempts || tooLate) return this.#end(task, 'FAILED');
    if (wait === 0) task.status = 'QUEUED';
    else Object.assign(task, { status: 'RETRYING', due });
  }

  #lose(worker: ModelWorker): void {
    const held = this.heldBy(worker);
    const suspects = held.filter(({ suspect }) => suspect !== undefined);
    const blamed = worker.isExcused ? [] : suspects.length > 0 ? suspects : held;
    const limit = Math.max(1, Math.floor(blamed.length / 4));
    for (const task of held) {
      const isBlamed = blamed.includes(task);
      if (isBlamed && blamed.length === 1) this.#settle(task, 'LOST', { suspect: 1 });
      else this.#settle(task, 'SUPERSEDED', isBlamed ? { suspect: limit } : {});
    }
    worker.lease = 'none';
    worker.isExcused = false;
    worker.slots = 0;
  }

  #timeUp(task: ModelTask): boolean {
    const isOver = (time: number | undefined): boolean => time !== undefined && task.now >= time;
    const expiresFirst = (task.expiresAt ?? Infinity) <= (task.deadlineAt ?? Infinity);
    if (isOver(task.expiresAt) && expiresFirst) this.#end(task, 'EXPIRED');
    else if (isOver(task.deadlineAt)) this.#end(task, 'FAILED');
    else return false;
    return true;
  }

  #end(task: ModelTask, status: TaskStatus): void {
    task.status = status;
    task.due = undefined;
    task.ends += 1;
  }
}

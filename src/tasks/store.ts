import { UnavailableError } from '../errors.ts';
import { answerWithin, isBug } from '../redis/answer.ts';
import { tasksEnqueued } from '../metrics.ts';
import type { Redis, Script } from '../redis/connection.ts';
import { inputKey, outputKey, queueRoot, queuesKey, taskKey, waitingKey } from '../redis/keys.ts';
import { Bundle, type Answer } from './bundle.ts';
import type { Hint } from './delivery.ts';
import { queueOf } from './id.ts';
import { itemOf, resultOf, type Created, type CreateResult, type NewTask } from './new-task.ts';
import { chunks, parseHints, parseTask } from './replies.ts';
import { itemsPerCall } from './scripts/bounds.ts';
import { cancel } from './scripts/cancel.ts';
import { create } from './scripts/create.ts';
import { mend, mendEveryMs } from './scripts/mend.ts';
import { states } from './scripts/read.ts';
import { retry } from './scripts/retry.ts';
import { tick } from './scripts/tick.ts';
import { unheld } from './scripts/unheld.ts';
import { prioritize, reschedule } from './scripts/waiting-changes.ts';
import type { Task } from './task.ts';

/** What one look of the clock at a queue came to. */
export interface Tick {
  /** The store's time, in ms. */
  readonly now: number;
  /** When the next task is due, in ms. */
  readonly next: number | undefined;
  /** Tasks whose worker was lost. */
  readonly lost: readonly string[];
  /** Removals that were carried out; `itemsPerCall` of them means that there are more. */
  readonly removed: number;
  /** Tasks that the clock failed at, each with the reason. */
  readonly errors: readonly string[];
  /** Schedules whose slot has come, as `Scheduler.fire` takes them. */
  readonly schedules: readonly string[];
  readonly hints: Hint[];
}

/** What became of a change that a task's status may not allow. */
export interface Changed {
  readonly accepted: boolean;
  readonly task: Task;
  readonly hints: Hint[];
}

/** The records of all queues, each change by one script. Knows no definitions and pushes no hints. */
export class Store {
  readonly #redis: Redis;
  readonly #prefix: string;
  readonly #deadlineMs: number | undefined;
  readonly #creations: Map<string, Bundle<NewTask, CreatedOne>> = new Map();

  /** With a deadline (ms) a call that takes longer, or finds no Redis, is an UnavailableError. */
  constructor(redis: Redis, prefix: string, deadlineMs?: number) {
    this.#redis = redis;
    this.#prefix = prefix;
    this.#deadlineMs = deadlineMs;
  }

  /** The same store for calls that may take longer, or less long. */
  withDeadline(deadlineMs: number): Store {
    return new Store(this.#redis, this.#prefix, deadlineMs);
  }

  /** False once the connection was ended by its owner. */
  get isOpen(): boolean {
    return this.#redis.status !== 'end';
  }

  root(queue: string): string {
    return queueRoot(this.#prefix, queue);
  }

  /**
   * Writes a task, or says why not. Tasks of one turn are written in one call.
   *
   * @throws QueueFullError; QueueDrainingError; LimitReachedError
   */
  async create(queue: string, task: NewTask): Promise<Created & { hints: Hint[] }> {
    let bundle = this.#creations.get(queue);
    if (bundle === undefined) {
      bundle = new Bundle(
        (tasks) => this.#createTogether(queue, tasks),
        ({ input }) => input.length,
      );
      this.#creations.set(queue, bundle);
    }
    const { result, hints } = await bundle.add(task);
    if (result.status === 'REFUSED') throw result.error;
    return { ...result, hints };
  }

  async #createTogether(queue: string, tasks: readonly NewTask[]): Promise<Answer<CreatedOne>[]> {
    const { results, hints } = await this.#createPiece(queue, tasks);
    let left = hints;
    return results.map((answer) => {
      if ('error' in answer) return answer;
      const { result } = answer;
      // They wake slots for all of them: whose task was written pushes them.
      const own = result.status === 'REFUSED' ? [] : left;
      if (result.status !== 'REFUSED') left = [];
      return { result: { result, hints: own } };
    });
  }

  /** Writes tasks, pieces of 100 at once; says of each in its place what became of it. */
  async createMany(
    queue: string,
    tasks: readonly NewTask[],
  ): Promise<{ results: CreateResult[]; hints: Hint[] }> {
    const replies = await Promise.all(
      chunks(tasks, itemsPerCall).map((piece) => this.#createPiece(queue, piece)),
    );
    const results = replies.flatMap((reply) => reply.results);
    return {
      results: results.map((answer) => {
        if ('error' in answer) throw answer.error;
        return answer.result;
      }),
      hints: replies.flatMap((reply) => reply.hints),
    };
  }

  async #createPiece(
    queue: string,
    tasks: readonly NewTask[],
  ): Promise<{ results: Answer<CreateResult>[]; hints: Hint[] }> {
    const [codes, ...hints] = (await this.run(create, queue, tasks.flatMap(itemOf))) as CreateReply;
    const results = chunks(codes, 2).map(([code, text], index): Answer<CreateResult> => {
      const name = tasks[index]?.name ?? '';
      try {
        const result = resultOf(queue, name, Number(code), String(text));
        if (result.status === 'CREATED') tasksEnqueued.add(queue, name);
        return { result };
      } catch (error) {
        return { error: this.#failure(error) };
      }
    });
    return { results, hints: parseHints(hints) };
  }

  async cancel(
    id: string,
    options: { readonly reason?: string; readonly actor?: string },
  ): Promise<Changed | undefined> {
    const queue = queueOf(id);
    if (queue === undefined) return undefined;
    const reply = (await this.run(cancel, queue, [id, membersOf(options)])) as
      | [number, string, ...string[]]
      | [];
    const [accepted, state, ...hints] = reply;
    if (state === undefined) return undefined;
    return { accepted: accepted === 1, task: parseTask(state), hints: parseHints(hints) };
  }

  /** Puts a task that ended without success back, in a new round. */
  async retry(
    id: string,
  ): Promise<{ status: 'ACCEPTED' | 'NOT_RETRYABLE' | 'KEY_REUSED'; task: Task; hints: Hint[] } | undefined> {
    const queue = queueOf(id);
    if (queue === undefined) return undefined;
    const [accepted, state, ...hints] = (await this.run(retry, queue, [id])) as
      | [number, string, ...string[]]
      | [];
    if (state === undefined) return undefined;
    const status = accepted === 1 ? 'ACCEPTED' : accepted === 0 ? 'NOT_RETRYABLE' : 'KEY_REUSED';
    return { status, task: parseTask(state), hints: parseHints(hints) };
  }

  /** Gives a task that waits for a time another one (ms); one that has passed is now. */
  async reschedule(id: string, at: number): Promise<Changed | undefined> {
    return await this.#changeWaiting(reschedule, id, Math.round(at));
  }

  /** Gives a task that isn't final another priority (s). */
  async prioritize(id: string, priority: number): Promise<Changed | undefined> {
    return await this.#changeWaiting(prioritize, id, priority);
  }

  async #changeWaiting(script: Script, id: string, value: number): Promise<Changed | undefined> {
    const queue = queueOf(id);
    if (queue === undefined) return undefined;
    const reply = (await this.run(script, queue, [id, value])) as [number, string, ...string[]] | [];
    const [accepted, state, ...hints] = reply;
    if (state === undefined) return undefined;
    return { accepted: accepted === 1, task: parseTask(state), hints: parseHints(hints) };
  }

  /** The clock's work on a queue; all times are the store's, in ms. */
  async tick(
    queue: string,
    touch: { readonly leaseMs: number; readonly since: number; readonly last: number },
  ): Promise<Tick> {
    const reply = await this.run(tick, queue, [touch.leaseMs, touch.since, touch.last]);
    const [now, next, lost, removed, errors, schedules, ...hints] = reply as [
      string,
      string,
      string[],
      number,
      string[],
      string[],
      ...string[],
    ];
    return {
      now: Number(now),
      next: next === '' ? undefined : Number(next),
      lost,
      removed,
      errors,
      schedules,
      hints: parseHints(hints),
    };
  }

  /** Mends a piece of what a crash may have left behind; says how much of which kind there was. */
  async mend(queue: string): Promise<{ mended: Readonly<Record<string, number>>; hints: Hint[] }> {
    const [counts, , , , ...hints] = (await this.run(mend, queue, [mendEveryMs])) as MendReply;
    return { mended: parseCounts(counts), hints: parseHints(hints) };
  }

  /** What a crash has left behind in a queue, counted without changing anything; bounded pieces, one after the other. */
  async orphans(queue: string): Promise<Readonly<Record<string, number>>> {
    const found: Record<string, number> = {};
    let position: readonly [string, string, string] = ['start', 'start', 'start'];
    while (position.some((place) => place !== 'end')) {
      const [counts, active, all, tags] = (await this.run(mend, queue, ['', ...position])) as MendReply;
      for (const [kind, count] of Object.entries(parseCounts(counts))) {
        // Every piece sees all of the hints that workers hold.
        found[kind] = kind === 'hintsOfLostWorkers' ? count : (found[kind] ?? 0) + count;
      }
      position = [active, all, tags];
    }
    return found;
  }

  /** Those of some hints that no slot of a live worker holds. */
  async unheld(queue: string, hints: readonly string[]): Promise<string[]> {
    if (hints.length === 0) return [];
    return (await this.run(unheld, queue, hints)) as string[];
  }

  async get(id: string): Promise<Task | undefined> {
    return (await this.getMany([id]))[0];
  }

  /** The states of tasks of any queues, in the order of their ids. */
  async getMany(ids: readonly string[]): Promise<(Task | undefined)[]> {
    const found = new Map<string, Task>();
    const queues = Map.groupBy(ids, (id) => queueOf(id) ?? '');
    queues.delete('');
    const reads = [...queues].flatMap(([queue, ids]) =>
      chunks(ids, 100).map(async (chunk) => {
        for (const state of (await this.run(states, queue, chunk)) as string[]) {
          if (state !== '') {
            const task = parseTask(state);
            found.set(task.id, task);
          }
        }
      }),
    );
    await Promise.all(reads);
    return ids.map((id) => found.get(id));
  }

  /** Wire JSON of a record's input or output, as text. */
  async content(id: string, field: 'input' | 'output'): Promise<string | undefined> {
    const queue = queueOf(id);
    if (queue === undefined) return undefined;
    const root = this.root(queue);
    const text = await this.within(async () =>
      field === 'input'
        ? await this.#redis.get(inputKey(root, id))
        : ((await this.#redis.hget(taskKey(root, id), field)) ??
          (await this.#redis.get(outputKey(root, id)))),
    );
    return text ?? undefined;
  }

  /** The channel on which it is told that there are new queues. */
  get queuesChannel(): string {
    return queuesKey(this.#prefix);
  }

  /** Remembers that queues exist, so that lists find them in every process; tells it where they are new. */
  async registerQueues(queues: readonly string[]): Promise<void> {
    const added = await this.within(() => this.#redis.sadd(queuesKey(this.#prefix), ...queues));
    if (added > 0) await this.publish(this.queuesChannel, '');
  }

  /** Tells all who listen to a channel. */
  async publish(channel: string, message: string): Promise<void> {
    await this.within(() => this.#redis.publish(channel, message));
  }

  async queues(): Promise<string[]> {
    return await this.within(() => this.#redis.smembers(queuesKey(this.#prefix)));
  }

  /** How many tasks of an owner wait in a queue. */
  async waitingOf(queue: string, owner: string): Promise<number> {
    const key = waitingKey(this.root(queue));
    return Number(await this.within(() => this.#redis.hget(key, JSON.stringify(owner))));
  }

  /** Runs a script on a queue within the store's deadline. @throws UnavailableError */
  run(script: Script, queue: string, args: readonly (string | number)[]): Promise<unknown> {
    return this.within(() => this.#redis.run(script, this.root(queue), args));
  }

  /** Bounds any wait for Redis by the store's deadline, where it has one. @throws UnavailableError */
  async within<T>(call: () => Promise<T>): Promise<T> {
    if (this.#deadlineMs === undefined) return await call();
    return await answerWithin(this.#redis, this.#deadlineMs, call);
  }

  /** What a caller with a deadline is told of an error of the store. */
  #failure(error: unknown): unknown {
    return this.#deadlineMs === undefined || isBug(error) ? error : new UnavailableError({ cause: error });
  }
}

/** What became of a task that was created with others, and the slots that it wakes for them. */
interface CreatedOne {
  readonly result: CreateResult;
  readonly hints: Hint[];
}

/** Members of a JSON object, each with a comma before it. */
export function membersOf(object: object): string {
  return Object.entries(object)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `,${JSON.stringify(name)}:${JSON.stringify(value)}`)
    .join('');
}

type CreateReply = [(string | number)[], ...string[]];

type MendReply = [string[], string, string, string, ...string[]];

function parseCounts(values: readonly (string | number)[]): Record<string, number> {
  return Object.fromEntries(chunks(values, 2).map(([kind, count]) => [String(kind), Number(count)]));
}

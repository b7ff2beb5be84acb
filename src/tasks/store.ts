import { UnavailableError } from '../errors.ts';
import { whenReady, type Redis, type Script } from '../redis/connection.ts';
import { queueRoot, queuesKey, taskKey } from '../redis/keys.ts';
import type { Delivery, Hint, Outcome, Server } from './delivery.ts';
import { queueOf } from './id.ts';
import { begin } from './scripts/begin.ts';
import { cancel } from './scripts/cancel.ts';
import { create } from './scripts/create.ts';
import { finish } from './scripts/finish.ts';
import { leave, renew } from './scripts/presence.ts';
import { progress } from './scripts/progress.ts';
import { count, page, states } from './scripts/read.ts';
import { tick } from './scripts/tick.ts';
import { unheld } from './scripts/unheld.ts';
import type { Position, StoreFilter } from './store-filter.ts';
import type { Task, TaskFailure, TaskProgress, TaskStatus } from './task.ts';

/** What a new record holds. */
export interface NewTask {
  readonly id: string;
  readonly name: string;
  readonly definitionVersion: string;
  readonly owner: string;
  readonly tags: readonly string[];
  readonly parent: string | undefined;
  readonly trace: string | undefined;
  /** Wire JSON, as text. */
  readonly input: string;
  readonly maxDeliveries: number;
  readonly keepSuccessMs: number;
  readonly keepFailureMs: number;
}

/** The records of all queues, each change by one script. Knows no definitions and pushes no hints. */
export class Store {
  readonly #redis: Redis;
  readonly #prefix: string;
  readonly #deadlineMs: number | undefined;

  /** With a deadline (ms) a call that takes longer, or finds no Redis, is an UnavailableError. */
  constructor(redis: Redis, prefix: string, deadlineMs?: number) {
    this.#redis = redis;
    this.#prefix = prefix;
    this.#deadlineMs = deadlineMs;
  }

  /** False once the connection was ended by its owner. */
  get isOpen(): boolean {
    return this.#redis.status !== 'end';
  }

  root(queue: string): string {
    return queueRoot(this.#prefix, queue);
  }

  async create(queue: string, task: NewTask): Promise<{ created: boolean; task: Task; hints: Hint[] }> {
    const reply = await this.#run(create, queue, [
      task.id,
      task.name,
      task.definitionVersion,
      JSON.stringify(task.owner),
      JSON.stringify(task.tags),
      task.tags.join('\n'),
      task.parent === undefined ? '' : JSON.stringify(task.parent),
      task.trace === undefined ? '' : JSON.stringify(task.trace),
      task.input,
      task.maxDeliveries,
      task.keepSuccessMs,
      task.keepFailureMs,
    ]);
    const [created, state, ...hints] = reply as [number, string, ...string[]];
    return { created: created === 1, task: parseTask(state), hints: parseHints(hints) };
  }

  /** Takes the best claimable task for a slot, after a hint. */
  async begin(
    queue: string,
    server: Server,
    token: string,
    hint: { readonly hint: string; readonly id: string },
    mayWake: boolean,
  ): Promise<{ delivery: Delivery | undefined; hints: Hint[] }> {
    const args = [server.worker, token, hint.hint, hint.id, mayWake ? 1 : 0, ...server.lines];
    const [delivery, ...hints] = (await this.#run(begin, queue, args)) as ['' | string[], ...string[]];
    return { delivery: parseDelivery(delivery), hints: parseHints(hints) };
  }

  /** Writes a delivery's outcome and takes the slot's next task, unless it stops (no next token). */
  async finish(
    queue: string,
    server: Server,
    delivery: Delivery,
    outcome: Outcome,
    nextToken: string | undefined,
    hint: string,
  ): Promise<{ counted: boolean; delivery: Delivery | undefined; hints: Hint[] }> {
    const failure = outcome.outcome === 'FAILED' ? outcome.failure : undefined;
    const args = [
      server.worker,
      delivery.task.id,
      delivery.token,
      outcome.outcome,
      outcome.outcome === 'SUCCEEDED' ? outcome.output : '',
      failure === undefined ? '' : JSON.stringify(failure),
      failure === undefined ? '' : JSON.stringify(brief(failure)),
      nextToken ?? '',
      hint,
      ...server.lines,
    ];
    const [counted, next, ...hints] = (await this.#run(finish, queue, args)) as [
      number,
      '' | string[],
      ...string[],
    ];
    return { counted: counted === 1, delivery: parseDelivery(next), hints: parseHints(hints) };
  }

  /** Writes an attempt's progress; answers with the status, or undefined where the token is stale. */
  async progress(queue: string, delivery: Delivery, value: TaskProgress): Promise<TaskStatus | undefined> {
    const args = [delivery.task.id, delivery.token, JSON.stringify(value)];
    const status = (await this.#run(progress, queue, args)) as TaskStatus | '';
    return status === '' ? undefined : status;
  }

  async cancel(
    id: string,
    options: { readonly reason?: string; readonly actor?: string },
  ): Promise<{ accepted: boolean; task: Task; hints: Hint[] } | undefined> {
    const queue = queueOf(id);
    if (queue === undefined) return undefined;
    const members = Object.entries(options)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => `,${JSON.stringify(name)}:${JSON.stringify(value)}`);
    const reply = (await this.#run(cancel, queue, [id, members.join('')])) as
      | [number, string, ...string[]]
      | [];
    const [accepted, state, ...hints] = reply;
    if (state === undefined) return undefined;
    return { accepted: accepted === 1, task: parseTask(state), hints: parseHints(hints) };
  }

  /** Renews a worker's lease on all its deliveries; says which of them are void or to be canceled. */
  async renew(
    queue: string,
    server: Server,
    presence: {
      readonly leaseMs: number;
      readonly slots: number;
      readonly host: string;
      readonly pid: number;
    },
    tokens: readonly string[],
  ): Promise<{ stale: string[]; canceling: string[]; hints: Hint[] }> {
    const args = [
      server.worker,
      presence.leaseMs,
      presence.slots,
      ` ${server.lines.join(' ')} `,
      presence.host,
      presence.pid,
      tokens.length,
      ...tokens,
    ];
    const [stale, canceling, ...hints] = (await this.#run(renew, queue, args)) as [
      string[],
      string[],
      ...string[],
    ];
    return { stale, canceling, hints: parseHints(hints) };
  }

  /** Takes a worker's presence away and gives back what it still holds. */
  async leave(queue: string, worker: string): Promise<Hint[]> {
    return parseHints((await this.#run(leave, queue, [worker])) as string[]);
  }

  /** The clock's work on a queue; all times are the store's, in ms. */
  async tick(
    queue: string,
    touch: { readonly leaseMs: number; readonly since: number; readonly last: number },
  ): Promise<{ now: number; lost: string[]; removed: number; hints: Hint[] }> {
    const reply = await this.#run(tick, queue, [touch.leaseMs, touch.since, touch.last]);
    const [now, lost, removed, ...hints] = reply as [string, string[], number, ...string[]];
    return { now: Number(now), lost, removed, hints: parseHints(hints) };
  }

  /** Those of some hints that no slot of a live worker holds. */
  async unheld(queue: string, hints: readonly string[]): Promise<string[]> {
    if (hints.length === 0) return [];
    return (await this.#run(unheld, queue, hints)) as string[];
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
        for (const state of (await this.#run(states, queue, chunk)) as string[]) {
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
    const text = await this.within(() => this.#redis.hget(taskKey(this.root(queue), id), field));
    return text ?? undefined;
  }

  /** Part of a page from one queue; `end` is how far the bounded look came. */
  async page(
    queue: string,
    filter: StoreFilter,
    direction: 'ASC' | 'DESC',
    limit: number,
    from: Position | undefined,
  ): Promise<{ more: boolean; end: Position | undefined; tasks: { task: Task; position: Position }[] }> {
    const reply = await this.#run(page, queue, [
      direction,
      limit,
      from?.time ?? '',
      from?.id ?? '',
      ...listArguments(filter),
      (filter.owners ?? []).map((owner) => JSON.stringify(owner)).join('\n'),
      ...timeArguments(filter),
    ]);
    const [more, endTime, endId, ...found] = reply as [number, string, string, ...string[]];
    const tasks = chunks(found, 2).map(([state = '', time = '']) => {
      const task = parseTask(state);
      return { task, position: { time, id: task.id } };
    });
    return { more: more === 1, end: endTime === '' ? undefined : { time: endTime, id: endId }, tasks };
  }

  async count(queue: string, filter: StoreFilter): Promise<number> {
    const reply = await this.#run(count, queue, [...listArguments(filter), ...timeArguments(filter)]);
    return Number(reply);
  }

  /** Remembers that queues exist, so that lists find them in every process. */
  async registerQueues(queues: readonly string[]): Promise<void> {
    await this.within(() => this.#redis.sadd(queuesKey(this.#prefix), ...queues));
  }

  async queues(): Promise<string[]> {
    return await this.within(() => this.#redis.smembers(queuesKey(this.#prefix)));
  }

  #run(script: Script, queue: string, args: readonly (string | number)[]): Promise<unknown> {
    return this.within(() => this.#redis.run(script, this.root(queue), args));
  }

  /** Bounds any wait for Redis by the store's deadline, where it has one. @throws UnavailableError */
  async within<T>(call: () => Promise<T>): Promise<T> {
    const deadlineMs = this.#deadlineMs;
    if (deadlineMs === undefined) return await call();
    const timeout = Promise.withResolvers<never>();
    const timer = setTimeout(
      () => timeout.reject(new Error(`no answer within ${deadlineMs} ms`)),
      deadlineMs,
    );
    try {
      // A connection that is just being made gets a moment, so that a blip isn't an error.
      const ready = this.#redis.status === 'ready';
      const answer = ready ? call() : whenReady(this.#redis, AbortSignal.timeout(deadlineMs / 2)).then(call);
      // A late answer is nobody's: the caller was told that the store is away.
      answer.catch(() => undefined);
      return await Promise.race([answer, timeout.promise]);
    } catch (error) {
      if (isBug(error)) throw error;
      throw new UnavailableError({ cause: error });
    } finally {
      clearTimeout(timer);
    }
  }
}

/** Parses a state as the scripts join it. */
export function parseTask(state: string): Task {
  // The one place where the scripts' JSON becomes a Task: `state` in scripts/prelude.ts writes these fields.
  return JSON.parse(state) as Task;
}

function parseHints(values: readonly string[]): Hint[] {
  return chunks(values, 3).map(([hint = '', id = '', delivery = '']) => ({
    hint,
    id,
    delivery: Number(delivery),
  }));
}

function parseDelivery(reply: '' | readonly string[]): Delivery | undefined {
  if (reply === '') return undefined;
  const [, token = '', , state = '', input = ''] = reply;
  return { token, task: parseTask(state), input };
}

/** A failure as an attempt keeps it: short, as the state shows up to twenty. */
function brief({ code, message, retryable, attempt }: TaskFailure): TaskFailure {
  return { code, message: message.length > 200 ? `${message.slice(0, 199)}…` : message, retryable, attempt };
}

function listArguments(filter: StoreFilter): string[] {
  return [filter.names, filter.statuses, filter.tags].map((list) => (list ?? []).join('\n'));
}

function timeArguments({ createdAfter, createdBefore }: StoreFilter): string[] {
  return [
    createdAfter === undefined ? '-inf' : String(createdAfter * 1_000),
    createdBefore === undefined ? '+inf' : String(createdBefore * 1_000),
  ];
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  const count = Math.ceil(items.length / size);
  return Array.from({ length: count }, (_, index) => items.slice(index * size, (index + 1) * size));
}

/** True for an answer of Redis that says that our script is wrong, not that Redis is away or unwell. */
export function isBug(error: unknown): boolean {
  return error instanceof Error && error.name === 'ReplyError' && /^(ERR|WRONGTYPE)/.test(error.message);
}

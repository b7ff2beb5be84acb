import { createHash } from 'node:crypto';
import { type ChildEnd, ChildFailedError } from '../definition/child-failed.ts';
import type { ChildDefinition, ChildOptions } from '../definition/children.ts';
import { TaskLostError, TaskNotFoundError } from '../errors.ts';
import { type Adopted, linkChild } from '../tasks/adoption.ts';
import type { Cascade } from '../tasks/cascade.ts';
import type { Delivery } from '../tasks/delivery.ts';
import type { Enqueuer } from '../tasks/enqueuer.ts';
import { queueOf } from '../tasks/id.ts';
import { sorted } from '../tasks/idempotency.ts';
import type { Store } from '../tasks/store.ts';
import { isFinal, type Task } from '../tasks/task.ts';
import type { Watches } from '../tasks/watches.ts';
import { enqueueSpanning } from '../tasks/task-spans.ts';
import type { Traces } from '../traces.ts';
import { AttemptAbortedError } from './abort.ts';
import type { Awaited, ChildLine } from './child-functions.ts';
import type { ChildProgress } from './child-progress.ts';
import type { Parking } from './parking.ts';

/** What a worker's attempts share to have children. */
export interface ChildServices {
  readonly store: Store;
  readonly watches: Watches<Task>;
  readonly enqueuer: Enqueuer;
  readonly cascade: Cascade;
  readonly traces: Traces | undefined;
}

export interface ChildrenOptions extends ChildServices {
  /** The parent's. */
  readonly delivery: Delivery;
  /** The W3C `traceparent` that children belong to. */
  readonly trace: string | undefined;
  readonly parking: Parking;
  readonly progress: ChildProgress;
  /** Fires with the attempt's own signal, or when it has ended. */
  readonly signal: AbortSignal;
  /** Called where the store says that the parent was canceled, or given to another worker. */
  readonly onVoid: (code: 'CANCELED' | 'STALE') => void;
}

/** The children of one attempt. */
export class Children implements ChildLine {
  readonly #options: ChildrenOptions;
  /** How often each key was asked for: the same input may be enqueued several times. */
  readonly #counts: Map<string, number> = new Map();

  constructor(options: ChildrenOptions) {
    this.#options = options;
  }

  async enqueue(
    which: string | ChildDefinition<never, unknown>,
    input: string,
    options: ChildOptions,
  ): Promise<string> {
    const { traces, trace } = this.#options;
    if (traces === undefined) return await this.#enqueue(which, input, options, trace);
    const name = typeof which === 'string' ? which : which.name;
    const enqueue = (trace: string | undefined) => this.#enqueue(which, input, options, trace);
    return await enqueueSpanning(traces, name, trace, enqueue);
  }

  async #enqueue(
    which: string | ChildDefinition<never, unknown>,
    input: string,
    options: ChildOptions,
    trace: string | undefined,
  ): Promise<string> {
    const { delivery, enqueuer, signal, store, progress } = this.#options;
    const { weight = 1, failure: _, ...rest } = options;
    if (!(weight >= 0 && weight < Infinity)) {
      throw new TypeError(`enqueue: weight must be a number of at least 0, got ${weight}`);
    }
    signal.throwIfAborted();
    // Counted before anything is waited for, so that it is the same in each attempt.
    const key = this.#key(typeof which === 'string' ? which : which.name, input, options.idempotencyKey);
    const { id: parent, owner } = delivery.task;
    const whose = { owner, parent, ...(trace === undefined ? {} : { trace }) };
    const prepared = await enqueuer.prepare(which, input, { ...rest, ...whose });
    const link = { key, id: prepared.task.id, weight };
    const first = this.#linked(await linkChild(store, delivery, link));
    let linked = first.id;
    if (first.status !== 'ADOPTED') {
      // An earlier attempt has enqueued it, and an explicit key finds it by itself.
      const known = options.idempotencyKey === undefined ? await store.get(linked) : undefined;
      if (known !== undefined && (first.status === 'KNOWN' || isGood(known))) {
        progress.add(linked, weight);
        return linked;
      }
      // One that was never made, or is gone, can be made under its id; one that failed in an earlier try is made anew.
      const isFree =
        known === undefined && queueOf(linked) === prepared.queue && options.idempotencyKey === undefined;
      if (!isFree) linked = this.#linked(await linkChild(store, delivery, { ...link, replaced: linked })).id;
    }
    const creating = enqueuer.create(prepared.queue, {
      ...prepared.task,
      id: linked,
      standsAt: first.standsAt,
    });
    // On the same connection right behind it: was the parent canceled before the child was there?
    const looking = store.get(parent);
    const [task, owning] = await Promise.all([creating, looking]);
    if (task.id !== linked) {
      this.#linked(await linkChild(store, delivery, { ...link, id: task.id, replaced: linked }));
    }
    await this.#followCancel(task, owning);
    progress.add(task.id, weight);
    return task.id;
  }

  async outputs(awaited: readonly Awaited[]): Promise<(string | undefined)[]> {
    const { store, parking, signal } = this.#options;
    signal.throwIfAborted();
    const tasks = await store.getMany(awaited.map(({ id }) => id));
    // What has ended already isn't waited for.
    const hasEnded = (task: Task | undefined) => task === undefined || isFinal(task.status);
    const outputs = async (signal: AbortSignal) =>
      await Promise.all(awaited.map((child, index) => this.#output(child, tasks[index], signal)));
    if (tasks.every(hasEnded)) return await outputs(signal);
    return await parking.during(async () => {
      const first = new AbortController();
      try {
        return await outputs(AbortSignal.any([signal, first.signal]));
      } finally {
        // The others of one that has failed aren't waited for.
        first.abort();
      }
    });
  }

  async #output(
    { id, mayFail }: Awaited,
    found: Task | undefined,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const { store } = this.#options;
    const task = found !== undefined && !isFinal(found.status) ? await this.#ended(id, signal) : found;
    if (task !== undefined) this.#options.progress.hear(task);
    if (task?.status === 'SUCCEEDED') {
      const output =
        task.output === undefined ? await store.content(id, 'output') : JSON.stringify(task.output);
      if (output !== undefined) return output;
    }
    if (mayFail) return undefined;
    throw failed(id, task?.status === 'SUCCEEDED' ? undefined : task);
  }

  /** A child's final state, undefined where its record is gone. */
  async #ended(id: string, signal: AbortSignal): Promise<Task | undefined> {
    const { watches, progress } = this.#options;
    try {
      for await (const task of watches.watch(id, { signal })) {
        if (isFinal(task.status)) return task;
        progress.hear(task);
      }
    } catch (error) {
      if (error instanceof TaskLostError || error instanceof TaskNotFoundError) return undefined;
      throw error;
    }
    signal.throwIfAborted();
    throw new Error(`the watch of ${id} was closed`);
  }

  #linked(adopted: Adopted): Extract<Adopted, { readonly id: string }> {
    if ('id' in adopted) return adopted;
    const code = adopted.status === 'STALE' ? 'STALE' : 'CANCELED';
    this.#options.onVoid(code);
    throw new AttemptAbortedError(code);
  }

  async #followCancel(child: Task, parent: Task | undefined): Promise<void> {
    if (parent?.cancellation === undefined || child.parent !== parent.id) return;
    await this.#options.cascade.cancelChild(child, parent);
  }

  #key(name: string, input: string, given: string | undefined): string {
    const base = given === undefined ? hash([name, sorted(JSON.parse(input))]) : hash([name, 'key', given]);
    if (given !== undefined) return base;
    const count = (this.#counts.get(base) ?? 0) + 1;
    this.#counts.set(base, count);
    return `${base}.${count}`;
  }
}

/** Whether there is still something to expect of it. */
function isGood({ status }: Task): boolean {
  return !isFinal(status) || status === 'SUCCEEDED';
}

function failed(id: string, task: Task | undefined): ChildFailedError {
  if (task === undefined) {
    const message = 'Its record is gone from the store: it has outlived its retention, or the store lost it.';
    return new ChildFailedError({
      id,
      status: undefined,
      failure: { code: 'TASK_LOST', message, retryable: true },
    });
  }
  const { status, failure } = task;
  // Final, and not SUCCEEDED.
  return new ChildFailedError({ id, status: status as ChildEnd['status'], failure });
}

function hash(parts: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url').slice(0, 24);
}

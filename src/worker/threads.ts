import { extname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { ResourceLimits, Worker } from 'node:worker_threads';
import type { Piscina } from 'piscina';
import type { TaskContext } from '../definition/context.ts';
import type { TaskDefinition } from '../definition/definition.ts';
import { sourceOf } from '../definition/source.ts';
import { ConfigurationError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import type { ChildLine } from './child-functions.ts';
import { ThreadLine } from './thread-line.ts';
import { reasonOf, type ThreadJob, type ThreadOutcome } from './thread-messages.ts';
import { ThrownInThread } from './thrown.ts';

export interface ThreadsOptions {
  readonly definitions: readonly TaskDefinition[];
  /** As many as there are slots: a run beyond waits for its turn. */
  readonly maxThreads: number;
  readonly logger: Logger;
  /** How long a thread is kept for the next task, in ms. @default 30000 */
  readonly idleMs?: number;
  /** What a thread may take of memory. @default what Node gives to a process of its own */
  readonly resourceLimits?: ResourceLimits;
}

export interface ThreadRunOptions {
  readonly definition: TaskDefinition;
  /** Wire JSON. */
  readonly input: string;
  /** The main thread's context, which is told and asked from the thread. */
  readonly context: TaskContext;
  /** Whether there are traces. @default false */
  readonly isTraced?: boolean;
  /** Its children, for what the thread asks of them. */
  readonly children: () => ChildLine;
  /** Ends the thread, whatever it does. */
  readonly kill: AbortSignal;
}

/** A thread that is in native code can't be ended before that returns; nobody waits longer for it. */
const endingMs = 1_000;

/** The thread that ran a task died of its own, or couldn't be made. */
class ThreadDiedError extends Error {
  readonly code = 'THREAD_DIED';
  override readonly name = 'ThreadDiedError';
}

/** The threads of a worker in which CPU-bound definitions run: made on demand, ended when idle. */
export class Threads implements AsyncDisposable {
  readonly #options: ThreadsOptions;
  /** What ends each run that Piscina has. */
  readonly #running = new Set<AbortController>();
  /** Runs beyond `maxThreads`, in their order. */
  readonly #waiting: PromiseWithResolvers<void>[] = [];
  #free: number;
  /** Threads whose run only waits. */
  #lent = 0;
  #pool: Promise<Piscina<ThreadJob, ThreadOutcome>> | undefined;
  #closed: Promise<void> | undefined;

  /** @throws {ConfigurationError} for each definition with `thread: true` whose file isn't known. */
  constructor(options: ThreadsOptions) {
    const problems = options.definitions
      .filter((definition) => definition.thread && sourceOf(definition) === undefined)
      .map(
        ({ name }) =>
          `Task '${name}' has thread: true, but was made in code: a thread imports it from its file. Load it by loadDefinitions, or name its file in --tasks.`,
      );
    if (problems.length > 0) throw new ConfigurationError(problems);
    this.#options = options;
    this.#free = options.maxThreads;
  }

  /**
   * Runs a delivery in a thread, input and output included; gives the output as wire JSON.
   *
   * @throws what `run` threw, as far as `failureOf` and the log look at it; the reason of `kill` once that has
   * fired and the thread has ended; an error with the code THREAD_DIED where the thread ended by itself.
   */
  async run(options: ThreadRunOptions): Promise<string> {
    const { kill } = options;
    // One for each run: it is also ended by `close`, and where no thread can be made.
    const ending = new AbortController();
    const end = (): void => ending.abort(kill.reason);
    if (kill.aborted) end();
    kill.addEventListener('abort', end, { once: true });
    try {
      await this.#turn(ending.signal);
      this.#running.add(ending);
      try {
        return await this.#run(options, ending.signal);
      } finally {
        this.#running.delete(ending);
        this.#free += 1;
        this.#admit();
      }
    } finally {
      kill.removeEventListener('abort', end);
    }
  }

  /** A run only waits in its thread: another one may have one beside it. */
  lend(): void {
    this.#setLent(this.#lent + 1);
    this.#admit();
  }

  /** It goes on. */
  takeBack(): void {
    this.#setLent(this.#lent - 1);
  }

  /** Ends all threads, and with them what runs there. */
  async close(): Promise<void> {
    this.#closed ??= this.#close();
    await this.#closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #setLent(lent: number): void {
    this.#free += lent - this.#lent;
    this.#lent = lent;
    // Its own bound, as it would start threads without end for what it can't place.
    this.#pool?.then(
      (pool) => Object.assign(pool.options, { maxThreads: this.#options.maxThreads + this.#lent }),
      () => undefined,
    );
  }

  #admit(): void {
    const next = this.#free > 0 ? this.#waiting.shift() : undefined;
    if (next === undefined) return;
    this.#free -= 1;
    next.resolve();
  }

  /** Waits for a place among `maxThreads`. Piscina's own queue stands still when its last thread dies. */
  async #turn(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#closed) throw stopped();
    if (this.#free > 0) {
      this.#free -= 1;
      return;
    }
    const turn = Promise.withResolvers<void>();
    this.#waiting.push(turn);
    const leave = (): void => {
      const place = this.#waiting.indexOf(turn);
      if (place >= 0) this.#waiting.splice(place, 1);
      turn.reject(signal.reason);
    };
    signal.addEventListener('abort', leave, { once: true });
    await turn.promise;
    signal.removeEventListener('abort', leave);
  }

  async #run(
    { definition, input, context, isTraced = false, children }: ThreadRunOptions,
    signal: AbortSignal,
  ): Promise<string> {
    const source = sourceOf(definition);
    if (source === undefined) throw new Error(`the worker has no file of the task '${definition.name}'`);
    const pool = await (this.#pool ??= this.#open());
    signal.throwIfAborted();
    let threads: readonly Worker[] = [];
    // Before Piscina's own listener, which takes the thread out.
    signal.addEventListener('abort', () => (threads = pool.threads), { once: true });
    const line = new ThreadLine(context, children);
    const { id, attempt, traceparent } = context;
    const aborted = context.signal.aborted ? reasonOf(context.signal.reason) : undefined;
    const job: ThreadJob = {
      source,
      name: definition.name,
      input,
      id,
      attempt,
      traceparent,
      isTraced,
      aborted,
      port: line.remote,
    };
    let outcome: ThreadOutcome;
    try {
      outcome = await pool.run(job, { transferList: [line.remote], signal });
    } catch (error) {
      if (!signal.aborted) throw died(definition.name, id, error);
      await ended(threads.filter((thread) => !pool.threads.includes(thread)));
      throw signal.reason;
    } finally {
      line.close();
    }
    if ('output' in outcome) return outcome.output;
    throw new ThrownInThread(outcome.thrown);
  }

  async #open(): Promise<Piscina<ThreadJob, ThreadOutcome>> {
    const { maxThreads, logger, idleMs = 30_000, resourceLimits } = this.#options;
    // Only now, as most workers have no use for it.
    const { Piscina } = await import('piscina');
    const pool = new Piscina<ThreadJob, ThreadOutcome>({
      // `thread.ts` beside the sources, `thread.js` in dist: whichever is running.
      filename: new URL(`./thread${extname(new URL(import.meta.url).pathname)}`, import.meta.url).href,
      name: 'runInThread',
      minThreads: 0,
      maxThreads: maxThreads + this.#lent,
      idleTimeout: idleMs,
      // With them a thread's event loop stands still between two tasks, and its open connections with it.
      atomics: 'disabled',
      recordTiming: false,
      ...(resourceLimits === undefined ? {} : { resourceLimits }),
    });
    pool.on('error', (error: unknown) => {
      logger.warn({ err: error }, 'a thread died that ran no task');
    });
    pool.on('workerDestroy', () => setImmediate(() => this.#endUnserved(pool)));
    return pool;
  }

  /** Piscina makes no new thread for a run whose thread died before it could start: it would wait for ever. */
  #endUnserved(pool: Piscina<ThreadJob, ThreadOutcome>): void {
    if (pool.threads.length > 0) return;
    for (const ending of this.#running) {
      ending.abort(
        new ThreadDiedError('No thread could be started for the task; see the log of the worker.'),
      );
    }
  }

  async #close(): Promise<void> {
    for (const turn of this.#waiting.splice(0)) turn.reject(stopped());
    for (const ending of this.#running) ending.abort(stopped());
    const pool = await this.#pool;
    await pool?.destroy();
  }
}

function stopped(): Error {
  return new ThreadDiedError('The worker has stopped, and its threads with it.');
}

function died(name: string, id: string, error: unknown): Error {
  return new ThreadDiedError(`The thread that ran the task '${name}' (${id}) died: ${howDied(error)}.`, {
    cause: error,
  });
}

function howDied(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof Error && 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY') {
    return 'it ran out of memory';
  }
  // Piscina's words for a thread that ended without an error.
  const [, exitCode] = /^worker exited with code: (\d+)$/.exec(message) ?? [];
  if (exitCode !== undefined) return `it exited with code ${exitCode}, as by process.exit`;
  return `nothing caught ${error instanceof Error ? error.name : 'what was thrown'}: ${message}`;
}

async function ended(threads: readonly Worker[]): Promise<void> {
  const late = new AbortController();
  const all = Promise.all(threads.map((thread) => thread.terminate()));
  await Promise.race([all, delay(endingMs, undefined, { signal: late.signal }).catch(() => undefined)]);
  late.abort();
}

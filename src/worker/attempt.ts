import type { ProgressUpdate, TaskContext } from '../definition/context.ts';
import type { CompiledDefinition } from '../definition/types.ts';
import type { Logger } from '../logger.ts';
import type { Delivery, Outcome } from '../tasks/delivery.ts';
import type { Store } from '../tasks/store.ts';
import { failureOf } from './failure.ts';
import { ProgressWriter } from './progress.ts';

/** Why an attempt's signal fired: the task was canceled, its token is void, or the worker stops. */
export type AbortCode = 'CANCELED' | 'STALE' | 'STOPPING';

/** The reason of an attempt's `AbortSignal`. */
export class AttemptAbortedError extends Error {
  readonly code: AbortCode;

  constructor(code: AbortCode) {
    super(reasons[code]);
    this.name = 'AbortError';
    this.code = code;
  }
}

const reasons: Readonly<Record<AbortCode, string>> = {
  CANCELED: 'The task was canceled.',
  STALE: 'The task was taken from this worker, as its lease had run out.',
  STOPPING: 'The worker stops and gives the task back.',
};

/** One try of a task: calls `run`, tells its progress, and says how it ended. */
export class Attempt {
  readonly delivery: Delivery;
  readonly #compiled: CompiledDefinition;
  readonly #store: Store;
  readonly #logger: Logger;
  readonly #abort = new AbortController();
  readonly #abandoned = Promise.withResolvers<Outcome>();
  readonly #progress: ProgressWriter;

  constructor(options: { delivery: Delivery; compiled: CompiledDefinition; store: Store; logger: Logger }) {
    const { delivery, compiled, store, logger } = options;
    const { id, name, attempt } = delivery.task;
    this.delivery = delivery;
    this.#compiled = compiled;
    this.#store = store;
    this.#logger = logger.child({ id, task: name, attempt });
    this.#progress = new ProgressWriter((progress) => this.#tell(progress));
  }

  /** True once its token is void: another delivery has the task. */
  get isStale(): boolean {
    return this.#abortCode === 'STALE';
  }

  /** Runs it to its end; never throws. */
  async run(): Promise<Outcome> {
    const { attempt } = this.delivery.task;
    const ended = this.#outcome().catch(
      // As when a thrown value can't even be logged.
      (error: unknown): Outcome => ({ outcome: 'FAILED', failure: failureOf(error, attempt) }),
    );
    const outcome = await Promise.race([ended, this.#abandoned.promise]);
    const { outcome: how } = outcome;
    const failure = outcome.outcome === 'FAILED' ? { code: outcome.failure.code } : {};
    this.#logger.debug({ outcome: how, ...failure }, 'attempt ended');
    return outcome;
  }

  /** Fires the signal; the first reason stays. */
  abort(code: AbortCode): void {
    this.#abort.abort(new AttemptAbortedError(code));
  }

  /** Ends the attempt although its `run` goes on: the task is given back. */
  abandon(): void {
    this.#abandoned.resolve({ outcome: 'SUPERSEDED' });
  }

  async #outcome(): Promise<Outcome> {
    try {
      const input = await this.#compiled.coerceInput(JSON.parse(this.delivery.input));
      const returned = await this.#compiled.definition.run(input, this.#context());
      const output = this.#outputOf(returned);
      await this.#progress.flush();
      return { outcome: 'SUCCEEDED', output };
    } catch (error) {
      await this.#progress.flush();
      return this.#failed(error);
    }
  }

  #outputOf(returned: unknown): string {
    const output = JSON.stringify(this.#compiled.serializeOutput(returned) ?? null);
    const bytes = Buffer.byteLength(output);
    const { maxOutputBytes } = this.#compiled.definition;
    if (bytes <= maxOutputBytes) return output;
    throw Object.assign(
      new Error(
        `The output has ${bytes} bytes, more than the ${maxOutputBytes} that its definition allows (maxOutputBytes). Store large results elsewhere and return where they are.`,
      ),
      { code: 'OUTPUT_TOO_LARGE' },
    );
  }

  #failed(error: unknown): Outcome {
    if (this.#abortCode === 'STOPPING') return { outcome: 'SUPERSEDED' };
    const failure = failureOf(error, this.delivery.task.attempt);
    if (this.#abortCode === undefined) this.#logger.warn({ err: error, code: failure.code }, 'run failed');
    return { outcome: 'FAILED', failure };
  }

  #context(): TaskContext {
    const { id, attempt } = this.delivery.task;
    const { signal } = this.#abort;
    const log =
      (level: 'debug' | 'info' | 'warn' | 'error') =>
      (message: string, fields: Readonly<Record<string, unknown>> = {}): void =>
        this.#logger[level]({ fields }, message);
    return {
      id,
      attempt,
      signal,
      progress: (update) => {
        const told = this.#told(update);
        // A run that doesn't await it must not end the process with an unhandled rejection.
        told.catch(() => undefined);
        return told;
      },
      log: { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') },
    };
  }

  async #told(update: number | ProgressUpdate): Promise<void> {
    if (this.isStale) throw this.#abort.signal.reason;
    this.#progress.update(update);
  }

  /** Why the signal has fired, where it has: `abort` gives no other reasons. */
  get #abortCode(): AbortCode | undefined {
    const { aborted, reason } = this.#abort.signal;
    return aborted ? (reason as AttemptAbortedError).code : undefined;
  }

  async #tell(progress: Parameters<Store['progress']>[2]): Promise<void> {
    if (this.#abort.signal.aborted) return;
    try {
      const status = await this.#store.progress(this.delivery.task.queue, this.delivery, progress);
      if (status === undefined) this.abort('STALE');
      if (status === 'CANCELING') this.abort('CANCELED');
    } catch (error) {
      // The next update, or the outcome, tells more than this one did.
      this.#logger.debug({ err: error }, 'progress could not be written');
    }
  }
}

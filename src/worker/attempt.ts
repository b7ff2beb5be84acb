import { setTimeout as delay } from 'node:timers/promises';
import { compileChild } from '../definition/compile-child.ts';
import type { ProgressUpdate, TaskContext } from '../definition/context.ts';
import { NonRetryableError } from '../definition/non-retryable.ts';
import { scrub, scrubError } from '../definition/scrub.ts';
import { secretValues } from '../definition/secrets.ts';
import type { CompiledDefinition } from '../definition/types.ts';
import type { Logger } from '../logger.ts';
import type { Deliveries } from '../tasks/deliveries.ts';
import type { Delivery, Outcome } from '../tasks/delivery.ts';
import { runSpan } from '../tasks/task-spans.ts';
import type { AttemptOutcome, Task, TaskProgress } from '../tasks/task.ts';
import type { Span } from '../traces.ts';
import { type AbortCode, AttemptAbortedError } from './abort.ts';
import { childFunctions } from './child-functions.ts';
import { ChildProgress } from './child-progress.ts';
import { Children, type ChildServices } from './children.ts';
import { failureOf, retryAfterMsOf } from './failure.ts';
import { Journals } from './journals.ts';
import { Parking, type Seat } from './parking.ts';
import { ProgressWriter } from './progress.ts';
import { runningAttempt } from './running-attempt.ts';
import type { Threads } from './threads.ts';

/** How long a `run` may go on once its worker is about to end. */
const stoppingGraceMs = 1_000;

/** How long the end of a `run` that ignores its signal waits for what it has logged. */
const lastWordsMs = 1_000;

export interface AttemptOptions {
  readonly delivery: Delivery;
  readonly compiled: CompiledDefinition;
  readonly deliveries: Deliveries;
  readonly threads: Threads;
  readonly logger: Logger;
  /** What it holds, and leaves while it waits for its children. */
  readonly seat: Seat;
  readonly services: ChildServices;
}

/** One try of a task: calls `run`, tells its progress, keeps its clocks, and says how it ended. */
export class Attempt {
  readonly delivery: Delivery;
  readonly #compiled: CompiledDefinition;
  readonly #deliveries: Deliveries;
  readonly #threads: Threads;
  readonly #logger: Logger;
  /** What its `run` was given and says to nobody, whatever it says. */
  readonly #secrets: readonly string[];
  readonly #abort = new AbortController();
  /** Fires when the grace is over: ends a thread, where it runs in one. */
  #kill: AbortController | undefined;
  readonly #graceOver = Promise.withResolvers<Outcome>();
  readonly #ended = Promise.withResolvers<void>();
  readonly #progress: ProgressWriter;
  readonly #journals: Journals;
  readonly #seat: Seat;
  readonly #services: ChildServices;
  /** Fires when `run` has ended, where it has asked for children: they are waited for in it, or not at all. */
  #over: AbortController | undefined;
  #isOver = false;
  #children: Children | undefined;
  #parking: Parking | undefined;
  #tellsProgress = false;
  #grace: NodeJS.Timeout | undefined;
  #isStale = false;
  #runs = false;
  #span: Span | undefined;

  constructor({ delivery, compiled, deliveries, threads, logger, seat, services }: AttemptOptions) {
    const { id, name, attempt } = delivery.task;
    this.delivery = delivery;
    this.#compiled = compiled;
    const { input: secrets } = compiled.secrets;
    this.#secrets = secrets.length === 0 ? [] : secretValues(JSON.parse(delivery.input), secrets);
    this.#deliveries = deliveries;
    this.#threads = threads;
    this.#logger = logger.child({ id, task: name, attempt });
    this.#progress = new ProgressWriter((progress) => this.#tell(progress));
    this.#journals = new Journals({
      delivery,
      deliveries,
      settings: compiled.definition.logs,
      logger: this.#logger,
      signal: this.#abort.signal,
      isVoid: () => this.#isStale,
      onVoid: (code) => this.abort(code),
    });
    this.#seat = seat;
    this.#services = services;
  }

  /** True once its token is void: the task isn't this attempt's any more. */
  get isStale(): boolean {
    return this.#isStale;
  }

  /** True while its `run` goes on although the outcome is decided: it ignores its signal. */
  get isStuck(): boolean {
    return this.#runs;
  }

  /** Resolves once `run` has really ended. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  /** Runs it until its outcome is decided, which a `run` that ignores its signal doesn't hold up; never throws. */
  run(): Promise<Outcome> {
    const { traces } = this.#services;
    return traces === undefined ? this.#run() : this.#traced(runSpan(traces, this.delivery.task));
  }

  async #traced(span: Span): Promise<Outcome> {
    this.#span = span;
    try {
      const outcome = await span.run(() => this.#run());
      span.note({ 'taskwire.outcome': attemptOutcome(outcome, this.#abortCode) });
      if (outcome.outcome === 'FAILED') span.fail(outcome.failure.code, outcome.failure.message);
      if (outcome.outcome === 'TIMED_OUT') span.fail('TIMED_OUT');
      return outcome;
    } finally {
      span.end();
    }
  }

  async #run(): Promise<Outcome> {
    const { timeoutMs, task } = this.delivery;
    const timeout = timeoutMs === undefined ? undefined : after(timeoutMs, () => this.abort('TIMED_OUT'));
    this.#runs = true;
    const ended = this.#outcome()
      // As when a thrown value can't even be logged.
      .catch((error: unknown): Outcome => {
        const failure = scrub(failureOf(error, task.attempt), this.#secrets);
        return { outcome: 'FAILED', failure };
      })
      .finally(async () => {
        this.#runs = false;
        this.#isOver = true;
        this.#over?.abort(runIsOver());
        // What it holds is known before anything is written of its end.
        await this.#parking?.settled();
        this.#ended.resolve();
      });
    const outcome = await Promise.race([ended, this.#graceOver.promise]);
    timeout?.cancel();
    clearTimeout(this.#grace);
    if (this.#runs)
      await Promise.race([this.#journals.flush(), delay(lastWordsMs, undefined, { ref: false })]);
    this.#journals.close(this.#abort.signal.reason ?? new Error('The run has ended.'));
    const failure = outcome.outcome === 'FAILED' ? { code: outcome.failure.code } : {};
    this.#logger.debug({ outcome: outcome.outcome, ...failure }, 'attempt ended');
    return outcome;
  }

  /** Fires the signal; the first reason stays. After its grace the attempt has ended, whatever `run` does. */
  abort(code: AbortCode): void {
    if (code === 'STALE') this.#isStale = true;
    const wasAborted = this.#abort.signal.aborted;
    if (wasAborted && code !== 'STOPPING') return;
    const { graceMs } = this.delivery;
    const waitMs = code === 'STOPPING' ? Math.min(graceMs, stoppingGraceMs) : graceMs;
    clearTimeout(this.#grace);
    this.#grace = setTimeout(() => {
      this.#kill?.abort(this.#abort.signal.reason);
      // A thread ends by that; any other run can only be left alone.
      if (!this.#compiled.definition.thread) this.#graceOver.resolve(this.#abortedOutcome());
    }, waitMs).unref();
    this.#abort.abort(new AttemptAbortedError(code));
    this.#journals.interrupt(this.#abort.signal.reason);
  }

  async #outcome(): Promise<Outcome> {
    try {
      const output = this.#checked(await this.#call());
      await this.#flush();
      return { outcome: 'SUCCEEDED', output };
    } catch (error) {
      await this.#flush();
      return this.#failed(error);
    }
  }

  /** Before the outcome: with a final state the log is whole. */
  async #flush(): Promise<void> {
    await Promise.all([this.#progress.flush(), this.#journals.flush()]);
  }

  /** Gives the output as wire JSON. */
  async #call(): Promise<string> {
    const { definition } = this.#compiled;
    const { id, name } = this.delivery.task;
    const { input } = this.delivery;
    const context = this.#context();
    if (definition.thread) {
      const children = () => this.#childLine();
      this.#kill = new AbortController();
      const isTraced = this.#span !== undefined;
      const kill = this.#kill.signal;
      return await this.#threads.run({ definition, input, context, isTraced, children, kill });
    }
    return await runningAttempt.run({ id, task: name }, async () => {
      const coerced = await this.#compiled.coerceInput(JSON.parse(input));
      const returned = await definition.run(coerced, context);
      return JSON.stringify(this.#compiled.serializeOutput(returned) ?? null);
    });
  }

  #checked(output: string): string {
    const bytes = Buffer.byteLength(output);
    const { maxOutputBytes } = this.#compiled.definition;
    if (bytes <= maxOutputBytes) return output;
    throw new NonRetryableError(
      `The output has ${bytes} bytes, more than the ${maxOutputBytes} that its definition allows (maxOutputBytes). Store large results elsewhere and return where they are.`,
      { code: 'OUTPUT_TOO_LARGE' },
    );
  }

  #failed(error: unknown): Outcome {
    if (this.#abort.signal.aborted) return this.#abortedOutcome();
    const failure = scrub(failureOf(error, this.delivery.task.attempt), this.#secrets);
    this.#logger.warn({ err: scrubError(error, this.#secrets), code: failure.code }, 'run failed');
    return { outcome: 'FAILED', failure, retryAfterMs: retryAfterMsOf(error) };
  }

  /** What becomes of an attempt whose signal has fired: of one that was canceled, the store makes CANCELED. */
  #abortedOutcome(): Outcome {
    return { outcome: this.#abortCode === 'TIMED_OUT' ? 'TIMED_OUT' : 'SUPERSEDED' };
  }

  #context(): TaskContext {
    const { id, attempt } = this.delivery.task;
    const { signal } = this.#abort;
    const log =
      (level: 'debug' | 'info' | 'warn' | 'error') =>
      (...said: [message: string, fields?: Readonly<Record<string, unknown>>]): void => {
        const [message, fields = {}] = scrub(said, this.#secrets);
        this.#logger[level]({ fields }, message);
        this.#journals.log(level, message, fields);
      };
    const functions = childFunctions(
      {
        enqueue: (...call) => this.#childLine().enqueue(...call),
        outputs: (awaited) => this.#childLine().outputs(awaited),
      },
      (which) => (wire) => compileChild(which).parseOutput(wire),
    );
    return {
      id,
      attempt,
      traceparent: this.#traceparent,
      signal,
      ...functions,
      progress: (update) => {
        this.#tellsProgress = true;
        const told = this.#told(update);
        // A run that doesn't await it must not end the process with an unhandled rejection.
        told.catch(() => undefined);
        return told;
      },
      log: { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') },
      stream: this.#journals.stream,
    };
  }

  /** What belongs to this attempt belongs to it in a trace, too. */
  get #traceparent(): string | undefined {
    return this.#span?.traceparent ?? this.delivery.task.trace;
  }

  /** Made when it is first asked for: most attempts have no children. */
  #childLine(): Children {
    if (this.#children !== undefined) return this.#children;
    this.#over = new AbortController();
    if (this.#isOver) this.#over.abort(runIsOver());
    const signal = AbortSignal.any([this.#abort.signal, this.#over.signal]);
    this.#parking = new Parking(this.#seat, signal);
    this.#children = new Children({
      ...this.#services,
      delivery: this.delivery,
      trace: this.#traceparent,
      parking: this.#parking,
      progress: new ChildProgress((fraction) => {
        if (!this.#tellsProgress) this.#progress.update(fraction);
      }),
      signal,
      onVoid: (code) => this.abort(code),
    });
    return this.#children;
  }

  async #told(update: number | ProgressUpdate): Promise<void> {
    if (this.#isStale) throw this.#abort.signal.reason;
    this.#progress.update(typeof update === 'number' ? update : scrubWords(update, this.#secrets));
  }

  /** Why the signal has fired, where it has: `abort` gives no other reasons. */
  get #abortCode(): AbortCode | undefined {
    const { aborted, reason } = this.#abort.signal;
    return aborted ? (reason as AttemptAbortedError).code : undefined;
  }

  async #tell(progress: TaskProgress): Promise<void> {
    if (this.#isStale) return;
    try {
      const status = await this.#deliveries.progress(this.delivery, progress);
      if (status === undefined) this.abort('STALE');
      if (status === 'CANCELING') this.abort('CANCELED');
    } catch (error) {
      // The next update, or the outcome, tells more than this one did.
      this.#logger.debug({ err: error }, 'progress could not be written');
    }
  }
}

/** Without touching its numbers, which are not about the input. */
function scrubWords(update: ProgressUpdate, secrets: readonly string[]): ProgressUpdate {
  if (secrets.length === 0) return update;
  const { message, data } = update;
  return {
    ...update,
    ...(message === undefined ? {} : { message: scrub(message, secrets) }),
    ...(data === undefined ? {} : { data: scrub(data, secrets) }),
  };
}

/** An attempt's outcome as far as its worker knows it: the store has the last word. */
function attemptOutcome({ outcome }: Outcome, code: AbortCode | undefined): AttemptOutcome {
  if (outcome !== 'SUPERSEDED') return outcome;
  if (code === 'STALE') return 'LOST';
  return code === 'CANCELED' ? code : outcome;
}

function runIsOver(): Error {
  return new Error('The run has ended: its children are waited for in it.');
}

/** The longest time that a timer of Node can be set for. */
const longestTimerMs = 2 ** 31 - 1;

/** Calls back after any time, also one of months. */
function after(ms: number, call: () => void): { cancel(): void } {
  const until = performance.now() + ms;
  let timer: NodeJS.Timeout;
  const set = (): void => {
    const left = until - performance.now();
    timer = setTimeout(left > longestTimerMs ? set : call, Math.min(left, longestTimerMs));
  };
  set();
  return { cancel: () => clearTimeout(timer) };
}

/** Tells one attempt of a task from the others, whichever delivery it is of. */
export function attemptName({ id, attempt }: Pick<Task, 'id' | 'attempt'>): string {
  return `${id} ${attempt}`;
}

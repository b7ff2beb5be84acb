import { inspect } from 'node:util';
import { receiveMessageOnPort, type MessagePort } from 'node:worker_threads';
import type { ProgressUpdate, TaskContext } from '../definition/context.ts';
import type { TaskProgress } from '../tasks/task.ts';
import { forwards, normalize } from './progress.ts';
import { errorOf, type FromThread, type ThreadJob, type ToThread } from './thread-messages.ts';

/** Updates that may be under way; a `run` that tells more without waiting has its newest sent when one is answered. */
const mostUnanswered = 64;

/** The context of a `run` in a thread: tells the main thread over a port, and hears its signal there. */
export class ThreadContext {
  readonly context: TaskContext;
  readonly #port: MessagePort;
  readonly #abort = new AbortController();
  #unanswered: PromiseWithResolvers<void>[] = [];
  #told: TaskProgress = {};
  #next: Promise<void> | undefined;

  constructor({ id, attempt, port, aborted }: ThreadJob) {
    this.#port = port;
    if (aborted) this.#abort.abort(errorOf(aborted));
    port.on('message', (message: ToThread) => this.#hear(message));
    const log = (level: keyof TaskContext['log']) => (message: string, fields?: Record<string, unknown>) =>
      this.#log(level, message, fields);
    this.context = {
      id,
      attempt,
      signal: this.#abort.signal,
      progress: (update) => {
        const told = this.#tell(update);
        // A run that doesn't await it must not end the thread with an unhandled rejection.
        told.catch(() => undefined);
        return told;
      },
      log: { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') },
    };
  }

  /** Sends what still waits to be sent, and hears no more. */
  async close(): Promise<void> {
    await this.#next?.catch(() => undefined);
    this.#port.close();
  }

  async #tell(update: number | ProgressUpdate): Promise<void> {
    this.#told = forwards(this.#told, normalize(update));
    // A run that never yields hears nothing by events: what it was told is fetched here, its signal included.
    for (let next; (next = receiveMessageOnPort(this.#port));) this.#hear(next.message as ToThread);
    const oldest = this.#unanswered.length < mostUnanswered ? undefined : this.#unanswered[0];
    if (!oldest) return await this.#send();
    this.#next ??= oldest.promise
      .catch(() => undefined)
      .then(() => {
        this.#next = undefined;
        return this.#send();
      });
    await this.#next;
  }

  async #send(): Promise<void> {
    const answer = Promise.withResolvers<void>();
    this.#unanswered.push(answer);
    // As JSON, as data is anything that JSON can hold and that isn't all cloneable.
    this.#post({ kind: 'progress', update: JSON.stringify(this.#told) });
    await answer.promise;
  }

  #hear(message: ToThread): void {
    if (message.kind === 'abort') return this.#abort.abort(errorOf(message.reason));
    const answer = this.#unanswered.shift();
    if (!message.refused) return answer?.resolve();
    const { aborted, reason } = this.#abort.signal;
    // The same reason as the signal's, where that is why.
    const same = aborted && (reason as Error).message === message.refused.message;
    answer?.reject(same ? (reason as Error) : errorOf(message.refused));
  }

  #log(level: keyof TaskContext['log'], message: string, fields?: Readonly<Record<string, unknown>>): void {
    try {
      this.#post({ kind: 'log', level, message, fields });
    } catch {
      // Something in it can't be cloned: as text it can.
      const text = typeof message === 'string' ? message : inspect(message);
      const shown = Object.entries(fields ?? {}).map(([name, value]) => [name, inspect(value)]);
      this.#post({ kind: 'log', level, message: text, fields: Object.fromEntries(shown) });
    }
  }

  #post(message: FromThread): void {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a port has none
    this.#port.postMessage(message);
  }
}

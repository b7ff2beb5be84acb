import { inspect } from 'node:util';
import { receiveMessageOnPort, type MessagePort } from 'node:worker_threads';
import { ChildFailedError } from '../definition/child-failed.ts';
import type { ProgressUpdate, TaskContext } from '../definition/context.ts';
import { BadUserInputError } from '../errors.ts';
import type { TaskProgress } from '../tasks/task.ts';
import { childFunctions, type ParseOutput } from './child-functions.ts';
import { forwards, normalize } from './progress.ts';
import { streamsOf } from './streams.ts';
import {
  errorOf,
  type FromThread,
  type Reason,
  type Reply,
  type ThreadJob,
  type ToThread,
} from './thread-messages.ts';
import { ThreadStream } from './thread-stream.ts';

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
  #calls = 0;
  readonly #streams: Map<string, ThreadStream> = new Map();
  readonly #asked: Map<number, (reply: Reply) => void> = new Map();

  /** Gives the outputs of a definition their types, which only this thread has. */
  constructor({ id, attempt, traceparent, port, aborted }: ThreadJob, parse: ParseOutput) {
    this.#port = port;
    if (aborted) this.#abort.abort(errorOf(aborted));
    port.on('message', (message: ToThread) => this.#hear(message));
    const log = (level: keyof TaskContext['log']) => (message: string, fields?: Record<string, unknown>) =>
      this.#log(level, message, fields);
    this.context = {
      id,
      attempt,
      traceparent,
      signal: this.#abort.signal,
      progress: (update) => {
        const told = this.#tell(update);
        // A run that doesn't await it must not end the thread with an unhandled rejection.
        told.catch(() => undefined);
        return told;
      },
      log: { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') },
      stream: streamsOf((name) => this.#openStream(name)),
      ...childFunctions(
        {
          enqueue: async (which, input, options) => {
            const name = typeof which === 'string' ? which : which.name;
            const reply = await this.#ask((call) => ({ kind: 'enqueue', call, name, input, options }));
            return 'id' in reply ? reply.id : this.#refuse(reply);
          },
          outputs: async (awaited) => {
            const reply = await this.#ask((call) => ({ kind: 'outputs', call, awaited }));
            return 'outputs' in reply ? [...reply.outputs] : this.#refuse(reply);
          },
        },
        parse,
      ),
    };
  }

  /** Sends what still waits to be sent, and hears no more. */
  async close(): Promise<void> {
    await this.#next?.catch(() => undefined);
    this.#port.close();
  }

  async #tell(update: number | ProgressUpdate): Promise<void> {
    this.#told = forwards(this.#told, normalize(update));
    // Its signal is heard here, too.
    this.#listen();
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

  #openStream(name: string): (chunk: string) => Promise<void> {
    const stream = new ThreadStream({
      name,
      signal: this.#abort.signal,
      post: (message) => this.#post(message),
      listen: () => this.#listen(),
    });
    this.#streams.set(name, stream);
    return (chunk) => stream.write(chunk);
  }

  /** A run that never yields hears nothing by events: what it was told is fetched here. */
  #listen(): void {
    for (let next; (next = receiveMessageOnPort(this.#port));) this.#hear(next.message as ToThread);
  }

  #hear(message: ToThread): void {
    if (message.kind === 'abort') return this.#interrupt(errorOf(message.reason));
    if (message.kind === 'room') {
      const { stream, refused } = message;
      return this.#streams.get(stream)?.hear(refused && this.#errorOf(refused));
    }
    if (message.kind === 'reply') {
      this.#asked.get(message.call)?.(message.reply);
      this.#asked.delete(message.call);
      return;
    }
    const answer = this.#unanswered.shift();
    if (!message.refused) return answer?.resolve();
    answer?.reject(this.#errorOf(message.refused));
  }

  #interrupt(reason: Error): void {
    this.#abort.abort(reason);
    for (const stream of this.#streams.values()) stream.interrupt(reason);
  }

  async #ask(message: (call: number) => FromThread): Promise<Reply> {
    this.#calls += 1;
    const { promise, resolve } = Promise.withResolvers<Reply>();
    this.#asked.set(this.#calls, resolve);
    this.#post(message(this.#calls));
    return await promise;
  }

  #refuse(reply: Reply): never {
    if ('childFailed' in reply) throw new ChildFailedError(reply.childFailed);
    if ('badInput' in reply) throw new BadUserInputError(reply.badInput.message, reply.badInput.issues);
    throw 'refused' in reply ? this.#errorOf(reply.refused) : new Error('The reply fits no question.');
  }

  #errorOf(refused: Reason): Error {
    const { aborted, reason } = this.#abort.signal;
    // The same reason as the signal's, where that is why.
    return aborted && (reason as Error).message === refused.message ? (reason as Error) : errorOf(refused);
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

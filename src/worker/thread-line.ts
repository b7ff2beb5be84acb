import { MessageChannel, receiveMessageOnPort, type MessagePort } from 'node:worker_threads';
import { ChildFailedError } from '../definition/child-failed.ts';
import type { TaskContext } from '../definition/context.ts';
import { BadUserInputError } from '../errors.ts';
import type { ChildLine } from './child-functions.ts';
import { reasonOf, type FromThread, type Reply, type ToThread } from './thread-messages.ts';

/** The main thread's line to a `run` in a thread: carries its progress, its log, its streams and what it asks of its children over, and its signal there. */
export class ThreadLine {
  /** The thread's end. */
  readonly remote: MessagePort;
  readonly #port: MessagePort;
  readonly #context: TaskContext;
  readonly #children: () => ChildLine;
  readonly #onAbort = (): void =>
    this.#post({ kind: 'abort', reason: reasonOf(this.#context.signal.reason) });

  constructor(context: TaskContext, children: () => ChildLine) {
    const { port1, port2 } = new MessageChannel();
    this.remote = port2;
    this.#port = port1;
    this.#context = context;
    this.#children = children;
    port1.on('message', (message: FromThread) => this.#hear(message));
    context.signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  /** Hears what the thread said before it ended, then closes both ends. */
  close(): void {
    this.#context.signal.removeEventListener('abort', this.#onAbort);
    // The outcome comes by another port, and may overtake what was said before it.
    for (let next; (next = receiveMessageOnPort(this.#port));) this.#hear(next.message as FromThread);
    this.#port.close();
  }

  #hear(message: FromThread): void {
    if (message.kind === 'log') return this.#context.log[message.level](message.message, message.fields);
    if (message.kind === 'chunk') return this.#write(message);
    if ('call' in message) {
      void this.#reply(message);
      return;
    }
    // `normalize` has made it, in the thread.
    const update = JSON.parse(message.update) as Parameters<TaskContext['progress']>[0];
    this.#context.progress(update).then(
      () => this.#post({ kind: 'answer', refused: undefined }),
      (error: unknown) => this.#post({ kind: 'answer', refused: reasonOf(error) }),
    );
  }

  #write({ stream, chunk, asks }: Extract<FromThread, { readonly kind: 'chunk' }>): void {
    const written = this.#context.stream(stream).write(chunk);
    if (!asks) {
      // The next one that asks is told.
      written.catch(() => undefined);
      return;
    }
    written.then(
      () => this.#post({ kind: 'room', stream, refused: undefined }),
      (error: unknown) => this.#post({ kind: 'room', stream, refused: reasonOf(error) }),
    );
  }

  async #reply(message: Extract<FromThread, { readonly call: number }>): Promise<void> {
    let reply: Reply;
    try {
      const children = this.#children();
      reply =
        message.kind === 'enqueue'
          ? { id: await children.enqueue(message.name, message.input, message.options) }
          : { outputs: await children.outputs(message.awaited) };
    } catch (error) {
      reply = refusalOf(error);
    }
    this.#post({ kind: 'reply', call: message.call, reply });
  }

  #post(message: ToThread): void {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a port has none
    this.#port.postMessage(message);
  }
}

function refusalOf(error: unknown): Reply {
  if (error instanceof ChildFailedError) {
    const { childId: id, status, failure } = error;
    return { childFailed: { id, status, failure } };
  }
  if (error instanceof BadUserInputError)
    return { badInput: { message: error.message, issues: error.issues } };
  return { refused: reasonOf(error) };
}

import { codeOf, type Span, type Traces } from '../traces.ts';
import type { Client } from './subscriber.ts';

/** What a watched task's state says, as far as its span tells it. */
interface TaskState {
  readonly id: string;
  readonly name: string;
  readonly status: string;
  readonly version: number;
  readonly trace?: string;
}

/** The span of one client's watch of a task: from when it subscribed until it is told the end, or has left. */
export class WatchSpan {
  readonly #traces: Traces;
  /** Of the operation that subscribed. */
  readonly #operation: () => string | undefined;
  readonly #startedAt = new Date();
  #span: Span | undefined;
  #lastState: () => unknown = () => undefined;

  constructor(traces: Traces, operation: () => string | undefined) {
    this.#traces = traces;
    this.#operation = operation;
  }

  /** The client, whose end is the span's. */
  of(client: Client): Client {
    return {
      next: (payload) => client.next(payload),
      complete: () => {
        this.#tell('final state', this.#lastState());
        this.end();
        client.complete();
      },
      fail: (error) => {
        this.#span?.fail(codeOf(error));
        this.end();
        client.fail(error);
      },
    };
  }

  /** Begins it where a task is watched: in the task's trace, with a link to the operation, which may be of another one. */
  begin(first: unknown, lastState: () => unknown): void {
    if (!isTask(first)) return;
    const operation = this.#operation();
    this.#lastState = lastState;
    this.#span = this.#traces.start(`watch ${first.name}`, {
      kind: 'internal',
      parent: first.trace ?? operation,
      links: [operation],
      startedAt: this.#startedAt,
      attributes: { 'taskwire.definition': first.name, 'messaging.message.id': first.id },
    });
    this.#tell('first state', first);
  }

  end(): void {
    this.#span?.end();
    this.#span = undefined;
  }

  #tell(event: string, state: unknown): void {
    if (!isTask(state)) return;
    this.#span?.event(event, { 'taskwire.status': state.status, 'taskwire.version': state.version });
  }
}

function isTask(state: unknown): state is TaskState {
  return typeof state === 'object' && state !== null && 'attempts' in state && 'definitionVersion' in state;
}

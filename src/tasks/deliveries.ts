import type { Script } from '../redis/connection.ts';
import type { Delivery, Hint, Outcome, Presence, Server } from './delivery.ts';
import type { JournalPiece } from './journal.ts';
import { Bundle, itemError, type Answer } from './bundle.ts';
import { parseDelivery, parseHints } from './replies.ts';
import { begin } from './scripts/begin.ts';
import { finish } from './scripts/finish.ts';
import { append, appendToNew } from './scripts/journals.ts';
import { leave, renew } from './scripts/presence.ts';
import { progress } from './scripts/progress.ts';
import { isBug } from '../redis/answer.ts';
import type { Store } from './store.ts';
import type { TaskFailure, TaskProgress, TaskStatus } from './task.ts';

/** What an outcome came to: whether it counts, and what the slot goes on with. */
export interface Finished {
  readonly counted: boolean;
  /** What it made of the task; undefined where there is no such task any more. */
  readonly status: TaskStatus | undefined;
  readonly delivery: Delivery | undefined;
  readonly hints: Hint[];
}

/** What the script `finish` takes for one delivery. */
type Ending = readonly (string | number)[];

type FinishReply = [[number, string | string[], TaskStatus | ''][], ...string[]];

/** What the scripts `append` and `appendToNew` answer. */
type AppendReply = readonly [TaskStatus, string] | readonly [];

/** What a worker does with one queue's tasks: take, tell, end, and hold on to them. */
export class Deliveries {
  readonly #store: Store;
  readonly #queue: string;
  readonly #server: Server;
  readonly #endings: Bundle<Ending, Finished> = new Bundle(
    (items) => this.#finishAll(items),
    ([, , , output]) => String(output).length,
  );

  constructor(store: Store, queue: string, server: Server) {
    this.#store = store;
    this.#queue = queue;
    this.#server = server;
  }

  /** False once the connection was ended by its owner. */
  get isOpen(): boolean {
    return this.#store.isOpen;
  }

  /** Takes the best claimable task for a slot, after a hint. */
  async begin(
    token: string,
    hint: { readonly hint: string; readonly id: string },
    may: { readonly wake: boolean; readonly takeSuspect: boolean },
  ): Promise<{ delivery: Delivery | undefined; hints: Hint[] }> {
    const args = [
      this.#server.worker,
      token,
      hint.hint,
      hint.id,
      may.wake ? 1 : 0,
      may.takeSuspect ? 1 : 0,
      ...this.#server.lines,
    ];
    const [delivery, ...hints] = (await this.#run(begin, args)) as ['' | string[], ...string[]];
    return { delivery: parseDelivery(delivery), hints: parseHints(hints) };
  }

  /**
   * Writes a delivery's outcome and takes the slot's next task, unless it stops (no token for the next). Outcomes of one
   * turn are written in one call.
   */
  async finish(
    delivery: Delivery,
    outcome: Outcome,
    next: { readonly token: string | undefined; readonly hint: string; readonly takeSuspect: boolean },
  ): Promise<Finished> {
    const { failure, retryAfterMs } =
      outcome.outcome === 'FAILED' ? outcome : { failure: undefined, retryAfterMs: undefined };
    return await this.#endings.add([
      delivery.task.id,
      delivery.token,
      outcome.outcome,
      outcome.outcome === 'SUCCEEDED' ? outcome.output : '',
      failure === undefined ? '' : JSON.stringify(last(failure)),
      failure === undefined ? '' : JSON.stringify(brief(failure)),
      failure?.retryable === true ? 1 : 0,
      retryAfterMs ?? '',
      next.token ?? '',
      next.hint,
      next.takeSuspect ? 1 : 0,
    ]);
  }

  async #finishAll(items: readonly Ending[]): Promise<Answer<Finished>[]> {
    const args = [this.#server.worker, items.length, ...items.flat(), ...this.#server.lines];
    try {
      const [answers, ...hints] = (await this.#run(finish, args)) as FinishReply;
      // They wake slots for all of them: whose outcome was written pushes them.
      let left = parseHints(hints);
      return answers.map(([counted, taken, status]) => {
        if (counted === -1) return { error: itemError(String(taken)) };
        const result = {
          counted: counted === 1,
          status: status || undefined,
          delivery: parseDelivery(taken),
          hints: left,
        };
        left = [];
        return { result };
      });
    } catch (error) {
      if (items.length === 1 || !isBug(error)) throw error;
      // One of them breaks the call: the others are none the worse for it. What was written already is answered as before.
      return (await Promise.all(items.map((item) => this.#finishAlone(item)))).flat();
    }
  }

  async #finishAlone(item: Ending): Promise<Answer<Finished>[]> {
    try {
      return await this.#finishAll([item]);
    } catch (error) {
      return [{ error }];
    }
  }

  /** Writes an attempt's progress; answers with the status, or undefined where the token is stale. */
  async progress(delivery: Delivery, value: TaskProgress): Promise<TaskStatus | undefined> {
    const args = [delivery.task.id, delivery.token, JSON.stringify(value)];
    const status = (await this.#run(progress, args)) as TaskStatus | '';
    return status === '' ? undefined : status;
  }

  /**
   * Appends to the task's log or to one of its streams. Answers with the status and the index of the delivery's first
   * entry, undefined where the task has too many streams; with undefined alone where the token is stale.
   */
  async append(
    delivery: Delivery,
    { journal, caps, begun, place, entries }: JournalPiece,
  ): Promise<{ status: TaskStatus; begun: number | undefined } | undefined> {
    const { task, token } = delivery;
    const args = [task.id, token, journal, begun ?? '', place, caps.entries, caps.bytes, ...entries];
    let [status, first] = (await this.#run(append, args)) as AppendReply;
    if (first === 'new') [status, first] = (await this.#run(appendToNew, args)) as AppendReply;
    if (status === undefined) return undefined;
    return { status, begun: first === '' ? undefined : Number(first) };
  }

  /** Renews a worker's lease on all its deliveries; says which of them are void or to be canceled, and whether it is drained. */
  async renew(
    presence: Presence,
    tokens: readonly string[],
  ): Promise<{ stale: string[]; canceling: string[]; drain: string | undefined; hints: Hint[] }> {
    const args = [
      this.#server.worker,
      presence.leaseMs,
      presence.slots,
      ` ${this.#server.lines.join(' ')} `,
      presence.host,
      presence.pid,
      presence.version,
      presence.clockMs,
      presence.beside,
      Math.round(presence.ageMs),
      presence.load?.toFixed(2) ?? '',
      presence.memoryBytes,
      presence.drain ?? '',
      tokens.length,
      ...tokens,
    ];
    const reply = (await this.#run(renew, args)) as [string[], string[], string, ...string[]];
    const [stale, canceling, drain, ...hints] = reply;
    return { stale, canceling, drain: drain || undefined, hints: parseHints(hints) };
  }

  /** Takes a worker's presence away and gives back what it still holds. */
  async leave(): Promise<Hint[]> {
    return parseHints((await this.#run(leave, [this.#server.worker])) as string[]);
  }

  #run(script: Script, args: readonly (string | number)[]): Promise<unknown> {
    return this.#store.run(script, this.#queue, args);
  }
}

/** A failure as the task keeps it, should it be the last one: an error without a code has used up the attempts. */
function last(failure: TaskFailure): TaskFailure {
  return failure.code === 'ERROR' ? { ...failure, code: 'ATTEMPTS_EXHAUSTED' } : failure;
}

/** A failure as an attempt keeps it: short, as the state shows up to twenty. */
function brief({ code, message, retryable, attempt }: TaskFailure): TaskFailure {
  return { code, message: message.length > 200 ? `${message.slice(0, 199)}…` : message, retryable, attempt };
}

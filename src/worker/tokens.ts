import type { Task } from '../tasks/task.ts';
import type { AbortCode } from './abort.ts';
import { type Attempt, attemptName } from './attempt.ts';
import { newToken } from './token.ts';

/** The tokens that slots have given out, with their attempt once it runs: what their lease is renewed for. */
export class Tokens {
  readonly #attempts: Map<string, Attempt | undefined> = new Map();
  /** Cancels of attempts whose delivery is still under way. */
  readonly #early: Set<string> = new Set();

  /** All of them. */
  get all(): string[] {
    return [...this.#attempts.keys()];
  }

  /** Those that run. */
  get attempts(): Attempt[] {
    return [...this.#attempts.values()].filter((attempt) => attempt !== undefined);
  }

  /** Makes one, for a delivery to come. */
  make(): string {
    const token = newToken();
    this.#attempts.set(token, undefined);
    return token;
  }

  /** The delivery of a token has come, and its attempt runs. */
  run(attempt: Attempt): void {
    const { token, task } = attempt.delivery;
    this.#attempts.set(token, attempt);
    const early = this.#early.delete(attemptName(task));
    if (!this.#awaitsDelivery()) this.#early.clear();
    if (early || task.status === 'CANCELING') attempt.abort('CANCELED');
  }

  delete(token: string): void {
    this.#attempts.delete(token);
  }

  abort(tokens: readonly string[], code: AbortCode): void {
    for (const token of tokens) this.#attempts.get(token)?.abort(code);
  }

  /** Aborts the attempt of a task that was canceled, also if it is only to come. */
  cancel(task: Task): void {
    const name = attemptName(task);
    const attempt = this.attempts.find(({ delivery }) => attemptName(delivery.task) === name);
    attempt?.abort('CANCELED');
    // Its delivery is still under way: word of it overtook the answer.
    if (attempt === undefined && this.#awaitsDelivery()) this.#early.add(name);
  }

  #awaitsDelivery(): boolean {
    return [...this.#attempts.values()].includes(undefined);
  }
}

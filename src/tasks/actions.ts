import { IdempotencyKeyReusedError, TaskNotFoundError } from '../errors.ts';
import { Cascade } from './cascade.ts';
import type { Lanes } from './lanes.ts';
import { checkReason } from './reason.ts';
import type { Changed, Store } from './store.ts';
import type { Task } from './task.ts';
import { checkNewTime, checkPriority } from './wait-options.ts';

/** A task after an action on it, and whether that was accepted: one that has ended, say, isn't canceled any more. */
export interface Acted {
  readonly accepted: boolean;
  readonly task: Task;
}

/** What is done to a task by hand, as `Tasks` tells it: checked, written, and slots woken for what that has made room for. */
export class Actions {
  readonly #store: Store;
  readonly #lanes: Lanes;
  readonly #cascade: Cascade;

  constructor(store: Store, lanes: Lanes) {
    this.#store = store;
    this.#lanes = lanes;
    this.#cascade = new Cascade(store, lanes);
  }

  async cancel(id: string, options: { readonly reason?: string; readonly actor?: string }): Promise<Acted> {
    checkReason(options.reason ?? '');
    const acted = this.#acted(id, await this.#store.cancel(id, options));
    await this.#cascade.begin(acted.task.queue, id);
    return acted;
  }

  async retry(id: string): Promise<Acted> {
    const retried = await this.#store.retry(id);
    if (retried === undefined) throw new TaskNotFoundError(id);
    const { status, task, hints } = retried;
    if (status === 'KEY_REUSED') throw new IdempotencyKeyReusedError(task.id, 'Replay this one instead.');
    return this.#acted(id, { accepted: status === 'ACCEPTED', task, hints });
  }

  async reschedule(id: string, at: Date): Promise<Acted> {
    checkNewTime(at);
    return this.#acted(id, await this.#store.reschedule(id, at.getTime()));
  }

  async prioritize(id: string, priority: number): Promise<Acted> {
    checkPriority(priority);
    return this.#acted(id, await this.#store.prioritize(id, priority));
  }

  #acted(id: string, changed: Changed | undefined): Acted {
    if (changed === undefined) throw new TaskNotFoundError(id);
    const { accepted, task, hints } = changed;
    this.#lanes.of(task.queue).push(hints);
    return { accepted, task };
  }
}

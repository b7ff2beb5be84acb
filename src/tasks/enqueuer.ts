import { compileChild } from '../definition/compile-child.ts';
import type { ChildDefinition } from '../definition/children.ts';
import type { CompiledDefinition } from '../definition/types.ts';
import { draftTask, enqueuedTask, type EnqueueOptions } from './draft.ts';
import type { Lanes } from './lanes.ts';
import type { NewTask } from './new-task.ts';
import type { Store } from './store.ts';
import type { Task } from './task.ts';
import { unknownDefinition } from './unknown-definition.ts';

/** Enqueues tasks from within a worker, in two steps between which they are linked to their parent. */
export class Enqueuer {
  readonly #definitions: ReadonlyMap<string, CompiledDefinition>;
  readonly #store: Store;
  readonly #lanes: Lanes;

  /** The definitions that the process has loaded; others can only be handed over as they are. */
  constructor(definitions: ReadonlyMap<string, CompiledDefinition>, store: Store, lanes: Lanes) {
    this.#definitions = definitions;
    this.#store = store;
    this.#lanes = lanes;
  }

  /**
   * Checks an input (wire JSON, as text) and makes a record of it.
   *
   * @throws BadUserInputError; TypeError where the definition is none
   */
  async prepare(
    which: string | ChildDefinition<never, unknown>,
    input: string,
    options: EnqueueOptions,
  ): Promise<{ readonly queue: string; readonly task: NewTask }> {
    const name = typeof which === 'string' ? which : which.name;
    const compiled =
      this.#definitions.get(name) ?? (typeof which === 'string' ? undefined : compileChild(which));
    if (compiled === undefined) throw unknownDefinition(name, this.#definitions, 'This worker knows');
    return { queue: compiled.definition.queue, task: await draftTask(compiled, JSON.parse(input), options) };
  }

  /**
   * Writes the record and wakes a slot for it; the id may be changed in between.
   *
   * @throws IdempotencyKeyReusedError, QueueFullError, QueueDrainingError, LimitReachedError
   */
  async create(queue: string, draft: NewTask): Promise<Task> {
    const { hints, ...created } = await this.#store.create(queue, draft);
    const task = enqueuedTask(draft, created);
    this.#lanes.of(queue).push(hints);
    return task;
  }
}

import type { Viewer } from '../auth/viewer.ts';
import type { TaskAction } from '../definition/options.ts';
import type { CompiledDefinition } from '../definition/types.ts';
import { ForbiddenError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import type { EnqueueOptions } from '../tasks/draft.ts';
import type { Task } from '../tasks/task.ts';

/** What a viewer may do with tasks of its own, as their definitions say by `authorize`. */
export class Permissions {
  /** Which tasks of its owner's the viewer may read; undefined where that is all of them. */
  readonly readable: ((task: Task) => boolean) | undefined;
  readonly #viewer: {
    readonly owner: string;
    readonly scopes: readonly string[];
    readonly claims: Viewer['claims'];
  };
  readonly #definitions: ReadonlyMap<string, CompiledDefinition>;
  readonly #logger: Logger;

  constructor(
    { owner, scopes, claims }: Viewer,
    definitions: ReadonlyMap<string, CompiledDefinition>,
    logger: Logger,
  ) {
    this.#viewer = Object.freeze({ owner, scopes: Object.freeze([...scopes]), claims });
    this.#definitions = definitions;
    this.#logger = logger;
    const asks = [...definitions.values()].some(({ definition }) => definition.authorize !== undefined);
    this.readable = asks ? (task) => this.mayRead(task) : undefined;
  }

  /** Whether a task may be there for the viewer at all. */
  mayRead(task: Task): boolean {
    return this.#may(task.name, 'READ', task);
  }

  /** Whether some task of these definitions may be one that the viewer may not read; none are all of them. */
  mayHide(names: readonly string[] = []): boolean {
    if (this.readable === undefined || names.length === 0) return this.readable !== undefined;
    return names.some((name) => this.#definitions.get(name)?.definition.authorize !== undefined);
  }

  /** @throws ForbiddenError where the viewer may not do this to a task that it may read */
  check(action: Exclude<TaskAction, 'ENQUEUE'>, task: Task): void {
    if (!this.#may(task.name, action, task)) throw new ForbiddenError(refused(action, task.name));
  }

  /** The option by which a definition is asked before a task of it is enqueued; undefined where it doesn't want to be. */
  toEnqueue(name: string): Pick<EnqueueOptions, 'permit'> | undefined {
    if (this.#definitions.get(name)?.definition.authorize === undefined) return undefined;
    return {
      permit: (input) => {
        if (!this.#may(name, 'ENQUEUE', undefined, input)) throw new ForbiddenError(refused('ENQUEUE', name));
      },
    };
  }

  /**
   * Whether the viewer may enqueue tasks of a definition, as far as that can be said before there is an input: true also
   * where only an input decides, so that a definition which asks for it throws.
   */
  mayEnqueue(name: string): boolean {
    try {
      const answer: unknown = this.#definitions
        .get(name)
        ?.definition.authorize?.({ viewer: this.#viewer, action: 'ENQUEUE' });
      if (answer instanceof Promise) answer.catch(() => undefined);
      return answer !== false;
    } catch {
      return true;
    }
  }

  #may(name: string, action: TaskAction, task: Task | undefined, input?: unknown): boolean {
    const definition = this.#definitions.get(name)?.definition;
    if (definition?.authorize === undefined) return true;
    try {
      const answer: unknown = definition.authorize({
        viewer: this.#viewer,
        action,
        ...(task === undefined ? { input } : { task: shownOf(task) }),
      });
      if (typeof answer === 'boolean') return answer;
      if (answer instanceof Promise) answer.catch(() => undefined);
      // A promise, say, which would be true whatever it comes to.
      throw new TypeError(
        `Expected \`authorize\` of '${name}' to return true or false, got ${typeof answer}.`,
      );
    } catch (error) {
      this.#logger.warn({ err: error, definition: name, action }, 'authorize failed, which refuses');
      return false;
    }
  }
}

function shownOf({ id, name, owner, tags }: Task) {
  return { id, name, owner, tags };
}

function refused(action: TaskAction, name: string): string {
  return `The definition '${name}' does not let you ${verbs[action]} this task.`;
}

const verbs: Record<TaskAction, string> = {
  ENQUEUE: 'enqueue',
  READ: 'read',
  CANCEL: 'cancel',
  RETRY: 'retry',
  UPDATE: 'change',
};

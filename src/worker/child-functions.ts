import type { Child, ChildDefinition, ChildOptions } from '../definition/children.ts';
import type { TaskContext } from '../definition/context.ts';

/** What lies below `enqueue` and `all`, as wire JSON: an attempt's children, or a thread's line to them. */
export interface ChildLine {
  /** Gives the child's id. */
  enqueue(
    which: string | ChildDefinition<never, unknown>,
    input: string,
    options: ChildOptions,
  ): Promise<string>;
  /**
   * Waits for children at once. Gives undefined for one that didn't succeed and may; else it throws the first
   * ChildFailedError.
   */
  outputs(awaited: readonly Awaited[]): Promise<(string | undefined)[]>;
}

/** A child that is waited for. */
export interface Awaited {
  readonly id: string;
  readonly mayFail: boolean;
}

/** Gives a definition's outputs their types. */
export type ParseOutput = (definition: ChildDefinition<never, unknown>) => (wire: unknown) => unknown;

/** `enqueue` and `all` of a context. */
export function childFunctions(line: ChildLine, parse: ParseOutput): Pick<TaskContext, 'enqueue' | 'all'> {
  const parsers = new WeakMap<Child, { readonly awaited: Awaited; parse(wire: unknown): unknown }>();

  const outputs = async (children: readonly Child[], mayFail: boolean): Promise<unknown[]> => {
    const known = children.map((child) => {
      const one = parsers.get(child);
      if (one === undefined) throw new TypeError('all: expected what `enqueue` of the same run gave.');
      return one;
    });
    const wires = await line.outputs(
      known.map(({ awaited }) => ({ ...awaited, mayFail: awaited.mayFail || mayFail })),
    );
    return wires.map((wire, index) =>
      wire === undefined ? undefined : known[index]?.parse(JSON.parse(wire)),
    );
  };

  const enqueue = async (
    which: string | ChildDefinition<never, unknown>,
    input: unknown,
    options: ChildOptions = {},
  ): Promise<Child> => {
    const id = await line.enqueue(which, JSON.stringify(input ?? null), options);
    const child: Child = { id, result: () => quiet(outputs([child], false).then(([output]) => output)) };
    parsers.set(child, {
      awaited: { id, mayFail: options.failure === 'IGNORE' },
      parse: typeof which === 'string' ? (wire) => wire : parse(which),
    });
    return child;
  };

  const functions = {
    enqueue: (...call: Parameters<typeof enqueue>) => quiet(enqueue(...call)),
    all: (children: readonly Child[], { failure }: ChildOptions = {}) =>
      quiet(outputs(children, failure === 'IGNORE')),
  };
  // The overloads say of each call what these say of all.
  return functions as Pick<TaskContext, 'enqueue' | 'all'>;
}

/** A run that doesn't await it must not end the process with an unhandled rejection. */
function quiet<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}

import { type Argument, enqueueBy, enqueueToCopy, type Operation } from '../../client/enqueue-operation.ts';

/** What a form enqueues: a task of a definition, or a task that is there once more, with another input. */
export interface Target {
  /** The definition's own mutation. */
  readonly mutation: string;
  /** The name of its input's type; null where it takes none. */
  readonly inputType: string | null;
  /** The task of which it is a replay. */
  readonly replayOf?: string | undefined;
}

/**
 * The mutation that enqueues a task, under the alias `m`.
 *
 * @throws TypeError what the API told is no name of GraphQL
 */
export function enqueueOperation(
  target: Target,
  input: unknown,
  options: Readonly<Record<string, unknown>>,
): Operation {
  return enqueueBy(...fieldOf(target, input, options), ['deduplicated', 'task {', '  id', '}'], 'm');
}

/** What came of it. */
export interface Enqueued {
  readonly m: { readonly deduplicated: boolean; readonly task: { readonly id: string } };
}

/** The same mutation for who copies it. */
export function operationToCopy(...asked: Parameters<typeof enqueueOperation>): Operation {
  return enqueueToCopy(...fieldOf(...asked));
}

function fieldOf(
  { mutation, inputType, replayOf }: Target,
  input: unknown,
  options: Readonly<Record<string, unknown>>,
): [mutation: string, args: readonly Argument[]] {
  const isReplay = replayOf !== undefined;
  const args: readonly Argument[] = [
    ...(isReplay ? [['id', 'ID!', replayOf] as const] : []),
    ...(inputType === null ? [] : [['input', isReplay ? 'JSON' : `${inputType}!`, input] as const]),
    ...(Object.keys(options).length === 0 ? [] : [['options', 'TaskOptions', options] as const]),
  ];
  return [isReplay ? 'replayTask' : mutation, args];
}

import { type Argument, enqueueBy, type Operation } from '../../client/enqueue-operation.ts';

/**
 * The mutation that enqueues a task of a definition, under the alias `m`.
 *
 * @throws TypeError what the API told is no name of GraphQL
 */
export function enqueueOperation(
  { mutation, inputType }: { readonly mutation: string; readonly inputType: string | null },
  input: unknown,
  options: Readonly<Record<string, unknown>>,
): Operation {
  const args: readonly Argument[] = [
    ...(inputType === null ? [] : [['input', `${inputType}!`, input] as const]),
    ...(Object.keys(options).length === 0 ? [] : [['options', 'TaskOptions', options] as const]),
  ];
  return enqueueBy(mutation, args, ['deduplicated', 'task {', '  id', '}'], 'm');
}

/** What came of it. */
export interface Enqueued {
  readonly m: { readonly deduplicated: boolean; readonly task: { readonly id: string } };
}

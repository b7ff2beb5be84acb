import type { CompiledDefinition } from '../definition/types.ts';
import { BadUserInputError } from '../errors.ts';
import type { EnqueueOptions, ReplayOptions } from './draft.ts';
import { keepSecrets } from './kept-secrets.ts';
import type { Task } from './task.ts';

/**
 * What a replay of a task enqueues: its input, tags, parent and owner unless the options bring others. Secrets that an edited
 * input has left in place are those of the original's.
 *
 * @throws BadUserInputError where its definition isn't known here any more
 */
export function replayOf(
  { name, tags, parent, owner }: Task,
  input: unknown,
  compiled: CompiledDefinition | undefined,
  options: ReplayOptions,
): { readonly input: unknown; readonly options: EnqueueOptions } {
  if (compiled === undefined) {
    const message = `Expected a task of a definition that is known here, not of '${name}'.`;
    throw new BadUserInputError(`The task can't be replayed: ${message}`, [{ path: ['id'], message }]);
  }
  return {
    input: keepSecrets(options.input ?? input, input, compiled.secrets.input),
    options: { tags, owner, ...(parent === undefined ? {} : { parent }), ...options },
  };
}

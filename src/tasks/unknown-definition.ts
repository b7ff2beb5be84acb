import type { CompiledDefinition } from '../definition/types.ts';
import { BadUserInputError } from '../errors.ts';

/** The error of a name that no definition has; `who` begins the sentence with those there are, as `Known here`. */
export function unknownDefinition(
  name: string,
  definitions: ReadonlyMap<string, CompiledDefinition>,
  who: string,
): BadUserInputError {
  const known = [...definitions.keys()].toSorted().join(', ');
  return new BadUserInputError(`There is no task definition '${name}'. ${who}: ${known || 'none'}.`, [
    { path: ['name'], message: `expected one of: ${known || '(no definition is loaded)'}` },
  ]);
}

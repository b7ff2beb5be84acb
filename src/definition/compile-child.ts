import { isTaskDefinition } from './definition.ts';
import { compileDefinitions, type CompiledDefinition } from './types.ts';

const compiled = new WeakMap<object, CompiledDefinition>();

/**
 * The types of a definition that a `run` hands over, which its process may not have loaded by itself.
 *
 * @throws {TypeError} where it isn't one
 */
export function compileChild(which: unknown): CompiledDefinition {
  if (!isTaskDefinition(which)) {
    throw new TypeError('enqueue: expected a definition that defineTask made, or the name of one.');
  }
  const known = compiled.get(which) ?? compileDefinitions([which]).get(which.name);
  // What was compiled is in the map that it was compiled into.
  if (known === undefined) throw new TypeError(`enqueue: '${which.name}' could not be compiled.`);
  compiled.set(which, known);
  return known;
}

import { compileDefinitions, type CompiledDefinition } from '../../src/definition/types.ts';
import { BadUserInputError, type Issue, type TaskDefinition } from '../../src/index.ts';

/** A definition as it is when it has been loaded. */
export function compile<Input, Output>(definition: TaskDefinition<Input, Output>): CompiledDefinition {
  const compiled = compileDefinitions([definition]).get(definition.name);
  if (!compiled) throw new Error(`${definition.name} wasn't compiled`);
  return compiled;
}

/** How an input is refused; one that is accepted is an error of the test. */
export async function refusalOf(compiled: CompiledDefinition, wire: unknown): Promise<BadUserInputError> {
  const error: unknown = await compiled.coerceInput(wire).then(
    (value) => new Error(`was accepted as ${JSON.stringify(value)}`),
    (error: unknown) => error,
  );
  if (!(error instanceof BadUserInputError)) throw error;
  return error;
}

/** What is wrong with an input. */
export async function issuesOf(compiled: CompiledDefinition, wire: unknown): Promise<readonly Issue[]> {
  return (await refusalOf(compiled, wire)).issues;
}

import { type GraphQLResolveInfo, valueFromASTUntyped } from 'graphql';
import { BadUserInputError } from '../errors.ts';
import type { Context } from './context.ts';
import { givenVariables } from './variables.ts';

/**
 * An argument as the client wrote it, before GraphQL made objects such as Dates of it: what a record keeps.
 * The name is the variable's where the argument is one, which is where the client has to look for a mistake.
 */
export function argumentAsSent(
  argument: string,
  info: GraphQLResolveInfo,
  { variables }: Context,
): { name: string; value: unknown } {
  const node = info.fieldNodes[0]?.arguments?.find(({ name }) => name.value === argument)?.value;
  if (node === undefined) return { name: argument, value: undefined };
  const value = valueFromASTUntyped(node, givenVariables(info.operation, variables));
  return { name: node.kind === 'Variable' ? node.name.value : argument, value };
}

/** The same error; where it is about the argument, with paths that begin with the name under which the client has it. */
export function inputNamed(name: string, error: unknown, argument = 'input'): unknown {
  if (!(error instanceof BadUserInputError)) return error;
  const issues = error.issues.map((issue) => {
    const [first, ...path] = issue.path;
    return first === argument ? { ...issue, path: [name, ...path] } : issue;
  });
  return new BadUserInputError(error.message, issues);
}

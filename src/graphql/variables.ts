import {
  GraphQLError,
  type GraphQLSchema,
  isInputType,
  type OperationDefinitionNode,
  typeFromAST,
  validateInputValue,
  valueFromASTUntyped,
} from 'graphql';
import type { Issue } from '../errors.ts';

/** Every place where the variables aren't what the operation declares; a path starts with the variable's name. */
export function variableIssues(
  schema: GraphQLSchema,
  operation: OperationDefinitionNode,
  variables: Readonly<Record<string, unknown>>,
): Issue[] {
  const issues: Issue[] = [];
  for (const { variable, type: typeNode, defaultValue } of operation.variableDefinitions ?? []) {
    const name = variable.name.value;
    const type = typeFromAST(schema, typeNode);
    const isGiven = Object.hasOwn(variables, name);
    if (!isInputType(type) || (!isGiven && defaultValue !== undefined)) continue;
    const value = isGiven ? variables[name] : undefined;
    validateInputValue(value, type, (error, path) => {
      issues.push({ path: [name, ...path], message: error.message });
    });
  }
  return issues;
}

/** The error of a request whose variables can't be used. Nothing of the operation has run. */
export function badVariables(issues: readonly Issue[]): GraphQLError {
  const shown = issues.slice(0, 3).map(({ path, message }) => `${path.join('.')}: ${message}`);
  const more = issues.length > shown.length ? [`and ${issues.length - shown.length} more`] : [];
  return new GraphQLError(`The variables can't be used. ${[...shown, ...more].join('; ')}`, {
    // GraphQL over HTTP: 400, but 200 for a client that accepts only application/json.
    extensions: { code: 'BAD_USER_INPUT', issues, http: { status: 400, spec: true } },
  });
}

/** The variables as the client sent them, with the operation's own defaults for those it left out. */
export function givenVariables(
  operation: OperationDefinitionNode,
  variables: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  // Without a prototype: a variable may be called `__proto__` or `constructor`.
  const given: Record<string, unknown> = Object.create(null);
  for (const { variable, defaultValue } of operation.variableDefinitions ?? []) {
    const name = variable.name.value;
    if (Object.hasOwn(variables, name)) given[name] = variables[name];
    else if (defaultValue !== undefined) given[name] = valueFromASTUntyped(defaultValue);
  }
  return given;
}

import {
  GraphQLError,
  type GraphQLSchema,
  isInputType,
  type OperationDefinitionNode,
  typeFromAST,
  valueFromASTUntyped,
} from 'graphql';
import { coerceToType } from '../definition/coerce.ts';
import { holdsSecret } from '../definition/secrets.ts';
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
    const coerced = coerceToType(value, type);
    if ('value' in coerced) continue;
    issues.push(...coerced.issues.map(({ path, message }) => ({ path: [name, ...path], message })));
  }
  return issues;
}

/** Whether what an operation declares as its variables may hold secrets. */
export function takesSecrets(schema: GraphQLSchema, operation: OperationDefinitionNode): boolean {
  return (operation.variableDefinitions ?? []).some(({ type: node }) => {
    const type = typeFromAST(schema, node);
    return isInputType(type) && holdsSecret(type);
  });
}

/** The deepest nesting of a variable: what JSON and GraphQL walk through by recursion must not exhaust the stack. */
const mostLevels = 32;

/** The variables that are nested too deep to be worked with. */
export function deepVariables(variables: Readonly<Record<string, unknown>>): Issue[] {
  const message = `Expected at most ${mostLevels} levels of lists and objects.`;
  return Object.keys(variables)
    .filter((name) => isDeeper(variables[name], mostLevels))
    .map((name) => ({ path: [name], message }));
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((inner) => isDeeper(inner, levels - 1));
}

/** The error of a request whose variables can't be used. Nothing of the operation has run. */
export function badVariables(issues: readonly Issue[]): GraphQLError {
  return badInput("The variables can't be used.", issues);
}

// A hundred thousand wrong variables are answered like a hundred.
const mostIssues = 100;

/** The error of a request whose input can't be used, with each place. */
export function badInput(summary: string, issues: readonly Issue[]): GraphQLError {
  const shown = issues.slice(0, 3).map(({ path, message }) => `${path.join('.')}: ${message}`);
  const more = issues.length > shown.length ? [`and ${issues.length - shown.length} more`] : [];
  return new GraphQLError(`${summary} ${[...shown, ...more].join('; ')}`, {
    // GraphQL over HTTP: 400, but 200 for a client that accepts only application/json.
    extensions: {
      code: 'BAD_USER_INPUT',
      issues: issues.slice(0, mostIssues),
      http: { status: 400, spec: true },
    },
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

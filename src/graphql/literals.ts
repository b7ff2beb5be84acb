import {
  type ASTNode,
  type ASTVisitor,
  type GraphQLError,
  type GraphQLInputType,
  Kind,
  validateInputLiteral,
  type ValidationContext,
  type ValueNode,
} from 'graphql';
import { touchesSecret } from '../definition/secrets.ts';
import { cut } from '../definition/show.ts';
import type { Issue } from '../errors.ts';
import { badInput } from './variables.ts';

type Maybe<T> = T | null | undefined;
type Parent = ASTNode | readonly ASTNode[] | undefined;

/**
 * In place of graphql-js' rule `ValuesOfCorrectType`, by the same check: a bad value that is written out in the document
 * is a bad input like one in the variables. `found` gets each, with the path from the argument on.
 */
export function literalsRule(found: (issue: Issue) => void): (context: ValidationContext) => ASTVisitor {
  return (context) => {
    const check = (node: ValueNode, type: Maybe<GraphQLInputType>, parent: Parent): false => {
      if (!type) return false;
      const report = (error: GraphQLError, path: readonly (string | number)[]): void => {
        const [at] = error.nodes ?? [];
        const unknown = at?.kind === Kind.OBJECT_FIELD ? [at.name.value] : [];
        // It repeats the value, and the object in which something is missing.
        const message = touchesSecret(type, path) ? unlike(type) : cut(error.message, 300);
        found({ path: [...nameOf(parent), ...path, ...unknown], message });
      };
      validateInputLiteral(node, type, report, undefined, undefined, context.hideSuggestions);
      // What is inside has been checked.
      return false;
    };
    const checkOwn = (node: ValueNode, _: unknown, parent: Parent) =>
      check(node, context.getInputType(), parent);
    return {
      NullValue: checkOwn,
      ObjectValue: checkOwn,
      EnumValue: checkOwn,
      IntValue: checkOwn,
      FloatValue: checkOwn,
      StringValue: checkOwn,
      BooleanValue: checkOwn,
      // Inside a list the context tells the type of its items.
      ListValue: (node, _, parent) => check(node, context.getParentInputType(), parent),
    };
  };
}

function unlike(type: GraphQLInputType): string {
  return `Expected what ${String(type)} takes here, not what came, which is secret or beside a secret.`;
}

/** The error of a document with bad values in it. */
export function badLiterals(issues: readonly Issue[]): GraphQLError {
  return badInput("The arguments can't be used.", issues);
}

/** The argument that holds the value, or the variable whose default it is. */
function nameOf(parent: Parent): string[] {
  if (parent === undefined || !('kind' in parent)) return [];
  if (parent.kind === Kind.ARGUMENT) return [parent.name.value];
  return parent.kind === Kind.VARIABLE_DEFINITION ? [parent.variable.name.value] : [];
}

import {
  type DocumentNode,
  executeRootSelectionSet,
  type ExecutionResult,
  executeSubscriptionEvent,
  GraphQLError,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type ValidatedExecutionArgs,
  type ValidatedSubscriptionArgs,
} from 'graphql';
import { compileQuery, isCompiledQuery } from 'graphql-jit';
import type { Logger } from '../logger.ts';
import { fieldsOf, hasInnerArguments, nodesAt } from './document-nodes.ts';

/** What is there at once where nothing has to be waited for: most events of subscriptions need no promise. */
export type MaybePromise<Value> = Value | Promise<Value>;

type Compiled = (args: ValidatedExecutionArgs) => MaybePromise<ExecutionResult>;

/** One operation of a document, in whatever number of requests and subscriptions. */
interface Operation {
  runs: number;
  compiled: Compiled | undefined;
}

/**
 * Executes operations whose variables fit: by graphql-js, and by a compiled function, some ten times as fast, where an
 * operation is run often. What the compiler may do otherwise than graphql-js is left to the latter: arguments below the
 * root's fields, several mutations one after the other, and what has errors, where it can be run once more.
 */
export class Executions {
  readonly #schema: GraphQLSchema;
  readonly #logger: Logger;
  readonly #runsBeforeCompiled: number;
  readonly #operations = new WeakMap<DocumentNode, Map<string, Operation>>();

  /** To compile takes as long as some hundred runs: an operation is, once it was run `runsBeforeCompiled` times. */
  constructor(schema: GraphQLSchema, logger: Logger, runsBeforeCompiled = 20) {
    this.#schema = schema;
    this.#logger = logger;
    this.#runsBeforeCompiled = runsBeforeCompiled;
  }

  /** Runs a query or a mutation. A mutation that it would begin after its time isn't begun. */
  run(args: ValidatedExecutionArgs, time?: { readonly expired: AbortSignal }): MaybePromise<ExecutionResult> {
    const compiled = this.#compiled(args);
    if (compiled === undefined) {
      return executeRootSelectionSet(
        time === undefined ? args : { ...args, externalAbortSignal: time.expired },
      );
    }
    return whenDone(compiled(args), (result) => {
      if (result.errors === undefined) return result;
      // Without data nothing has run.
      if (args.operation.operation === 'query' || !('data' in result)) return executeRootSelectionSet(args);
      // Errors first, as the specification wishes.
      return { errors: result.errors.map((error) => located(error, args)), data: result.data };
    });
  }

  /** Makes of a subscription's event what was asked for. */
  runEvent(args: ValidatedSubscriptionArgs, event: unknown): MaybePromise<ExecutionResult> {
    const rooted = { ...args, rootValue: event };
    const compiled = this.#compiled(args);
    if (compiled === undefined) return executeSubscriptionEvent(rooted);
    return whenDone(compiled(rooted), (result) =>
      result.errors === undefined ? result : executeSubscriptionEvent(rooted),
    );
  }

  #compiled(args: ValidatedExecutionArgs): Compiled | undefined {
    const operation = this.#operationOf(args);
    if (operation.compiled !== undefined) return operation.compiled;
    operation.runs += 1;
    if (operation.runs === this.#runsBeforeCompiled) operation.compiled = this.#compile(args);
    return operation.compiled;
  }

  #operationOf({ document, operation: { name } }: ValidatedExecutionArgs): Operation {
    let operations = this.#operations.get(document);
    if (operations === undefined) this.#operations.set(document, (operations = new Map()));
    let operation = operations.get(name?.value ?? '');
    if (operation === undefined) {
      operation = { runs: 0, compiled: undefined };
      operations.set(name?.value ?? '', operation);
    }
    return operation;
  }

  #compile({ document, operation }: ValidatedExecutionArgs): Compiled | undefined {
    if (hasInnerArguments(document) || hasSteps(document, operation)) return undefined;
    try {
      const compiled = compileQuery(this.#schema, document, operation.name?.value);
      if (!isCompiledQuery(compiled)) return undefined;
      return ({ rootValue, contextValue, rawVariableValues }) =>
        compiled.query(rootValue, contextValue, rawVariableValues);
    } catch (error) {
      this.#logger.debug({ err: error }, 'an operation could not be compiled');
      return undefined;
    }
  }
}

/** Several mutations, one after the other: the compiled function wouldn't stop between two of them. */
function hasSteps(document: DocumentNode, { operation, selectionSet }: OperationDefinitionNode): boolean {
  return operation === 'mutation' && [...fieldsOf(document, selectionSet)].length > 1;
}

function whenDone<From, To>(
  value: MaybePromise<From>,
  then: (value: From) => MaybePromise<To>,
): MaybePromise<To> {
  return value instanceof Promise ? value.then(then) : then(value);
}

/** A compiled operation's error as graphql-js makes it. */
function located(error: GraphQLError, { document, operation }: ValidatedExecutionArgs): GraphQLError {
  const { path, originalError } = error;
  return new GraphQLError(error.message, {
    nodes: nodesAt(document, operation, path ?? []),
    path,
    ...(originalError === undefined ? {} : { cause: originalError }),
    extensions: error.extensions,
  });
}

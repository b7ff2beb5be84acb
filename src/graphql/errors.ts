import { randomUUID } from 'node:crypto';
import { GraphQLError, type GraphQLErrorExtensions, Kind } from 'graphql';
import {
  BadUserInputError,
  IdempotencyKeyReusedError,
  LimitReachedError,
  RateLimitedError,
  TaskwireError,
} from '../errors.ts';
import type { Logger } from '../logger.ts';

/** Turns whatever was thrown while an operation ran into what the client may see. */
export type MaskError = (error: unknown) => GraphQLError;

/**
 * Makes the one place where errors become answers: a `TaskwireError` keeps its code and message, so does an
 * error of GraphQL itself; everything else is logged under an id, and the client gets only that id.
 */
export function createMaskError(logger: Logger): MaskError {
  return (error) => {
    const origin = originOf(error);
    if (origin instanceof TaskwireError) return placed(error, origin.message, extensionsOf(origin));
    if (origin instanceof GraphQLError && origin.extensions['code'] !== undefined) return origin;
    if (origin instanceof GraphQLError && isAboutArguments(origin)) {
      const issues = [{ path: [], message: origin.message }];
      return placed(error, origin.message, { code: 'BAD_USER_INPUT', issues });
    }
    const errorId = randomUUID();
    const path = error instanceof GraphQLError ? error.path : undefined;
    logger.error({ err: origin, errorId, path }, 'an operation failed unexpectedly');
    const message = `Something went wrong on the server. Its log says more under the id ${errorId}.`;
    // Yoga answers 500 where `unexpected` is set and takes the mark off before it sends.
    return placed(error, message, { code: 'INTERNAL_SERVER_ERROR', errorId, unexpected: true });
  };
}

function extensionsOf(error: TaskwireError): GraphQLErrorExtensions {
  const { code } = error;
  if (error instanceof BadUserInputError) return { code, issues: error.issues };
  if (error instanceof IdempotencyKeyReusedError) {
    const { taskId, batchId } = error;
    return batchId === undefined ? { code, taskId } : { code, batchId };
  }
  if (error instanceof LimitReachedError && error.retryAt !== undefined) {
    return { code, retryAt: new Date(error.retryAt).toISOString() };
  }
  if (error instanceof RateLimitedError) {
    const retryAfter = Math.ceil(error.retryAfterMs / 1000);
    // Taken off before it is sent.
    return { code, retryAfter, http: { status: 429, headers: { 'retry-after': String(retryAfter) } } };
  }
  return { code };
}

/** What was thrown in the first place, out of the errors that GraphQL wrapped around it. */
function originOf(error: unknown): unknown {
  if (!(error instanceof GraphQLError)) return error;
  return error.cause === undefined ? error : originOf(error.cause);
}

function placed(error: unknown, message: string, extensions: GraphQLErrorExtensions): GraphQLError {
  if (!(error instanceof GraphQLError)) return new GraphQLError(message, { extensions });
  const { nodes, source, positions, path } = error;
  return new GraphQLError(message, { nodes, source, positions, path, extensions });
}

/** GraphQL points at the value where an argument can't be coerced, and at the field where its output can't. */
function isAboutArguments(error: GraphQLError): boolean {
  const kind = error.nodes?.[0]?.kind;
  return kind !== undefined && kind !== Kind.FIELD && kind !== Kind.OPERATION_DEFINITION;
}

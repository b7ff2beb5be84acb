import type { ExecutionResult, GraphQLError, GraphQLFormattedError } from 'graphql';

/** A result as clients get it, as JSON. */
export function payloadOf(result: ExecutionResult): string {
  if (result.errors === undefined) return JSON.stringify(result);
  return JSON.stringify({ ...result, errors: result.errors.map(shownError) });
}

/** An error without the marks that only say which status HTTP answers. */
export function shownError(error: GraphQLError): GraphQLFormattedError {
  const { extensions, ...rest } = error.toJSON();
  if (extensions === undefined) return rest;
  const { http: _http, unexpected: _unexpected, ...others } = extensions;
  return { ...rest, extensions: others };
}

let last = { payload: '', bytes: Buffer.of() };

/** A payload as UTF-8; encoded once for all who get it one after the other. */
export function bytesOf(payload: string): Buffer {
  if (payload !== last.payload) last = { payload, bytes: Buffer.from(payload) };
  return last.bytes;
}

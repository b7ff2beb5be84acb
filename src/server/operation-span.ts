import { GraphQLError, type OperationDefinitionNode } from 'graphql';
import type { Context } from '../graphql/context.ts';
import { ending, spanning, type Traces } from '../traces.ts';
import { fieldsOf } from './document-nodes.ts';
import type { Params } from './pipeline.ts';

/**
 * Runs an operation within a span that belongs to what its client's `traceparent` says, named by its first field; what it
 * enqueues belongs to the span. Neither variables nor messages of errors are told: they may hold secrets.
 */
export async function operationSpanning<Result extends object>(
  traces: Traces,
  { document }: Params,
  operation: OperationDefinitionNode | undefined,
  context: Context,
  run: () => Promise<Result>,
): Promise<Result> {
  if (operation === undefined) return await run();
  const [field] = fieldsOf(document, operation.selectionSet);
  const type = operation.operation;
  const span = traces.start(`${type} ${field?.name.value ?? ''}`, {
    kind: 'server',
    parent: context.trace,
    attributes: {
      'graphql.operation.type': type,
      ...(operation.name === undefined
        ? {}
        : { 'graphql.operation.name': operation.name.value.slice(0, 100) }),
    },
  });
  context.trace = span.traceparent;
  // What a subscription begins may go on for all who watch the same: none of it belongs to the one who came first.
  const within = type === 'subscription' ? ending : spanning;
  return await within(span, async () => {
    const result = await run();
    const error = 'errors' in result && Array.isArray(result.errors) ? result.errors[0] : undefined;
    if (error instanceof GraphQLError) span.fail(codeOf(error));
    return result;
  });
}

function codeOf({ extensions }: GraphQLError): string {
  const { code } = extensions;
  return typeof code === 'string' ? code : 'GRAPHQL_ERROR';
}

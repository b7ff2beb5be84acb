import {
  type DocumentNode,
  getOperationAST,
  GraphQLError,
  type GraphQLSchema,
  parse,
  specifiedRules,
  validate,
  type ValidationRule,
  ValuesOfCorrectTypeRule,
} from 'graphql';
import { createYoga, isAsyncIterable, type Plugin } from 'graphql-yoga';
import { cut } from '../definition/show.ts';
import type { Issue } from '../errors.ts';
import { type Context, parseKey, parseTrace } from '../graphql/context.ts';
import { createMaskError } from '../graphql/errors.ts';
import { ambiguousKey, keyHeader } from '../graphql/idempotency-header.ts';
import { badLiterals, literalsRule } from '../graphql/literals.ts';
import { badVariables, deepVariables, variableIssues } from '../graphql/variables.ts';
import type { Logger } from '../logger.ts';
import type { Tasks } from '../tasks/tasks.ts';
import { DocumentCache } from './document-cache.ts';

/** Where the API is served, over HTTP, SSE and WebSocket. */
export const graphqlPath = '/graphql';

/** What the context of an operation is made of, beside its parameters, where it came over a socket. */
export interface SocketOrigin {
  readonly traceparent: string | undefined;
  /** Aborts when the socket has closed. */
  readonly signal: AbortSignal;
}

interface PipelineOptions {
  readonly schema: GraphQLSchema;
  readonly tasks: Tasks;
  readonly logger: Logger;
  /** Aborts when the server is about to close. */
  readonly closing: AbortSignal;
  /** Keeps errors from asking "Did you mean …?", which gives names away. @default true */
  readonly hideSuggestions?: boolean;
}

/** The one way that operations of all transports go: parse, validate, context, execute or subscribe, mask. */
export type Pipeline = ReturnType<typeof createPipeline>;

export function createPipeline({ schema, tasks, logger, closing, hideSuggestions = true }: PipelineOptions) {
  const maskError = createMaskError(logger);
  const yoga = createYoga<{ origin?: SocketOrigin }, Context>({
    schema,
    graphqlEndpoint: graphqlPath,
    context: ({ request, params, origin }) => {
      const variables = params.variables ?? {};
      const tooDeep = deepVariables(variables);
      if (tooDeep.length > 0) throw badVariables(tooDeep);
      return {
        tasks,
        viewer: { owner: 'anonymous' },
        trace: parseTrace(origin === undefined ? request.headers.get('traceparent') : origin.traceparent),
        idempotencyKey: origin === undefined ? parseKey(request.headers.get(keyHeader)) : undefined,
        variables,
        signal: origin === undefined ? request.signal : origin.signal,
        closing,
        maskError,
      };
    },
    maskedErrors: { maskError },
    plugins: [
      onlyJsonBodies(),
      boundedDocuments(),
      inputErrors(hideSuggestions),
      unambiguousKeys(),
      codedRequestErrors(),
    ],
    // Errors are not kept: what can't be parsed isn't sent again and again.
    parserAndValidationCache: { documentCache: new DocumentCache(), errorCache: noCache },
    batching: false,
    cors: false,
    multipart: false,
    landingPage: false,
    // Served by server.ts, with headers that keep it at home.
    graphiql: false,
    // The server counts bytes as they come; Yoga would pipe each body through another stream.
    maxRequestBodySize: false,
    // What went wrong is logged where it is masked.
    logging: false,
  });
  return { yoga, maskError };
}

/** Refuses bodies that a form of another site could send without asking, and JSON in a GET that isn't any. */
function onlyJsonBodies(): Plugin {
  return {
    onRequestParse({ request, requestParser, setRequestParser }) {
      if (request.method === 'POST' && !isJson(request.headers.get('content-type'))) {
        throw badRequest(415, 'Send the operation as `content-type: application/json`.');
      }
      if (requestParser === undefined) return;
      setRequestParser(async (request) => {
        try {
          return await requestParser(request);
        } catch (error) {
          if (!(error instanceof SyntaxError)) throw error;
          throw badRequest(400, '`variables` and `extensions` must be JSON objects.');
        }
      });
    },
  };
}

const noCache = { get: () => undefined, set: () => {} };

/** Far more than people write; it also bounds how deep a document is nested. */
const mostTokens = 1000;

/** Refuses to parse a document of any size: syntax trees are some twenty times as large. */
function boundedDocuments(): Plugin {
  return {
    onParse({ setParseFn }) {
      setParseFn((source, options) => parse(source, { ...options, maxTokens: mostTokens }));
    },
  };
}

/** Validates by GraphQL's rules, but answers a bad value in the document like a bad variable. */
function inputErrors(hideSuggestions: boolean): Plugin {
  return {
    onValidate({ setValidationFn }) {
      setValidationFn(
        (
          schema: GraphQLSchema,
          document: DocumentNode,
          rules: readonly ValidationRule[] = specifiedRules,
        ) => {
          const issues: Issue[] = [];
          const literals = literalsRule((issue) => issues.push(issue));
          const own = rules.map((rule) => (rule === ValuesOfCorrectTypeRule ? literals : rule));
          const errors = validate(schema, document, own, { hideSuggestions });
          return issues.length === 0 ? errors : [...errors, badLiterals(issues)];
        },
      );
    },
  };
}

/** Refuses a header `Idempotency-Key` of which it isn't clear what it is the key of. */
function unambiguousKeys(): Plugin<Context> {
  return {
    onExecute({ args, context, setResultAndStopExecution }) {
      const error = context.idempotencyKey === undefined ? undefined : ambiguousKey(args);
      if (error !== undefined) setResultAndStopExecution({ errors: [error] });
    },
  };
}

/** Gives every error of a request that couldn't start its code. */
function codedRequestErrors(): Plugin {
  return {
    onParse() {
      return ({ result }) => {
        // Yoga does so for HTTP only.
        if (result instanceof GraphQLError) {
          Object.assign(result.extensions, {
            code: 'GRAPHQL_PARSE_FAILED',
            http: { status: 400, spec: true },
          });
        }
      };
    },
    onExecute({ args }) {
      return {
        onExecuteDone({ result, setResult }) {
          const error = isAsyncIterable(result) ? undefined : startError(result, args);
          if (error !== undefined) setResult({ errors: [error] });
        },
      };
    },
    onSubscribe({ args }) {
      return {
        onSubscribeResult({ result, setResult }) {
          const error = isAsyncIterable(result) ? undefined : startError(result, args);
          if (error !== undefined) setResult({ errors: [error] });
        },
      };
    },
  };
}

interface Operation {
  readonly schema: GraphQLSchema;
  readonly document: DocumentNode;
  readonly operationName?: string | null | undefined;
  readonly variableValues?: Readonly<Record<string, unknown>> | null | undefined;
}

/** Errors without data and path are of the request: no such operation, or variables that don't fit. */
function startError(
  result: { readonly data?: unknown; readonly errors?: readonly GraphQLError[] },
  { schema, document, operationName, variableValues }: Operation,
): GraphQLError | undefined {
  const [first, ...others] = result.errors ?? [];
  if (first === undefined || 'data' in result || first.path !== undefined) return undefined;
  const operation = getOperationAST(document, operationName);
  if (!operation) return unknownOperation();
  const issues = variableIssues(schema, operation, variableValues ?? {});
  if (issues.length > 0) return badVariables(issues);
  return badVariables([first, ...others].map(({ message }) => ({ path: [], message: cut(message, 300) })));
}

/** The error of a document from which it isn't clear what to run; the same over all transports. */
export function unknownOperation(): GraphQLError {
  const extensions = { code: 'OPERATION_RESOLUTION_FAILURE', http: { status: 400, spec: true } };
  return new GraphQLError('Could not determine what operation to execute.', { extensions });
}

function isJson(contentType: string | null): boolean {
  return contentType !== null && /^application\/(graphql\+)?json\s*(;|$)/i.test(contentType);
}

function badRequest(status: number, message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code: 'BAD_REQUEST', http: { status } } });
}

import type { IncomingMessage, ServerResponse } from 'node:http';
import { type ExecutionResult, GraphQLError } from 'graphql';
import { createYoga, getSSEProcessor, type Plugin, processRegularResult } from 'graphql-yoga';
import type { Session } from '../auth/session.ts';
import type { Context } from '../graphql/context.ts';
import { keyHeader } from '../graphql/idempotency-header.ts';
import { isJson } from './http-operation.ts';
import { graphqlPath, type Params, type Pipeline } from './pipeline.ts';
import type { PulledStreams } from './pulled-streams.ts';

/** GraphQL over HTTP as its specification has it, in all its variety: what isn't answered the direct way. */
export class YogaAnswers {
  readonly #yoga: ReturnType<typeof createServer>;

  constructor(pipeline: Pipeline, streams: PulledStreams) {
    this.#yoga = createServer(pipeline, streams);
  }

  /** Answers a request whose body was not read, or is its `body`. */
  async serve(
    request: IncomingMessage,
    response: ServerResponse,
    session: Session,
    address: string,
  ): Promise<void> {
    await this.#yoga(request, response, { session, address, response });
  }

  /** The answer with a result, of which Yoga knows the status. */
  result(result: ExecutionResult, type: string): Response {
    return processRegularResult(result, this.#yoga.fetchAPI, type);
  }

  /** The same as a stream of one event. */
  async stream(result: ExecutionResult): Promise<Response> {
    return await getSSEProcessor()(result, this.#yoga.fetchAPI, 'text/event-stream');
  }
}

/** What comes with a request. */
interface Given {
  readonly session: Session;
  readonly address: string;
  readonly response: ServerResponse;
}

function createServer(pipeline: Pipeline, streams: PulledStreams) {
  return createYoga<Given, Context>({
    schema: pipeline.schema,
    graphqlEndpoint: graphqlPath,
    context: ({ request, params, session, address }) =>
      pipeline.context(params, {
        session,
        address,
        traceparent: request.headers.get('traceparent'),
        idempotencyKey: request.headers.get(keyHeader),
        onlyReads: request.method === 'GET',
        signal: request.signal,
      }),
    maskedErrors: { maskError: pipeline.maskError },
    plugins: [onlyJsonBodies(), byPipeline(pipeline, streams)],
    // The pipeline keeps what it has parsed, and what it has found valid.
    parserAndValidationCache: false,
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
          // Yoga tells what JSON.parse said, which repeats the body: it may hold secrets.
          if (error instanceof GraphQLError && 'originalError' in error.extensions)
            throw badRequest(400, error.message);
          if (!(error instanceof SyntaxError)) throw error;
          throw badRequest(400, '`variables` and `extensions` must be JSON objects.');
        }
      });
    },
  };
}

interface Args {
  readonly document: Params['document'];
  readonly operationName?: Params['operationName'];
  readonly variableValues?: Params['variables'];
  readonly contextValue?: unknown;
}

/** Has every step done by the pipeline, as for all transports. */
function byPipeline(pipeline: Pipeline, streams: PulledStreams): Plugin<Context> {
  const paramsOf = ({ document, operationName, variableValues }: Args): Params => ({
    document,
    operationName,
    variables: variableValues,
  });
  return {
    onParse({ setParseFn }) {
      setParseFn((source: string) => pipeline.documents.parse(source));
    },
    onValidate({ context, setValidationFn }) {
      // Made in `serve`.
      const { session } = context as unknown as Given;
      setValidationFn((_: unknown, document: Params['document']) =>
        pipeline.documents.validate(document, session.viewer),
      );
    },
    onExecute({ setExecuteFn }) {
      // Made by `context` above.
      setExecuteFn((args: Args) => pipeline.execute(paramsOf(args), args.contextValue as Context));
    },
    onSubscribe({ setSubscribeFn }) {
      setSubscribeFn((args: Args) => {
        // Made in `serve`, and by `context` above.
        const context = args.contextValue as Context & Given;
        return streams.open(paramsOf(args), context, context.response);
      });
    },
  };
}

function badRequest(status: number, message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code: 'BAD_REQUEST', http: { status } } });
}

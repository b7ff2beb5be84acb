import type { IncomingMessage, ServerResponse } from 'node:http';
import { type ExecutionResult, GraphQLError } from 'graphql';
import { createYoga, getSSEProcessor, type Plugin, processRegularResult } from 'graphql-yoga';
import type { Context } from '../graphql/context.ts';
import { isJson } from './http-operation.ts';
import { graphqlPath, type Origin, type Params, type Pipeline } from './pipeline.ts';

/** GraphQL over HTTP as its specification has it, in all its variety: what isn't answered the direct way. */
export class YogaAnswers {
  readonly #yoga: ReturnType<typeof createServer>;

  constructor(pipeline: Pipeline) {
    this.#yoga = createServer(pipeline);
  }

  /** The answer to a request whose body was not read, or is its `body`; of a subscription, what is to be streamed. */
  async answer(
    request: IncomingMessage,
    response: ServerResponse,
    origin: Origin,
  ): Promise<Response | Streamed> {
    const given: Given = { origin };
    const answer = await this.#yoga.handleNodeRequestAndResponse(request, response, given);
    return given.streamed ?? answer;
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

/** A subscription that a request asked for, of a valid document. */
interface Streamed {
  readonly params: Params;
  readonly context: Context;
}

/** What comes with a request. */
interface Given {
  readonly origin: Origin;
  /** Set where it turns out to be a subscription. */
  streamed?: Streamed;
}

/** What Yoga hands on: in one piece, as it copies what it is given, without the getters of classes. */
interface Made {
  readonly operation: Context;
}

function createServer(pipeline: Pipeline) {
  return createYoga<Given, Made>({
    schema: pipeline.schema,
    graphqlEndpoint: graphqlPath,
    context: ({ params, origin }) => ({ operation: pipeline.context(params, origin) }),
    maskedErrors: { maskError: pipeline.maskError },
    plugins: [onlyJsonBodies(), byPipeline(pipeline)],
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
function byPipeline(pipeline: Pipeline): Plugin<Made & Given, Given> {
  const paramsOf = ({ document, operationName, variableValues }: Args): Params => ({
    document,
    operationName,
    variables: variableValues,
  });
  // Made in `answer`, and by `context` above.
  const contextOf = ({ contextValue }: Args) => contextValue as Made & Given;
  return {
    onParse({ setParseFn }) {
      setParseFn((source: string) => pipeline.documents.parse(source));
    },
    onValidate({ context, setValidationFn }) {
      setValidationFn((_: unknown, document: Params['document']) =>
        pipeline.documents.validate(document, context.origin.session.viewer),
      );
    },
    onExecute({ setExecuteFn }) {
      setExecuteFn((args: Args) => pipeline.execute(paramsOf(args), contextOf(args).operation));
    },
    onSubscribe({ setSubscribeFn }) {
      setSubscribeFn((args: Args) => {
        const context = contextOf(args);
        context.streamed = { params: paramsOf(args), context: context.operation };
        return {};
      });
    },
    onResultProcess(done) {
      // Nobody looks at it.
      if (done.serverContext.streamed !== undefined)
        done.setResultProcessor((_, { Response }) => new Response(), '');
    },
  };
}

function badRequest(status: number, message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code: 'BAD_REQUEST', http: { status } } });
}

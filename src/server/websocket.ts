import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import {
  type ExecutionArgs,
  type ExecutionResult,
  type FormattedExecutionResult,
  getOperationAST,
  type GraphQLError,
  type GraphQLFormattedError,
} from 'graphql';
import { CloseCode, handleProtocols, makeServer, type Server } from 'graphql-ws';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Logger } from '../logger.ts';
import { type Pipeline, type SocketOrigin, unknownOperation } from './pipeline.ts';

export interface SocketOptions {
  /** The largest message that a client may send. @default 65536 */
  readonly maxMessageBytes?: number;
  /** A socket that answers no ping within this time is closed. @default 12000 */
  readonly pingMs?: number;
  /** How long a socket may take to send `connection_init`. @default 3000 */
  readonly initTimeoutMs?: number;
}

type Result = ExecutionResult | AsyncIterable<ExecutionResult>;

/** An operation of a socket: what graphql-ws passes on, and how Yoga's pipeline runs it. */
interface Operation extends ExecutionArgs {
  readonly run: (args: ExecutionArgs) => Result | Promise<Result>;
}

/** All sockets of a server: the protocol of graphql-ws over the same pipeline that serves HTTP. */
export class Sockets {
  readonly #pipeline: Pipeline;
  readonly #logger: Logger;
  readonly #pingMs: number;
  readonly #protocol: Server<SocketOrigin>;
  readonly #server: WebSocketServer;

  constructor(pipeline: Pipeline, logger: Logger, options: SocketOptions = {}) {
    const { maxMessageBytes = 65_536, pingMs = 12_000, initTimeoutMs = 3000 } = options;
    this.#pipeline = pipeline;
    this.#logger = logger;
    this.#pingMs = pingMs;
    this.#protocol = createProtocol(pipeline, initTimeoutMs);
    this.#server = new WebSocketServer({
      noServer: true,
      maxPayload: maxMessageBytes,
      perMessageDeflate: false,
      handleProtocols,
    });
  }

  /** Takes a connection over from the HTTP server. */
  upgrade(request: IncomingMessage, connection: Duplex, head: Buffer): void {
    this.#server.handleUpgrade(request, connection, head, (socket) => this.#serve(socket, request));
  }

  /** Tells every client to subscribe elsewhere; cuts off those that haven't left after `patienceMs`. */
  async close(patienceMs = 1000): Promise<void> {
    const closed = [...this.#server.clients].map((socket) => {
      const left = new Promise((resolve) => socket.once('close', resolve));
      socket.close(1012, 'going away');
      return left;
    });
    const patience = setTimeout(() => {
      for (const socket of this.#server.clients) socket.terminate();
    }, patienceMs);
    await Promise.all(closed);
    clearTimeout(patience);
    this.#server.close();
  }

  /** The one place where a socket is served. */
  #serve(socket: WebSocket, request: IncomingMessage): void {
    const { traceparent } = request.headers;
    const gone = new AbortController();
    const origin: SocketOrigin = {
      signal: gone.signal,
      traceparent: typeof traceparent === 'string' ? traceparent : undefined,
    };
    const stopPings = this.#keepAlive(socket);
    const closed = this.#protocol.opened(
      {
        protocol: socket.protocol,
        // The next state of a watch is asked for once this one is on its way: a slow reader skips states.
        send: (data) =>
          new Promise((resolve, reject) => {
            if (socket.readyState !== socket.OPEN) return resolve();
            socket.send(data, (error) => (error ? reject(error) : resolve()));
          }),
        close: (code, reason) => socket.close(code, reason),
        onMessage: (receive) => {
          socket.on('message', (data, isBinary) => {
            if (isBinary) return socket.close(CloseCode.BadRequest, 'Binary messages are not supported');
            // With the default `binaryType` of `ws` a message is one buffer.
            const text = (data as Buffer).toString();
            receive(text).catch((error: unknown) => this.#fail(socket, error));
          });
        },
      },
      origin,
    );
    // Broken frames, messages that are too large, resets: `ws` closes the socket itself and says why to the client.
    socket.on('error', (error) => this.#logger.debug({ err: error }, 'a socket failed'));
    socket.once('close', (code, reason) => {
      stopPings();
      gone.abort();
      closed(code, String(reason)).catch((error: unknown) => this.#fail(socket, error));
    });
  }

  /** What nothing else caught, as when a socket breaks while it is written to. */
  #fail(socket: WebSocket, error: unknown): void {
    if (socket.readyState !== socket.OPEN) return;
    this.#pipeline.maskError(error);
    socket.close(CloseCode.InternalServerError, 'Internal server error');
  }

  #keepAlive(socket: WebSocket): () => void {
    let isAlive = true;
    socket.on('pong', () => (isAlive = true));
    const timer = setInterval(() => {
      if (!isAlive) return socket.terminate();
      isAlive = false;
      socket.ping();
    }, this.#pingMs);
    return () => clearInterval(timer);
  }
}

function createProtocol({ yoga, maskError }: Pipeline, initTimeoutMs: number): Server<SocketOrigin> {
  const runOperation = async (args: ExecutionArgs): Promise<Result> => {
    try {
      // Every operation comes out of `onSubscribe` below.
      return await (args as Operation).run(args);
    } catch (error) {
      // Answers this operation; thrown, it would close the socket and take all others along.
      return { errors: [maskError(error)] };
    }
  };
  return makeServer<Record<string, unknown> | undefined, SocketOrigin>({
    connectionInitWaitTimeout: initTimeoutMs,
    execute: runOperation,
    subscribe: runOperation,
    async onSubscribe({ extra: origin }, _id, { query, variables, operationName, extensions }) {
      const params = { query, variables, operationName, extensions };
      const enveloped = yoga.getEnveloped({ origin, params });
      try {
        const document = enveloped.parse(query);
        const errors = enveloped.validate(enveloped.schema, document);
        if (errors.length > 0) return errors;
        const type = getOperationAST(document, operationName)?.operation;
        if (type === undefined) return [unknownOperation()];
        const operation: Operation = {
          schema: enveloped.schema,
          document,
          operationName,
          variableValues: variables,
          contextValue: await enveloped.contextFactory(),
          run: type === 'subscription' ? enveloped.subscribe : enveloped.execute,
        };
        return operation;
      } catch (error) {
        return [maskError(error)];
      }
    },
    onNext: (_context, _id, _payload, _args, { errors, ...result }) =>
      // The type wants `data`, which an operation that couldn't start doesn't have.
      errors && ({ ...result, errors: errors.map(shown) } as FormattedExecutionResult),
    // An error of a stream comes wrapped once more.
    onError: (_context, _id, _payload, errors) => errors.map(maskError).map(shown),
  });
}

/** As HTTP has it: without the marks that only say which status to answer. */
function shown(error: GraphQLError): GraphQLFormattedError {
  const { extensions, ...rest } = error.toJSON();
  if (extensions === undefined) return rest;
  const { http: _http, unexpected: _unexpected, ...others } = extensions;
  return { ...rest, extensions: others };
}

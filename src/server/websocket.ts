import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import {
  type ExecutionArgs,
  type ExecutionResult,
  type FormattedExecutionResult,
  GraphQLError,
} from 'graphql';
import { CloseCode, handleProtocols, makeServer, type Server } from 'graphql-ws';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Authenticator } from '../auth/authenticator.ts';
import type { Session } from '../auth/session.ts';
import { UnauthenticatedError, UnavailableError } from '../errors.ts';
import type { Context } from '../graphql/context.ts';
import type { Logger } from '../logger.ts';
import { RequestCredentials } from './credentials.ts';
import { Heartbeat } from './heartbeat.ts';
import { Line } from './line.ts';
import { bytesOf, shownError } from './payload.ts';
import { type Origin, type Params, type Pipeline, unknownOperation } from './pipeline.ts';
import type { Subscriptions } from './subscriptions.ts';
import { textFrame } from './text-frame.ts';

export interface SocketOptions {
  /** The largest message that a client may send. @default 65536 */
  readonly maxMessageBytes?: number;
  /** A socket that answers no ping within this time is closed. @default 12000 */
  readonly pingMs?: number;
  /** How long a socket may take to send `connection_init`. @default 3000 */
  readonly initTimeoutMs?: number;
  /** A socket whose client takes nothing for so long is closed with 4410. @default 12000 */
  readonly blockedMs?: number;
}

type Result = ExecutionResult | AsyncIterableIterator<never, undefined>;

/** A socket, as its operations see it. */
class SocketOrigin implements Origin {
  readonly line: Line;
  readonly socket: WebSocket;
  readonly request: IncomingMessage;
  readonly traceparent: string | undefined;
  #session: Session | undefined;
  #gone: AbortController | undefined;
  #hasLeft = false;
  #beginning: Set<string> | undefined;

  constructor(line: Line, socket: WebSocket, request: IncomingMessage) {
    const { traceparent } = request.headers;
    this.line = line;
    this.socket = socket;
    this.request = request;
    this.traceparent = typeof traceparent === 'string' ? traceparent : undefined;
  }

  /** Known once `connection_init` was accepted, before which no operation begins. */
  get session(): Session {
    if (this.#session === undefined) throw new UnauthenticatedError();
    return this.#session;
  }

  set session(session: Session) {
    this.#session = session;
  }

  /** Made for those who ask. */
  get signal(): AbortSignal {
    if (this.#gone === undefined) {
      this.#gone = new AbortController();
      if (this.#hasLeft) this.#gone.abort();
    }
    return this.#gone.signal;
  }

  /**
   * Notes that the subscription of this id is about to begin; false where one of the same id is, which its client has
   * completed already: graphql-ws would take one for the other, and one of them would never end.
   */
  begin(id: string): boolean {
    this.#beginning ??= new Set();
    if (this.#beginning.has(id)) return false;
    this.#beginning.add(id);
    return true;
  }

  /** It has begun, or could not. */
  hasBegun(id: string): void {
    this.#beginning?.delete(id);
    if (this.#beginning?.size === 0) this.#beginning = undefined;
  }

  leave(): void {
    this.#hasLeft = true;
    this.#gone?.abort();
  }
}

/** An operation of a socket: what graphql-ws passes on, and what the pipeline wants of it. */
interface Operation extends ExecutionArgs {
  readonly params: Params;
  readonly contextValue: Context;
  readonly origin: SocketOrigin;
  readonly id: string;
}

/** All sockets of a server: the protocol of graphql-ws over the same pipeline that serves HTTP. */
export class Sockets {
  readonly #pipeline: Pipeline;
  readonly #logger: Logger;
  readonly #heartbeat: Heartbeat;
  readonly #protocol: Server<SocketOrigin>;
  readonly #server: WebSocketServer;

  constructor(
    pipeline: Pipeline,
    subscriptions: Subscriptions,
    authenticator: Authenticator,
    logger: Logger,
    options: SocketOptions = {},
  ) {
    const { maxMessageBytes = 65_536, pingMs = 12_000, initTimeoutMs = 3000, blockedMs = 12_000 } = options;
    this.#pipeline = pipeline;
    this.#logger = logger;
    this.#heartbeat = new Heartbeat(pingMs, blockedMs);
    this.#protocol = createProtocol(pipeline, subscriptions, authenticator, initTimeoutMs);
    this.#server = new WebSocketServer({
      noServer: true,
      maxPayload: maxMessageBytes,
      perMessageDeflate: false,
      handleProtocols,
    });
  }

  /** Takes a connection over from the HTTP server. */
  upgrade(request: IncomingMessage, connection: Duplex, head: Buffer): void {
    this.#server.handleUpgrade(request, connection, head, (socket) =>
      this.#serve(socket, request, connection),
    );
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
    this.#heartbeat.close();
    this.#server.close();
  }

  /** The one place where a socket is served. */
  #serve(socket: WebSocket, request: IncomingMessage, connection: Duplex): void {
    const line = new Line(
      connection,
      (bytes) => {
        if (socket.readyState === socket.OPEN) connection.write(bytes);
      },
      () => socket.terminate(),
    );
    const origin = new SocketOrigin(line, socket, request);
    const stopPings = this.#heartbeat.add(socket, line);
    const closed = this.#protocol.opened(
      {
        protocol: socket.protocol,
        // What follows is asked for once this is on its way.
        send: (text) => {
          line.write(textFrame(Buffer.from(text)));
          return line.room();
        },
        close: (code, reason) => {
          line.flush();
          socket.close(code, reason);
        },
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
      line.close();
      origin.leave();
      closed(code, String(reason)).catch((error: unknown) => this.#fail(socket, error));
    });
  }

  /** What nothing else caught, as when a socket breaks while it is written to. */
  #fail(socket: WebSocket, error: unknown): void {
    if (socket.readyState !== socket.OPEN) return;
    this.#pipeline.maskError(error);
    socket.close(CloseCode.InternalServerError, 'Internal server error');
  }
}

/** Of RFC 6455's registry: clients of graphql-ws come again by themselves. */
const tryAgainLater = 1013;

const brace = Buffer.from('}');

/** What graphql-ws waits for while the payloads of a subscription go to the client directly. */
class Wait implements AsyncIterableIterator<never, undefined> {
  readonly #end = Promise.withResolvers<IteratorResult<never, undefined>>();
  #leave: (() => void) | undefined;

  constructor() {
    // Whoever has left doesn't hear of an error.
    this.#end.promise.catch(() => undefined);
  }

  /** Says how its subscription is ended where the client has had enough. */
  leaveBy(leave: () => void): void {
    this.#leave = leave;
  }

  complete(): void {
    this.#end.resolve({ done: true, value: undefined });
  }

  fail(error: unknown): void {
    this.#end.reject(error);
  }

  next(): Promise<IteratorResult<never, undefined>> {
    return this.#end.promise;
  }

  return(): Promise<IteratorResult<never, undefined>> {
    this.#leave?.();
    this.complete();
    return this.#end.promise;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

/** The error of an operation that could not be told from another one. */
function idInUse(): GraphQLError {
  const extensions = { code: 'BAD_REQUEST' };
  return new GraphQLError('The former operation of this id has not begun yet.', { extensions });
}

function createProtocol(
  pipeline: Pipeline,
  subscriptions: Subscriptions,
  authenticator: Authenticator,
  initTimeoutMs: number,
): Server<SocketOrigin> {
  const { maskError } = pipeline;
  /** Whatever is thrown answers this operation; let through, it would close the socket and take all others along. */
  const answering =
    (run: (operation: Operation) => Promise<Result>) =>
    async (args: ExecutionArgs): Promise<Result> => {
      // Every operation comes out of `onSubscribe` below.
      const operation = args as Operation;
      try {
        return await run(operation);
      } catch (error) {
        return { errors: [maskError(error)] };
      } finally {
        operation.origin.hasBegun(operation.id);
      }
    };
  return makeServer<Record<string, unknown> | undefined, SocketOrigin>({
    connectionInitWaitTimeout: initTimeoutMs,
    async onConnect({ extra: origin, connectionParams }) {
      try {
        const credentials = new RequestCredentials(origin.request, connectionParams);
        origin.session = await authenticator.authenticate(credentials);
        return true;
      } catch (error) {
        if (error instanceof UnauthenticatedError) return false;
        if (!(error instanceof UnavailableError)) throw error;
        origin.socket.close(tryAgainLater, 'try again later');
        return false;
      }
    },
    execute: answering(({ params, contextValue }) => pipeline.execute(params, contextValue)),
    subscribe: answering(async ({ params, contextValue, origin: { line }, id }) => {
      const wait = new Wait();
      const start = Buffer.from(`{"id":${JSON.stringify(id)},"type":"next","payload":`);
      const begun = await subscriptions.open(params, contextValue, line, {
        next: (payload) => line.write(textFrame(start, bytesOf(payload), brace)),
        complete: () => wait.complete(),
        fail: (error) => wait.fail(error),
      });
      if (!('leave' in begun)) return begun;
      wait.leaveBy(() => begun.leave());
      return wait;
    }),
    onSubscribe({ extra: origin }, id, { query, variables, operationName }) {
      try {
        const document = pipeline.documents.parse(query);
        const errors = pipeline.documents.validate(document);
        if (errors.length > 0) return errors;
        const params: Params = { document, operationName, variables };
        const type = pipeline.operationOf(params)?.operation;
        if (type === undefined) return [unknownOperation()];
        const operation: Operation = {
          schema: pipeline.schema,
          document,
          operationName,
          contextValue: pipeline.context(params, origin),
          params,
          origin,
          id,
        };
        return type !== 'subscription' || origin.begin(id) ? operation : [idInUse()];
      } catch (error) {
        return [maskError(error)];
      }
    },
    onNext: (_context, _id, _payload, _args, { errors, ...result }) =>
      // The type wants `data`, which an operation that couldn't start doesn't have.
      errors && ({ ...result, errors: errors.map(shownError) } as FormattedExecutionResult),
    // An error of a stream comes wrapped once more.
    onError: (_context, _id, _payload, errors) => errors.map(maskError).map(shownError),
  });
}

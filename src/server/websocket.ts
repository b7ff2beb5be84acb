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
import type { Context } from '../graphql/context.ts';
import type { Logger } from '../logger.ts';
import { Allowance } from './allowance.ts';
import { BadMessageError, readMessage } from './client-message.ts';
import { closeReason } from './close-reason.ts';
import { Heartbeat } from './heartbeat.ts';
import type { SocketOptions } from './limits.ts';
import { Line } from './line.ts';
import { bytesOf, shownError } from './payload.ts';
import { type Params, type Pipeline, unknownOperation } from './pipeline.ts';
import type { ClientPlaces } from './client-places.ts';
import type { SignIn } from './sign-in.ts';
import { SocketOrigin } from './socket-origin.ts';
import { SocketSession } from './socket-session.ts';
import type { Subscriptions } from './subscriptions.ts';
import { textFrame } from './text-frame.ts';

type Result = ExecutionResult | AsyncIterableIterator<never, undefined>;

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
  readonly #signIn: SignIn;
  readonly #logger: Logger;
  readonly #heartbeat: Heartbeat;
  readonly #protocol: Server<SocketOrigin>;
  readonly #server: WebSocketServer;
  readonly #limits: Required<SocketOptions>;
  readonly #places: ClientPlaces;

  constructor(
    pipeline: Pipeline,
    subscriptions: Subscriptions,
    signIn: SignIn,
    places: ClientPlaces,
    logger: Logger,
    limits: Required<SocketOptions>,
  ) {
    const { maxMessageBytes, pingMs, initTimeoutMs, blockedMs, closeMs } = limits;
    this.#limits = limits;
    this.#places = places;
    this.#pipeline = pipeline;
    this.#signIn = signIn;
    this.#logger = logger;
    this.#heartbeat = new Heartbeat(pingMs, blockedMs);
    this.#protocol = createProtocol(pipeline, subscriptions, initTimeoutMs);
    const options = {
      // Not in the types of `ws` yet.
      closeTimeout: closeMs,
      noServer: true,
      maxPayload: maxMessageBytes,
      perMessageDeflate: false,
      handleProtocols,
      maxFragments: mostFragments,
      maxBufferedChunks: mostChunks,
    };
    this.#server = new WebSocketServer(options);
  }

  /** How many are open. */
  get size(): number {
    return this.#server.clients.size;
  }

  /** False where the address has as many as it may; else one more of its places is taken until its connection ends. */
  admit(request: IncomingMessage): boolean {
    const address = this.#signIn.addressOf(request);
    const free = this.#places.takeOfAddress(address);
    if (free === undefined) {
      this.#logger.debug({ address }, 'a socket is refused: its address has as many as it may');
      return false;
    }
    request.socket.once('close', free);
    return true;
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
    const { maxOperations, maxMessagesPerSecond, maxIdBytes } = this.#limits;
    const close = (code?: number, reason = ''): void => {
      line.flush();
      socket.close(code, closeReason(reason));
    };
    const signedIn = new SocketSession(this.#signIn, this.#places, request, close);
    const origin = new SocketOrigin(line, signedIn, request, maxOperations);
    const messages = new Allowance(maxMessagesPerSecond);
    /** Whether one more may be looked at. After a close, of which its client may take no notice, none is. */
    const isHeard = (): boolean => {
      if (socket.readyState !== socket.OPEN) return false;
      if (messages.use(performance.now())) return true;
      socket.close(tooMany, 'Too many messages');
      return false;
    };
    const stopPings = this.#heartbeat.add(socket, line);
    const closed = this.#protocol.opened(
      {
        protocol: socket.protocol,
        // What follows is asked for once this is on its way.
        send: (text) => {
          line.write(textFrame(Buffer.from(text)));
          return line.room();
        },
        close,
        // Without its payload: to write it could take any depth, and it may hold a token.
        onPing: async (payload) => {
          // Null says the same as nothing, though the types of graphql-ws don't.
          const answer = await signedIn.ping(payload ?? undefined);
          if (answer === undefined) return line.write(pong);
          line.write(textFrame(Buffer.from(JSON.stringify({ type: 'pong', payload: answer }))));
        },
        onMessage: (receive) => {
          socket.on('message', (data, isBinary) => {
            if (!isHeard()) return;
            if (isBinary) return socket.close(CloseCode.BadRequest, 'Binary messages are not supported');
            try {
              // With the default `binaryType` of `ws` a message is one buffer.
              const message = readMessage((data as Buffer).toString(), maxIdBytes);
              // graphql-ws takes what is read already, too, though its types don't say so.
              receive(message as unknown as string).catch((error: unknown) => this.#fail(socket, error));
            } catch (error) {
              if (!(error instanceof BadMessageError)) return this.#fail(socket, error);
              socket.close(CloseCode.BadRequest, closeReason(error.message));
            }
          });
        },
      },
      origin,
    );
    socket.on('ping', isHeard);
    socket.on('pong', isHeard);
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

/** Of messages, or of attempts to sign in. The same as for a second init: clients of graphql-ws don't come again by themselves. */
const tooMany = CloseCode.TooManyInitialisationRequests;

/** In so many fragments the largest message may come, and in so many pieces of a frame: each takes memory of its own. */
const mostFragments = 128;
const mostChunks = 1024;

const pong = textFrame(Buffer.from('{"type":"pong"}'));

const brace = Buffer.from('}');

/** What graphql-ws waits for while the payloads of a subscription go to the client directly. */
class Wait implements AsyncIterableIterator<never, undefined> {
  readonly #end = Promise.withResolvers<IteratorResult<never, undefined>>();
  readonly #origin: SocketOrigin;
  #leave: (() => void) | undefined;
  #hasEnded = false;

  constructor(origin: SocketOrigin) {
    this.#origin = origin;
    // Whoever has left doesn't hear of an error.
    this.#end.promise.catch(() => undefined);
  }

  /** Says how its subscription is ended where the client has had enough. */
  leaveBy(leave: () => void): void {
    this.#leave = leave;
  }

  complete(): void {
    this.#settle();
    this.#end.resolve({ done: true, value: undefined });
  }

  fail(error: unknown): void {
    this.#settle();
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

  #settle(): void {
    if (!this.#hasEnded) this.#origin.hasEnded();
    this.#hasEnded = true;
  }
}

/** The error of an operation that is one more than a socket may have under way. */
function tooManyOperations(): GraphQLError {
  const message =
    'This socket has as many operations under way as it may. Complete one, or open another socket.';
  return new GraphQLError(message, { extensions: { code: 'TOO_MANY_OPERATIONS' } });
}

/** The error of an operation that could not be told from another one. */
function idInUse(): GraphQLError {
  const extensions = { code: 'BAD_REQUEST' };
  return new GraphQLError('The former operation of this id has not begun yet.', { extensions });
}

function createProtocol(
  pipeline: Pipeline,
  subscriptions: Subscriptions,
  initTimeoutMs: number,
): Server<SocketOrigin> {
  const { maskError } = pipeline;
  /** Whatever is thrown answers this operation; let through, it would close the socket and take all others along. */
  const answering =
    (run: (operation: Operation) => Promise<Result>) =>
    async (args: ExecutionArgs): Promise<Result> => {
      // Every operation comes out of `onSubscribe` below.
      const operation = args as Operation;
      const { origin, id } = operation;
      let result: Result | undefined;
      try {
        return (result = await run(operation));
      } catch (error) {
        return { errors: [maskError(error)] };
      } finally {
        origin.hasBegun(id);
        // A subscription that has begun says itself when it ends.
        if (!(result instanceof Wait)) origin.hasEnded();
      }
    };
  return makeServer<Record<string, unknown> | undefined, SocketOrigin>({
    connectionInitWaitTimeout: initTimeoutMs,
    onConnect: ({ extra: origin, connectionParams }) => {
      // Browsers can't send it as a header.
      const traceparent = connectionParams?.['traceparent'];
      if (typeof traceparent === 'string') origin.traceparent = traceparent;
      return origin.signedIn.begin(connectionParams);
    },
    execute: answering(({ params, contextValue }) => pipeline.execute(params, contextValue)),
    subscribe: answering(async ({ params, contextValue, origin, id }) => {
      const { line } = origin;
      const wait = new Wait(origin);
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
    onSubscribe({ extra: origin }, id, { query, variables, operationName, extensions }) {
      try {
        const document = pipeline.documents.parse(query);
        const errors = pipeline.documents.validate(document, origin.session.viewer);
        if (errors.length > 0) return errors;
        const params: Params = { document, operationName, variables };
        const type = pipeline.operationOf(params)?.operation;
        if (type === undefined) return [unknownOperation()];
        const operation: Operation = {
          schema: pipeline.schema,
          document,
          operationName,
          contextValue: pipeline.context(params, origin.of(extensions?.['traceparent'])),
          params,
          origin,
          id,
        };
        if (type === 'subscription' && !origin.begin(id)) return [idInUse()];
        if (origin.hasRoom()) return operation;
        origin.hasBegun(id);
        return [tooManyOperations()];
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

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ExecutionResult } from 'graphql';
import type { Session } from '../auth/session.ts';
import { cut } from '../definition/show.ts';
import { UnauthenticatedError } from '../errors.ts';
import type { Context } from '../graphql/context.ts';
import { keyHeader } from '../graphql/idempotency-header.ts';
import { Body } from './body.ts';
import type { ClientPlaces } from './client-places.ts';
import type { RequestCredentials } from './credentials.ts';
import { EventStreams } from './event-streams.ts';
import {
  type Accepted,
  acceptedBy,
  endsAtOnce,
  type HttpOperation,
  isPlain,
  operationOf,
} from './http-operation.ts';
import { payloadOf } from './payload.ts';
import type { Origin, Params, Pipeline } from './pipeline.ts';
import { refuse } from './refusals.ts';
import { sessionOver, type SignIn } from './sign-in.ts';
import type { Subscriptions } from './subscriptions.ts';
import { tokensElsewhere } from './url-token.ts';
import type { YogaAnswers } from './yoga.ts';

/** How the streams of a server are looked after. */
export interface StreamOptions {
  readonly pingMs?: number;
  readonly blockedMs?: number;
}

/**
 * Operations over HTTP. What clients send all day goes the direct way: a JSON body that is right, one result or a stream
 * of events. Whatever else HTTP allows is read by Yoga, which answers it by the same pipeline, and all that is wrong; the
 * subscriptions that it finds are streamed as all others are.
 */
export class HttpOperations {
  readonly #pipeline: Pipeline;
  readonly #subscriptions: Subscriptions;
  readonly #signIn: SignIn;
  readonly #places: ClientPlaces;
  readonly #streams: EventStreams;
  #loading: Promise<YogaAnswers> | undefined;

  constructor(
    pipeline: Pipeline,
    subscriptions: Subscriptions,
    signIn: SignIn,
    places: ClientPlaces,
    options: StreamOptions = {},
  ) {
    const { pingMs = 12_000, blockedMs = 12_000 } = options;
    this.#pipeline = pipeline;
    this.#subscriptions = subscriptions;
    this.#signIn = signIn;
    this.#places = places;
    this.#streams = new EventStreams(pipeline.maskError, pingMs, blockedMs);
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let credentials;
    let session;
    try {
      // Before anything of its body is looked at.
      credentials = this.#signIn.credentialsOf(request);
      session = this.#signIn.session(credentials);
      if (session instanceof Promise) session = await session;
      if (credentials.urlToken !== undefined && endsAtOnce(this.#pipeline, request)) {
        throw new UnauthenticatedError(tokensElsewhere);
      }
    } catch (error) {
      const showedToken = (credentials?.urlToken ?? request.headers.authorization) !== undefined;
      return refuse(response, error, { maskError: this.#pipeline.maskError, showedToken });
    }
    const { accept } = request.headers;
    const accepted = acceptedBy(accept);
    // Before anything is carried out whose result nobody takes.
    if (accepted.resultType === undefined && !accepted.takesEvents) {
      return refuseRequest(response, 406, notAccepted('`application/json` or `text/event-stream`', accept));
    }
    const asked: Asked = {
      request,
      response,
      accepted,
      origin: new HttpOrigin(session, credentials, request, response),
    };
    if (isPlain(request)) {
      const body = await bodyOf(request);
      // The client left in the middle of it, or was refused.
      if (body === undefined) return;
      const operation = operationOf(this.#pipeline, request, body);
      if (operation !== undefined && (await this.#answerPlain(operation, asked))) return;
      // Where Yoga looks for what was read before it.
      Object.assign(request, { body });
    }
    // Fetch's requests have a whole address, which Yoga couldn't make.
    if (!URL.canParse(`http://${request.headers.host}${request.url}`)) {
      return refuseRequest(response, 400, noHost);
    }
    const answer = await (await this.#yoga()).answer(request, response, asked.origin);
    if ('params' in answer) await this.#stream(answer.params, answer.context, asked);
    else await pipe(answer, response);
  }

  /** Streams of events that are open. */
  get streams(): number {
    return this.#streams.size;
  }

  close(): void {
    this.#streams.close();
  }

  /** Loaded by the first one who needs it: that takes longer than all the rest of a server's start. */
  #yoga(): Promise<YogaAnswers> {
    this.#loading ??= import('./yoga.ts').then(({ YogaAnswers }) => new YogaAnswers(this.#pipeline));
    return this.#loading;
  }

  /** False where Yoga has to answer it. */
  async #answerPlain({ params, type }: HttpOperation, asked: Asked): Promise<boolean> {
    const { resultType } = asked.accepted;
    if (type !== 'subscription' && resultType === undefined) return false;
    let context;
    try {
      context = this.#pipeline.context(params, asked.origin);
    } catch {
      // Yoga finds the same, and says so.
      return false;
    }
    if (type === 'subscription') await this.#stream(params, context, asked);
    else await this.#send(await this.#pipeline.execute(params, context), resultType ?? '', asked.response);
    return true;
  }

  /** Streams what a subscription is told, or says why it couldn't begin. */
  async #stream(params: Params, context: Context, { request, response, accepted }: Asked): Promise<void> {
    if (!accepted.takesEvents) {
      return refuseRequest(response, 406, notAccepted('`text/event-stream`', request.headers.accept));
    }
    const { session } = context;
    if (!this.#admit(context, response)) return;
    const { line, client } = this.#streams.open(response, request.socket);
    let begun: Awaited<ReturnType<Subscriptions['open']>> | undefined;
    const leave = (): void => {
      release();
      if (begun !== undefined && 'leave' in begun) begun.leave();
    };
    const release = this.#signIn.hold(session, (why) => {
      leave();
      client.fail(sessionOver(why));
    });
    response.once('close', leave);
    begun = await this.#begin(params, context, line, client);
    // Its client has left, or its session is over.
    if (response.closed || response.writableEnded) leave();
    else if (!('leave' in begun)) {
      if (accepted.resultType !== undefined) await this.#send(begun, accepted.resultType, response);
      else await pipe(await (await this.#yoga()).stream(begun), response);
    }
  }

  /** Takes places for a stream until it is closed; without one left it is answered with 429. */
  #admit({ session, address = '' }: Context, response: ServerResponse): boolean {
    if (response.closed) return false;
    const free = this.#places.takeForStream(session, address);
    if (typeof free === 'function') {
      response.once('close', free);
      return true;
    }
    refuse(response, free, { maskError: this.#pipeline.maskError, showedToken: true });
    return false;
  }

  async #begin(...args: Parameters<Subscriptions['open']>): ReturnType<Subscriptions['open']> {
    try {
      return await this.#subscriptions.open(...args);
    } catch (error) {
      return { errors: [this.#pipeline.maskError(error)] };
    }
  }

  async #send(result: ExecutionResult, type: string, response: ServerResponse): Promise<void> {
    // With errors, Yoga knows which status they have.
    if (result.errors !== undefined) {
      return await pipe((await this.#yoga()).result(result, type), response);
    }
    const payload = payloadOf(result);
    response.writeHead(200, {
      'content-type': `${type}; charset=utf-8`,
      'content-length': Buffer.byteLength(payload),
    });
    response.end(payload);
  }
}

/** A request, with what its headers mean. */
interface Asked {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly accepted: Accepted;
  readonly origin: Origin;
}

const noHost = 'Expected the header `Host` to be a name or an address, and a port where there is one.';

function notAccepted(types: string, accept = ''): string {
  const came = JSON.stringify(cut(accept, 100));
  return `Expected the header \`Accept\` to take ${types}, but it was ${came}. Name it there, or leave the header out.`;
}

/** Answers a request of which nothing is carried out. */
function refuseRequest(response: ServerResponse, status: number, message: string): void {
  if (response.closed || response.headersSent) return;
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' });
  response.end(JSON.stringify({ errors: [{ message, extensions: { code: 'BAD_REQUEST' } }] }));
}

/** The whole body; undefined where it never came. */
function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  return new Promise((resolve) => {
    // Closed while it was found out who asks, it says so no more.
    if (request.closed) return resolve(undefined);
    const body = new Body();
    request.on('data', (chunk: Buffer) => body.add(chunk));
    request.on('end', () => resolve(body.toString()));
    request.on('close', () => resolve(undefined));
  });
}

/** Made once: an error with its stack takes longer than much of what it ends. */
const hasLeft = new Error('The client has left.');

class HttpOrigin implements Origin {
  readonly session: Session;
  readonly traceparent: string | undefined;
  readonly idempotencyKey: string | undefined;
  readonly onlyReads: boolean;
  readonly #credentials: RequestCredentials;
  readonly #response: ServerResponse;
  #gone: AbortController | undefined;

  constructor(
    session: Session,
    credentials: RequestCredentials,
    { headers, method }: IncomingMessage,
    response: ServerResponse,
  ) {
    const { traceparent } = headers;
    const key = headers[keyHeader.toLowerCase()];
    this.session = session;
    this.traceparent = typeof traceparent === 'string' ? traceparent : undefined;
    this.idempotencyKey = typeof key === 'string' ? key : undefined;
    this.onlyReads = method === 'GET';
    this.#credentials = credentials;
    this.#response = response;
  }

  get address(): string {
    return this.#credentials.address;
  }

  /** Made for those who ask. */
  get signal(): AbortSignal {
    if (this.#gone !== undefined) return this.#gone.signal;
    const gone = (this.#gone = new AbortController());
    if (this.#response.closed) gone.abort(hasLeft);
    else this.#response.once('close', () => gone.abort(hasLeft));
    return gone.signal;
  }
}

/** Sends what Yoga made of a result. */
async function pipe(
  answer: {
    readonly status: number;
    readonly headers: Headers;
    readonly body: ReadableStream<Uint8Array> | null;
  },
  response: ServerResponse,
): Promise<void> {
  // Its client has left, or was told that its body is too large.
  if (response.closed || response.headersSent) return;
  response.writeHead(answer.status, Object.fromEntries(answer.headers));
  for await (const chunk of answer.body ?? []) response.write(chunk);
  response.end();
}

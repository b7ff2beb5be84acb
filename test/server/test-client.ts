import { type Client, createClient } from 'graphql-ws';
import { WebSocket } from 'ws';

export type Variables = Record<string, unknown>;

/** An answer as a client sees it. */
export interface Result {
  readonly data?: any; // oxlint-disable-line typescript/no-explicit-any -- a test knows what it asked for
  readonly errors?: readonly {
    readonly message: string;
    readonly path?: readonly unknown[];
    readonly extensions?: Record<string, unknown>;
  }[];
}

/** A client of an API, over HTTP, SSE and WebSocket. */
export class TestClient implements AsyncDisposable {
  /** `http://127.0.0.1:PORT` */
  readonly origin: string;
  /** What it signs in with. */
  readonly token: string | undefined;
  readonly #sockets: Client[] = [];

  constructor(origin: string, token?: string) {
    this.origin = origin;
    this.token = token;
  }

  get url(): string {
    return `${this.origin}/graphql`;
  }

  get socketUrl(): string {
    return this.url.replace('http', 'ws');
  }

  get #authorization(): Record<string, string> {
    return this.token === undefined ? {} : { authorization: `Bearer ${this.token}` };
  }

  /** Runs an operation over HTTP. */
  async http(query: string, variables?: Variables, headers: Record<string, string> = {}): Promise<Result> {
    const response = await this.post({ query, variables }, headers);
    // A GraphQL response, which is what these fields are.
    return (await response.json()) as Result;
  }

  async post(body: unknown, headers: Record<string, string> = {}): Promise<Response> {
    return await fetch(this.url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json',
        ...this.#authorization,
        ...headers,
      },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
  }

  /** Opens a subscription over SSE; the results end with the stream. */
  async *sse(query: string, variables?: Variables, signal?: AbortSignal): AsyncGenerator<Result> {
    const response = await fetch(this.url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'text/event-stream',
        ...this.#authorization,
      },
      body: JSON.stringify({ query, variables }),
      signal: signal ?? null,
    });
    let text = '';
    for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      text += chunk;
      const events = text.split('\n\n');
      text = events.pop() ?? '';
      for (const event of events) {
        const data = /^event: next\ndata: (.*)$/.exec(event)?.[1];
        // As above.
        if (data !== undefined) yield JSON.parse(data) as Result;
        if (event.startsWith('event: complete')) return;
      }
    }
    throw new Error('the stream ended without `complete`');
  }

  /** A socket of its own. */
  socket(): Client {
    const client = createClient({
      url: this.socketUrl,
      webSocketImpl: WebSocket,
      retryAttempts: 0,
      connectionParams: this.#authorization,
    });
    this.#sockets.push(client);
    return client;
  }

  /** Runs an operation over a WebSocket; an `error` message is the last result. */
  async *ws(
    query: string,
    variables: Variables = {},
    client: Client = this.socket(),
  ): AsyncGenerator<Result> {
    try {
      // A GraphQL result, as over HTTP.
      for await (const result of client.iterate({ query, variables })) yield result as Result;
    } catch (error) {
      if (!Array.isArray(error)) throw error;
      // graphql-ws throws the payload of an `error` message: a list of GraphQL errors.
      yield { errors: error as NonNullable<Result['errors']> };
    }
  }

  /** Runs an operation that has one answer, over a WebSocket. */
  async overSocket(query: string, variables: Variables = {}, client?: Client): Promise<Result> {
    const results = await Array.fromAsync(this.ws(query, variables, client));
    return results[0] ?? {};
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) await socket.dispose();
  }
}

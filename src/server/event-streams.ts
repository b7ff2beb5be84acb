import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { MaskError } from '../graphql/errors.ts';
import { Line } from './line.ts';
import { payloadOf } from './payload.ts';
import type { Client } from './subscriber.ts';

/** A comment, which keeps proxies from taking a quiet stream for a dead one, and has browsers see that it is open. */
const ping = Buffer.from(':\n\n');

/** All responses of Server-Sent Events (https://html.spec.whatwg.org/multipage/server-sent-events.html) of a server. */
export class EventStreams {
  /** Those that have begun and not ended: to write to any other would break it. */
  readonly #lines: Map<ServerResponse, Line> = new Map();
  readonly #maskError: MaskError;
  readonly #blockedMs: number;
  readonly #timer: NodeJS.Timeout;

  /** A stream whose client takes nothing for `blockedMs` is cut off. */
  constructor(maskError: MaskError, pingMs: number, blockedMs: number) {
    this.#maskError = maskError;
    this.#blockedMs = blockedMs;
    this.#timer = setInterval(() => this.#ping(), pingMs);
    this.#timer.unref();
  }

  /** Makes a response a stream, until it is closed. */
  open(response: ServerResponse, connection: Duplex): { readonly line: Line; readonly client: Client } {
    const line = new Line(
      {
        // A response that joins writes doesn't know that its connection is full.
        get writableNeedDrain() {
          return connection.writableNeedDrain;
        },
        // Only the response knows what waits for the answers before it.
        get writableLength() {
          return response.writableLength;
        },
        on: (event, listener) => connection.on(event, listener),
        off: (event, listener) => connection.off(event, listener),
      },
      (bytes) => response.write(bytes),
      () => connection.destroy(),
    );
    const end = (): void => {
      this.#lines.delete(response);
      line.close();
    };
    response.once('close', end);
    const begin = (): void => void this.#lines.set(response, line);
    return { line, client: clientOf(response, line, this.#maskError, begin, end) };
  }

  /** How many have begun and not ended. */
  get size(): number {
    return this.#lines.size;
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #ping(): void {
    const now = performance.now();
    for (const [response, line] of this.#lines) {
      if (line.fullForMs(now) > this.#blockedMs) response.destroy();
      else if (!line.isFull) line.write(ping);
    }
  }
}

/** In the words of GraphQL over SSE (https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md), distinct connections. */
function clientOf(
  response: ServerResponse,
  line: Line,
  maskError: MaskError,
  onBegin: () => void,
  onEnd: () => void,
): Client {
  const write = (bytes: Buffer): void => {
    if (!response.headersSent) {
      response.writeHead(200, {
        'content-type': 'text/event-stream',
        'cache-control': 'no-cache',
        'content-encoding': 'none',
        connection: 'keep-alive',
      });
      onBegin();
      line.write(ping);
    }
    line.write(bytes);
  };
  const complete = (): void => {
    write(Buffer.from('event: complete\ndata:\n\n'));
    line.flush();
    onEnd();
    response.end();
  };
  const next = (payload: string): void => write(Buffer.from(`event: next\ndata: ${payload}\n\n`));
  return {
    next,
    complete,
    fail: (error) => {
      next(payloadOf({ errors: [maskError(error)] }));
      complete();
    },
  };
}

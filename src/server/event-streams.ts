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
      // A response that joins writes doesn't know that its connection is full.
      connection,
      (bytes) => response.write(bytes),
      () => response.destroy(),
    );
    this.#lines.set(response, line);
    response.once('close', () => {
      this.#lines.delete(response);
      line.close();
    });
    return { line, client: clientOf(response, line, this.#maskError) };
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #ping(): void {
    const now = performance.now();
    for (const [response, line] of this.#lines) {
      if (line.fullForMs(now) > this.#blockedMs) response.destroy();
      else if (response.headersSent && !line.isFull) line.write(ping);
    }
  }
}

/** In the words of GraphQL over SSE (https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md), distinct connections. */
function clientOf(response: ServerResponse, line: Line, maskError: MaskError): Client {
  const write = (bytes: Buffer): void => {
    if (!response.headersSent) {
      response.writeHead(200, {
        'content-type': 'text/event-stream',
        'cache-control': 'no-cache',
        'content-encoding': 'none',
        connection: 'keep-alive',
      });
      line.write(ping);
    }
    line.write(bytes);
  };
  const complete = (): void => {
    write(Buffer.from('event: complete\ndata:\n\n'));
    line.flush();
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

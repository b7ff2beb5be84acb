import type { IncomingMessage, Server as HttpServer, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Logger } from '../logger.ts';
import { Places } from './places.ts';
import type { ConnectionOptions } from './limits.ts';

/** How often it is looked which clients take nothing of their answers. */
const roundMs = 1000;

/** The log needs to hear of it, but not a thousand times. */
const warnEveryMs = 60_000;

/** What was known of an answer when it was looked at last. */
interface Seen {
  /** Bytes that the client's side of the connection had taken. */
  taken: number;
  /** For how many ms it has taken nothing of what waits for it. */
  stuckMs: number;
}

/** The connections of a server: how many an address has, and which answers are under way on each. */
export class Connections {
  readonly #logger: Logger;
  readonly #limits: Required<ConnectionOptions>;
  readonly #places: Places;
  readonly #requests: WeakMap<Socket, number> = new WeakMap();
  readonly #answers: Map<ServerResponse, Seen> = new Map();
  readonly #timer: NodeJS.Timeout;
  #warnedAt = -Infinity;

  constructor(logger: Logger, limits: Required<ConnectionOptions>) {
    this.#logger = logger;
    this.#limits = limits;
    this.#places = new Places(limits.maxPerAddress);
    this.#timer = setInterval(() => this.#look(), Math.min(roundMs, limits.answerMs));
    this.#timer.unref();
  }

  /** Watches over what comes to a server. */
  guard(server: HttpServer): void {
    server.maxConnections = this.#limits.max;
    server.on('connection', (socket: Socket) => this.#admit(socket));
    server.on('drop', () => this.#warn('all together have as many connections as they may'));
  }

  /** Answers that haven't been sent to their end. */
  get answers(): Iterable<ServerResponse> {
    return this.#answers.keys();
  }

  /** Notes a request; false where its connection has too many under way, and was closed. */
  begin({ socket }: IncomingMessage, response: ServerResponse): boolean {
    const requests = (this.#requests.get(socket) ?? 0) + 1;
    if (requests > this.#limits.maxRequests) {
      socket.destroy();
      return false;
    }
    this.#requests.set(socket, requests);
    this.#answers.set(response, { taken: 0, stuckMs: 0 });
    response.once('close', () => {
      this.#answers.delete(response);
      this.#requests.set(socket, (this.#requests.get(socket) ?? 1) - 1);
    });
    return true;
  }

  /** Whether a request of a connection isn't answered yet. */
  isBusy(socket: Socket): boolean {
    return (this.#requests.get(socket) ?? 0) > 0;
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #admit(socket: Socket): void {
    const address = socket.remoteAddress ?? '';
    if (!this.#places.take(address)) {
      socket.destroy();
      return this.#warn(`${address} has as many connections as an address may`);
    }
    socket.once('close', () => this.#places.free(address));
  }

  /** Cuts off those that take nothing: an answer may be large, and waits in memory. */
  #look(): void {
    for (const [response, seen] of this.#answers) {
      const { socket } = response;
      if (socket === null || socket.writableLength === 0) {
        seen.stuckMs = 0;
        continue;
      }
      const taken = socket.bytesWritten - socket.writableLength;
      seen.stuckMs = taken === seen.taken ? seen.stuckMs + roundMs : 0;
      seen.taken = taken;
      if (seen.stuckMs >= this.#limits.answerMs) socket.destroy();
    }
  }

  #warn(what: string): void {
    const now = performance.now();
    if (now - this.#warnedAt < warnEveryMs) return;
    this.#warnedAt = now;
    this.#logger.warn(`connections are refused: ${what}`);
  }
}

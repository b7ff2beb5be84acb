import { once } from 'node:events';
import { WebSocket } from 'ws';

/** A few sockets over which many subscriptions run, as in a page or a backend that watches some things. */
export class GraphQLSockets {
  readonly #sockets: WebSocket[] = [];
  readonly #waiting: Map<
    string,
    { wanted: string; resolve: (text: string) => void; reject: (error: Error) => void }
  > = new Map();
  #operations = 0;

  static async open(port: number, count: number): Promise<GraphQLSockets> {
    const all = new GraphQLSockets();
    for (let n = 0; n < count; n += 1) {
      const socket = new WebSocket(`ws://127.0.0.1:${port}/graphql`, 'graphql-transport-ws', {
        perMessageDeflate: false,
      });
      await once(socket, 'open');
      socket.send('{"type":"connection_init"}');
      await once(socket, 'message');
      // With the default `binaryType` of `ws` a message is one buffer.
      socket.on('message', (data) => all.#hear((data as Buffer).toString()));
      socket.on('close', () => all.#fail(new Error('a socket was closed')));
      all.#sockets.push(socket);
    }
    return all;
  }

  /** Subscribes, and resolves with the first event that has a text in it, as it came. */
  async until(query: string, variables: Readonly<Record<string, unknown>>, wanted: string): Promise<string> {
    this.#operations += 1;
    const id = String(this.#operations);
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    this.#waiting.set(id, { wanted, resolve, reject });
    const message = { id, type: 'subscribe', payload: { query, variables } };
    this.#sockets[this.#operations % this.#sockets.length]?.send(JSON.stringify(message));
    const patience = setTimeout(() => reject(new Error(`${query}: nothing came for 20 s`)), 20_000);
    try {
      return await promise;
    } finally {
      clearTimeout(patience);
      this.#waiting.delete(id);
    }
  }

  #hear(text: string): void {
    // What the protocol has.
    const { id = '', type } = JSON.parse(text) as { id?: string; type: string };
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    if (type === 'next' && text.includes(waiting.wanted)) waiting.resolve(text);
    // After the event that was waited for this changes nothing.
    else if (type !== 'next') waiting.reject(new Error(text));
  }

  #fail(error: Error): void {
    for (const { reject } of this.#waiting.values()) reject(error);
  }
}

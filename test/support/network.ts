import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** What lies between a process and its Redis; it can vanish as a real one does: without closing anything. */
export class Network implements AsyncDisposable {
  readonly url: string;
  readonly #server: Server;
  readonly #sockets: Set<Socket> = new Set();
  #path = new AbortController();
  #isThere = true;
  #port: number;

  private constructor(server: Server, port: number) {
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('a TCP server has a port');
    this.#server = server;
    this.#port = port;
    this.url = `redis://127.0.0.1:${address.port}`;
    server.on('connection', (near: Socket) => this.#join(near));
  }

  /** Leads to a port of this machine. */
  static async start(port: number): Promise<Network> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new Network(server, port);
  }

  /** From now on nothing passes, in either direction; new connections get no answer. */
  vanish(): void {
    this.#isThere = false;
    this.#path.abort();
  }

  /** New connections lead to another port. */
  leadTo(port: number): void {
    this.#port = port;
  }

  /** Resolves once someone tries a new connection. */
  async tried(): Promise<void> {
    await once(this.#server, 'connection');
  }

  /** New connections pass again; those from before never will. */
  return(): void {
    this.#isThere = true;
    this.#path = new AbortController();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #join(near: Socket): void {
    this.#hold(near);
    if (!this.#isThere) return void near.resume();
    const { signal } = this.#path;
    const far = connect(this.#port, '127.0.0.1');
    this.#hold(far);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      from.on('data', (chunk) => !signal.aborted && to.write(chunk));
      from.on('close', () => !signal.aborted && to.destroy());
    }
  }

  #hold(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => this.#sockets.delete(socket));
  }
}

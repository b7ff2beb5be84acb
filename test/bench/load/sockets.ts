import { once } from 'node:events';
import { WebSocket } from 'ws';
import { now, serveCalls } from '../harness/child.ts';

/** How the sockets of a server are spoken to. */
export interface SocketProtocol {
  readonly path: string;
  readonly subprotocol?: string;
  /** What is sent once the socket is open, if anything, and what the answer begins with. */
  readonly hello?: { readonly sent: string; readonly answer: string };
  /** What is sent then, to watch the task `$ID`. */
  readonly watch: string;
  /** What each message about a task begins with. */
  readonly event: string;
  /** What is asked and what is answered: to be kept alive. */
  readonly ping?: { readonly asks: string; readonly answer: string };
}

/** Sockets to open: each watches the task at its place in `ids`, or the last one. */
export interface SocketLoad {
  readonly port: number;
  readonly protocol: SocketProtocol;
  readonly ids: readonly string[];
}

// A client process with many WebSockets, which only counts what comes: `sockets.ts`.
let events = 0;
let lastAt = 0;
let waiting: { target: number; resolve: () => void } | undefined;
const sockets: WebSocket[] = [];
const ages: number[] = [];

serveCalls(
  {},
  {
    async open({ port, protocol, ids }: SocketLoad): Promise<void> {
      // Some at a time: servers have a backlog of 511.
      for (let from = 0; from < ids.length; from += 100) {
        await Promise.all(ids.slice(from, from + 100).map((id) => open(port, protocol, id)));
      }
    },

    /** Opens one that isn't counted: how old the time is that it hears, in ms. */
    async clock({ port, protocol, ids }: SocketLoad): Promise<void> {
      await open(port, protocol, ids[0] ?? '', (message) => {
        const at = Number(/"data":([\d.]+)/.exec(message.toString())?.[1] ?? NaN);
        if (!Number.isNaN(at)) ages.push(now() - at);
      });
    },

    /** What it has heard since this was last asked. */
    ages: () => ages.splice(0),

    /** Events so far. */
    count: () => events,

    /** Waits until so many have come, or until nothing has for a while; tells how many did. */
    async settle({ target, quietMs }: { target: number; quietMs: number }): Promise<number> {
      lastAt = performance.now();
      if (events >= target) return events;
      await new Promise<void>((resolve) => {
        const timer = setInterval(() => {
          if (performance.now() - lastAt > quietMs) waiting?.resolve();
        }, quietMs / 4);
        waiting = {
          target,
          resolve: () => {
            clearInterval(timer);
            waiting = undefined;
            resolve();
          },
        };
      });
      return events;
    },

    async close(): Promise<void> {
      const closed = sockets.splice(0).map(async (socket) => {
        socket.terminate();
        await once(socket, 'close');
      });
      await Promise.all(closed);
    },
  },
);

async function open(
  port: number,
  protocol: SocketProtocol,
  id: string,
  onEvent: (message: Buffer) => void = hear,
): Promise<void> {
  const { path, subprotocol, hello, watch, event, ping } = protocol;
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, subprotocol, { perMessageDeflate: false });
  sockets.push(socket);
  const prefix = Buffer.from(event);
  const welcome = Promise.withResolvers<void>();
  socket.on('message', (data) => {
    // With the default `binaryType` of `ws` a message is one buffer.
    const message = data as Buffer;
    if (message.subarray(0, prefix.length).equals(prefix)) return onEvent(message);
    const text = message.toString();
    if (text === ping?.asks) socket.send(ping.answer);
    if (hello !== undefined && text.startsWith(hello.answer)) welcome.resolve();
  });
  await once(socket, 'open');
  if (hello !== undefined) {
    socket.send(hello.sent);
    await welcome.promise;
  }
  socket.send(watch.replace('$ID', id));
}

function hear(): void {
  events += 1;
  if (events % 64 === 0) lastAt = performance.now();
  if (waiting !== undefined && events >= waiting.target) waiting.resolve();
}

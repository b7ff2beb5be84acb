import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { serveCalls } from '../harness/child.ts';
import { frame, post, upgrade } from '../../server/raw-client.ts';

// A client process of readers that read no more, below HTTP and WebSocket: `dead-readers.ts`.
const readers: Socket[] = [];

serveCalls(
  {},
  {
    /** Opens some of each kind: over WebSocket, over WebSocket and sending pongs all the time, over SSE. */
    async open({ port, count, query, id }: { port: number; count: number; query: string; id: string }) {
      const payload = { query, variables: { id } };
      for (let n = 0; n < count; n += 1) {
        const socket = connect(port, '127.0.0.1');
        readers.push(socket);
        socket.on('error', () => undefined);
        if (n % 3 === 2) {
          socket.write(post(JSON.stringify(payload), { accept: 'text/event-stream' }));
        } else {
          socket.write(upgrade);
          await once(socket, 'data');
          socket.write(frame('{"type":"connection_init"}'));
          await once(socket, 'data');
          socket.write(frame(JSON.stringify({ id: '1', type: 'subscribe', payload })));
        }
        await once(socket, 'data');
        socket.pause();
        if (n % 3 === 1) setInterval(() => socket.write(frame('', 0x8a)), 1_000);
      }
    },
  },
);

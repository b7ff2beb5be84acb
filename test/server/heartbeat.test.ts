import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { expect, test, vi } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { Heartbeat } from '../../src/server/heartbeat.ts';
import { Line } from '../../src/server/line.ts';
import { textFrame } from '../../src/server/text-frame.ts';

test('a client that takes nothing for too long, and reads again, is told why it is closed: 4410', async () => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  // A server that listens on TCP has an address of this kind.
  const { port } = server.address() as AddressInfo;
  const client = new WebSocket(`ws://127.0.0.1:${port}`);
  const [[socket, request]] = await Promise.all([once(server, 'connection'), once(client, 'open')]);
  const connection = request.socket;
  const line = new Line(
    connection,
    (bytes) => connection.write(bytes),
    () => undefined,
  );
  // Looked at every 5 s: the second time would be its end.
  const heartbeat = new Heartbeat(5000, 50);
  heartbeat.add(socket, line);
  const closed = once(client, 'close');
  client.pause();
  const state = textFrame(Buffer.alloc(100_000, 'x'));
  for (;;) {
    while (!line.isFull) {
      line.write(state);
      line.flush();
    }
    const filled = connection.writableLength;
    await new Promise((resolve) => setImmediate(resolve));
    // The kernel takes no more.
    if (connection.writableLength === filled) break;
  }
  line.whenDrained(() => undefined);

  await vi.waitFor(() => expect(socket.readyState).toBe(WebSocket.CLOSING), { timeout: 10_000 });
  client.resume();

  expect(await closed).toMatchObject([4410, Buffer.from('too slow')]);
  heartbeat.close();
  line.close();
  server.close();
});

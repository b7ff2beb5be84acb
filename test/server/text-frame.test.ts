import { once } from 'node:events';
import { createServer } from 'node:http';
import { expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { textFrame } from '../../src/server/text-frame.ts';

test.each([0, 1, 125, 126, 65_535, 65_536, 200_000])('a client reads a text of %i bytes', async (bytes) => {
  const text = 'é'.repeat(Math.floor(bytes / 2)) + 'x'.repeat(bytes % 2);
  const http = createServer();
  const server = new WebSocketServer({ noServer: true });
  http.on('upgrade', (request, connection, head) => {
    server.handleUpgrade(request, connection, head, () => {
      const whole = Buffer.from(text);
      connection.write(textFrame(whole.subarray(0, bytes / 3), whole.subarray(bytes / 3)));
    });
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const address = http.address();
  const client = new WebSocket(`ws://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`);

  const [message, isBinary] = await once(client, 'message');

  expect(isBinary).toBe(false);
  expect(String(message)).toBe(text);
  client.terminate();
  server.close();
  http.close();
});

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { serveCalls } from '../harness/child.ts';

// A collector of traces that takes whatever comes: `collector.ts`.
const server = createServer((request, response) => {
  request.resume().once('end', () => response.end('{}'));
});
server.listen(0, '127.0.0.1', () => {
  // Of a server that listens on TCP.
  serveCalls({ port: (server.address() as AddressInfo).port });
});

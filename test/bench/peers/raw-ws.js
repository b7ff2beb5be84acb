// The least that tells sockets of a task: each message of its channel goes to them as it is. `raw-ws.js REDIS_URL`.
import { Redis } from 'ioredis';
import { WebSocketServer } from 'ws';
import { serveCalls } from '../harness/child.ts';

const redis = new Redis(process.argv[2]);
const watchers = new Map();
redis.on('message', (channel, message) => {
  for (const socket of watchers.get(channel) ?? []) socket.send(message);
});
const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false }, () =>
  serveCalls({ port: server.address().port }),
);
server.on('connection', (socket) => {
  let channel;
  socket.on('message', async (data) => {
    channel = `peers:${String(data)}`;
    const sockets = watchers.get(channel) ?? new Set();
    watchers.set(channel, sockets.add(socket));
    if (sockets.size === 1) await redis.subscribe(channel);
    // As the others send the state first.
    socket.send(JSON.stringify({ id: String(data), status: 'RUNNING', version: 0, progress: null }));
  });
  socket.on('close', () => {
    const sockets = watchers.get(channel);
    sockets?.delete(socket);
    if (sockets?.size === 0 && watchers.delete(channel)) void redis.unsubscribe(channel);
  });
});

// socket.io with its Redis adapter: a room for each task. `socket-io.js REDIS_URL`.
import { createServer } from 'node:http';
import { createAdapter } from '@socket.io/redis-adapter';
import { Redis } from 'ioredis';
import { Server } from 'socket.io';
import { serveCalls } from '../harness/child.ts';

const redis = new Redis(process.argv[2]);
const server = createServer();
const io = new Server(server, {
  adapter: createAdapter(redis, redis.duplicate()),
  transports: ['websocket'],
  perMessageDeflate: false,
});
io.on('connection', (socket) => {
  socket.on('watch', async (id) => {
    await socket.join(id);
    socket.emit('task', { id, status: 'RUNNING', version: 0, progress: null });
  });
});
server.listen(0, '127.0.0.1', () => serveCalls({ port: server.address().port }));

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { forever } from '../support/definitions.ts';
import { RunningTask } from './running-task.ts';
import { TestApi } from './test-api.ts';
import { heldBytes } from '../support/memory.ts';

const waiting = { timeout: 20_000 };

const query = 'subscription ($id: ID!) { taskUpdated(id: $id) { version progress { data } } }';

async function subscribed(api: TestApi, id: string): Promise<WebSocket> {
  const socket = new WebSocket(api.socketUrl, ['graphql-transport-ws']);
  await once(socket, 'open');
  socket.send(JSON.stringify({ type: 'connection_init' }));
  await once(socket, 'message');
  socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query, variables: { id } } }));
  await once(socket, 'message');
  return socket;
}

/** A stream of events, by hand: what a client of Node's reads ahead would be read. */
async function streamed(api: TestApi, id: string): Promise<Socket> {
  const { port } = new URL(api.origin);
  const socket = connect(Number(port), '127.0.0.1');
  const body = JSON.stringify({ query, variables: { id } });
  socket.on('error', () => undefined);
  socket.write(
    'POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\naccept: text/event-stream\r\n' +
      `content-length: ${body.length}\r\n\r\n${body}`,
  );
  await once(socket, 'data');
  return socket;
}

/** Tells states of 100 KB until the client is gone, in turns with everything else. */
async function tellUntil(task: RunningTask, isOver: () => boolean): Promise<void> {
  const end = performance.now() + waiting.timeout;
  while (!isOver() && performance.now() < end) await task.tell();
}

test('a socket whose client takes nothing is closed with 4410, and cut off where it does not hear that', async () => {
  const sockets = { pingMs: 300, blockedMs: 300 };
  await using api = await TestApi.start([forever], { workers: 0, sockets });
  await using task = await RunningTask.start(api);
  const socket = await subscribed(api, task.id);
  const closed = once(socket, 'close');
  socket.pause();

  await tellUntil(task, () => api.tests.tasks.channels === 0);

  expect(api.tests.tasks.channels).toBe(0);
  // What the client had taken before ends with why.
  socket.resume();
  expect([1006, 4410]).toContain((await closed)[0]);
});

test('what blocked sockets are told meanwhile takes no memory', async () => {
  await using api = await TestApi.start([forever], { workers: 0 });
  await using task = await RunningTask.start(api);
  const sockets = await Promise.all(Array.from({ length: 10 }, () => subscribed(api, task.id)));
  for (const socket of sockets) socket.pause();
  // What the buffers of the connections hold.
  for (let states = 0; states < 100; states += 1) await task.tell();
  const before = heldBytes();

  for (let states = 0; states < 200; states += 1) await task.tell();

  // 200 MB were told.
  expect(heldBytes() - before).toBeLessThan(10_000_000);
  // Nor was anyone cut off for it.
  expect(api.tests.tasks.channels).toBe(1);
  for (const socket of sockets) socket.terminate();
  await vi.waitFor(() => expect(api.tests.tasks.channels).toBe(0), waiting);
});

test('a stream of events whose client takes nothing is cut off', async () => {
  const sockets = { pingMs: 100, blockedMs: 300 };
  await using api = await TestApi.start([forever], { workers: 0, sockets });
  await using task = await RunningTask.start(api);
  const socket = await streamed(api, task.id);
  socket.pause();

  await tellUntil(task, () => api.tests.tasks.channels === 0);

  await vi.waitFor(() => expect(api.tests.tasks.channels).toBe(0), waiting);
  socket.destroy();
});

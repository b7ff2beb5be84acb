import { once } from 'node:events';
import { afterEach, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { double, forever } from '../support/definitions.ts';
import { TestApi } from './test-api.ts';

const waiting = { timeout: 10_000 };

const open: WebSocket[] = [];
afterEach(() => {
  for (const socket of open.splice(0)) socket.terminate();
});

/** A bare socket, which may break the protocol. */
async function connect(
  api: TestApi,
  protocol: string[] = ['graphql-transport-ws'],
  options = {},
): Promise<WebSocket> {
  const socket = new WebSocket(api.socketUrl, protocol, options);
  open.push(socket);
  await once(socket, 'open');
  return socket;
}

/** One that may subscribe. */
async function connectReady(api: TestApi, options = {}): Promise<WebSocket> {
  const socket = await connect(api, undefined, options);
  socket.send(init);
  await once(socket, 'message');
  return socket;
}

async function closeCode(socket: WebSocket): Promise<number> {
  const [code] = await once(socket, 'close');
  return code;
}

const init = JSON.stringify({ type: 'connection_init' });
const subscribe = JSON.stringify({
  id: '1',
  type: 'subscribe',
  payload: { query: 'subscription { tasksUpdated { hasNextPage } }' },
});

test.each([
  ['text that is no message', ['nonsense'], 4400],
  ['a message of an unknown type', [JSON.stringify({ type: 'unknown' })], 4400],
  ['a binary message', [Buffer.from(init)], 4400],
  ['a subscribe before the init', [subscribe], 4401],
  ['a second init', [init, init], 4429],
  ['a message above 64 KiB', ['x'.repeat(65_537)], 1009],
])('%s closes the socket with its code', async (_, messages, code) => {
  await using api = await TestApi.start([double], { workers: 0 });
  const socket = await connect(api);

  for (const message of messages) socket.send(message);

  expect(await closeCode(socket)).toBe(code);
});

test('an id that is taken closes the socket with 4409, and its watch', async () => {
  await using api = await TestApi.start([double], { workers: 0 });
  const socket = await connectReady(api);

  socket.send(subscribe);
  socket.send(subscribe);

  expect(await closeCode(socket)).toBe(4409);
  await vi.waitFor(() => expect(api.tests.tasks.channels).toBe(0), waiting);
});

test('an id that is taken again before its first subscription has begun leaves no watch behind', async () => {
  await using api = await TestApi.start([forever], { workers: 0 });
  const { data } = await api.http('mutation { forever { task { id } } }');
  const query = `subscription { taskUpdated(id: "${data.forever.task.id}") { status } }`;
  const socket = await connectReady(api);
  const said: { id: string; type: string }[] = [];
  socket.on('message', (text: Buffer) => said.push(JSON.parse(text.toString())));

  socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query } }));
  socket.send(JSON.stringify({ id: '1', type: 'complete' }));
  socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query } }));
  socket.send(JSON.stringify({ id: '2', type: 'subscribe', payload: { query } }));
  await vi.waitFor(() => expect(said.some(({ id }) => id === '2')).toBe(true), waiting);
  for (const id of ['1', '2']) socket.send(JSON.stringify({ id, type: 'complete' }));

  await vi.waitFor(() => expect(api.tests.tasks.channels).toBe(0), waiting);
  // It is free again.
  socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query } }));
  await vi.waitFor(() => expect(said.at(-1)).toMatchObject({ id: '1', type: 'next' }), waiting);
});

test('a client of another protocol is closed with 4406', async () => {
  await using api = await TestApi.start([double], { workers: 0 });

  expect(await closeCode(await connect(api, ['graphql-ws']).catch(() => connect(api, [])))).toBe(4406);
});

test('a client that sends no init in time is closed with 4408', async () => {
  await using api = await TestApi.start([double], { workers: 0, sockets: { initTimeoutMs: 50 } });

  expect(await closeCode(await connect(api))).toBe(4408);
});

test('a client that answers no ping is cut off, and its watch with it; one that answers stays', async () => {
  await using api = await TestApi.start([forever], { workers: 0, sockets: { pingMs: 500 } });
  const dead = await connectReady(api, { autoPong: false });
  dead.send(subscribe);
  const alive = await connectReady(api);
  alive.send(subscribe);
  await vi.waitFor(() => expect(api.tests.tasks.channels).toBe(1), waiting);

  expect(await closeCode(dead)).toBe(1006);
  await once(alive, 'ping');
  expect(alive.readyState).toBe(WebSocket.OPEN);
  alive.terminate();
  await vi.waitFor(() => expect(api.tests.tasks.channels).toBe(0), waiting);
});

test('a socket on another path is answered with 404', async () => {
  await using api = await TestApi.start([double], { workers: 0 });
  const socket = new WebSocket(`${api.origin.replace('http', 'ws')}/elsewhere`, ['graphql-transport-ws']);

  const [error] = await once(socket, 'error');

  expect(String(error)).toContain('404');
});

test('a client that leaves frees its watch: by complete, by closing its socket, by ending its SSE stream', async () => {
  await using api = await TestApi.start([forever], { workers: 0 });
  const { data } = await api.http('mutation { forever { task { id } } }');
  const query = 'subscription ($id: ID!) { foreverUpdated(id: $id) { status } }';
  const variables = { id: data.forever.task.id };

  const completed = api.ws(query, variables);
  await completed.next();
  expect(api.tests.tasks.channels).toBe(1);
  await completed.return(undefined);
  await vi.waitFor(() => expect(api.tests.tasks.channels).toBe(0), waiting);

  const socket = await connectReady(api);
  socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query, variables } }));
  await vi.waitFor(() => expect(api.tests.tasks.channels).toBe(1), waiting);
  socket.terminate();
  await vi.waitFor(() => expect(api.tests.tasks.channels).toBe(0), waiting);

  const controller = new AbortController();
  const stream = api.sse(query, variables, controller.signal);
  await stream.next();
  expect(api.tests.tasks.channels).toBe(1);
  controller.abort();
  await expect(stream.next()).rejects.toThrow('aborted');
  await vi.waitFor(() => expect(api.tests.tasks.channels).toBe(0), waiting);
});

test('a list watch without news is freed, too', async () => {
  await using api = await TestApi.start([forever], { workers: 0 });
  const query = 'subscription { tasksUpdated { hasNextPage } }';
  const controller = new AbortController();
  const stream = api.sse(query, {}, controller.signal);
  await stream.next();
  const next = stream.next();
  const socket = await connectReady(api);
  socket.send(subscribe);
  await vi.waitFor(() => expect(api.tests.tasks.channels).toBe(1), waiting);

  controller.abort();
  await expect(next).rejects.toThrow('aborted');
  socket.send(JSON.stringify({ id: '1', type: 'complete' }));

  await vi.waitFor(() => expect(api.tests.tasks.channels).toBe(0), waiting);
});

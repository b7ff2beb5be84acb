import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, test, vi } from 'vitest';
import { double, forever } from '../support/definitions.ts';
import { TestApi } from './test-api.ts';

const waiting = { timeout: 10_000 };

const follow = 'subscription ($id: ID!) { taskUpdated(id: $id) { status } }';

/** One connection, by hand. */
async function open(api: TestApi) {
  const { port } = new URL(api.origin);
  const socket = connect(Number(port), '127.0.0.1');
  await once(socket, 'connect');
  socket.on('error', () => undefined);
  let text = '';
  socket.on('data', (data) => (text += String(data)));
  const post = (query: string, variables = {}, accept = 'text/event-stream'): void => {
    const body = JSON.stringify({ query, variables });
    socket.write(
      `POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\naccept: ${accept}\r\n` +
        `content-length: ${body.length}\r\n\r\n${body}`,
    );
  };
  return { socket, post, text: () => text };
}

async function foreverTask(api: TestApi): Promise<string> {
  const { data } = await api.http('mutation { forever { task { id } } }');
  return data.forever.task.id;
}

test('a connection serves on after a stream is complete, also what was asked before that', async () => {
  await using api = await TestApi.start([double]);
  const id = await api.enqueueDouble(1);
  await api.tests.finished(id);
  const { socket, post, text } = await open(api);

  post(follow, { id });
  post('{ before: __typename }', {}, 'application/json');
  await vi.waitFor(() => expect(text()).toContain('before'), waiting);
  for (let streams = 2; streams <= 20; streams += 1) {
    post(follow, { id });
    await vi.waitFor(() => expect(text().match(/event: complete/g)).toHaveLength(streams), waiting);
  }
  post('{ after: __typename }', {}, 'application/json');
  await vi.waitFor(() => expect(text()).toContain('after'), waiting);

  expect(text().match(/HTTP\/1.1 200 OK/g)).toHaveLength(22);
  socket.destroy();
  await vi.waitFor(() => expect(api.tests.tasks.channels).toBe(0), waiting);
});

test('a stream that waits for another one on its connection ends with it', async () => {
  await using api = await TestApi.start([forever], { workers: 0 });
  const [first, second] = [await foreverTask(api), await foreverTask(api)];
  const { socket, post } = await open(api);
  post(follow, { id: first });
  post(follow, { id: second });
  await vi.waitFor(() => expect(api.tests.tasks.channels).toBe(2), waiting);

  socket.destroy();

  await vi.waitFor(() => expect(api.tests.tasks.channels).toBe(0), waiting);
});

test('a quiet stream is pinged, and one that is complete but waits for another on its connection is left alone', async () => {
  await using api = await TestApi.start([double, forever], { sockets: { pingMs: 20 } });
  const id = await api.enqueueDouble(1);
  await api.tests.finished(id);
  const { socket, post, text } = await open(api);
  post(follow, { id: await foreverTask(api) });
  post(follow, { id });

  await vi.waitFor(() => expect(text().match(/^:$/gm)?.length).toBeGreaterThan(10), waiting);

  expect(text()).not.toContain('complete');
  socket.destroy();
  await vi.waitFor(() => expect(api.tests.tasks.channels).toBe(0), waiting);
});

test.each([
  ['application/json, text/event-stream', 'application/json; charset=utf-8'],
  ['text/event-stream', 'text/event-stream'],
])('a subscription that can not begin is answered as %s says', async (accept, type) => {
  await using api = await TestApi.start([double], { workers: 0 });

  const response = await api.post({ query: follow, variables: { id: 'default_none' } }, { accept });

  expect(response.headers.get('content-type')).toBe(type);
  expect(await response.text()).toContain('TASK_NOT_FOUND');
});

test('a subscription by GET whose variables are no JSON is a bad request', async () => {
  await using api = await TestApi.start([double], { workers: 0 });
  const query = encodeURIComponent('subscription { taskUpdated(id: "default_none") { id } }');

  const response = await fetch(`${api.url}?query=${query}&variables=[`, {
    headers: { accept: 'text/event-stream' },
  });

  expect(response.status).toBe(400);
});

import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, test, vi } from 'vitest';
import { authenticatorOf, openAuthenticator } from '../../src/auth/authenticator.ts';
import { ConfigurationError } from '../../src/errors.ts';
import { createServer, PortInUseError } from '../../src/server/server.ts';
import { double, forever } from '../support/definitions.ts';
import { testLogger } from '../support/stores.ts';
import { TestApi } from './test-api.ts';

const waiting = { timeout: 10_000 };

test('a server that closes tells its sockets to come back elsewhere, ends its streams and frees every watch', async () => {
  await using api = await TestApi.start([forever], { workers: 0, closeMs: 10_000 });
  const { data } = await api.http('mutation { forever { task { id } } }');
  const query = 'subscription ($id: ID!) { foreverUpdated(id: $id) { status } }';
  const variables = { id: data.forever.task.id };
  const client = api.socket();
  const closed = new Promise((resolve) => client.on('closed', resolve));
  const overSocket = api.ws(query, variables, client);
  const overSse = api.sse(query, variables);
  await overSocket.next();
  await overSse.next();

  const began = performance.now();
  const afterwards = Promise.allSettled([overSocket.next(), overSse.next()]);
  await api.server.close();

  expect(performance.now() - began).toBeLessThan(5000);
  expect(await closed).toMatchObject({ code: 1012, reason: 'going away' });
  // Neither was told `complete`: the task goes on.
  expect((await afterwards).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  await vi.waitFor(() => expect(api.tests.tasks.channels).toBe(0), waiting);
  await expect(fetch(`${api.origin}/health`)).rejects.toThrow('fetch failed');
});

test('connections that are kept alive, and clients that say no more, do not hold a closing server up', async () => {
  await using api = await TestApi.start([double], { workers: 0, closeMs: 200 });
  const agent = new Agent({ keepAlive: true });
  const asked = request(`${api.origin}/health`, { agent }).end();
  const [response] = await once(asked, 'response');
  await text(response);
  const headers = { 'content-type': 'application/json', 'content-length': 100, expect: '100-continue' };
  const half = request(api.url, { method: 'POST', headers });
  const cut = once(half, 'error');
  half.flushHeaders();
  // The server has read the headers, and waits for the body.
  await once(half, 'continue');

  const began = performance.now();
  await api.server.close();

  expect(performance.now() - began).toBeLessThan(5000);
  await cut;
  agent.destroy();
});

test('a request that is under way is answered before the server is closed', async () => {
  await using api = await TestApi.start([double], { workers: 0, closeMs: 10_000 });
  const agent = new Agent({ keepAlive: true });
  const body = JSON.stringify({ query: 'mutation { double(input: { n: 1 }) { task { status } } }' });
  const headers = {
    'content-type': 'application/json',
    'content-length': body.length,
    expect: '100-continue',
  };
  const asked = request(api.url, { agent, method: 'POST', headers });
  asked.flushHeaders();
  await once(asked, 'continue');

  const closed = api.server.close();
  asked.end(body);

  const [response] = await once(asked, 'response');
  expect(JSON.parse(await text(response))).toEqual({ data: { double: { task: { status: 'QUEUED' } } } });
  expect(response.headers.connection).toBe('close');
  const began = performance.now();
  await closed;
  expect(performance.now() - began).toBeLessThan(5000);
  agent.destroy();
});

test('a server may be closed twice, and before it listens', async () => {
  await using api = await TestApi.start([double], { workers: 0 });

  await Promise.all([api.server.close(), api.server.close()]);
  const unused = createServer({
    tasks: api.tests.tasks,
    authenticator: openAuthenticator,
    logger: testLogger,
  });

  await expect(unused.close()).resolves.toBeUndefined();
});

test('a busy port is an error that says which flag changes it', async () => {
  await using api = await TestApi.start([double], { workers: 0 });
  const taken = createTcpServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const address = taken.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  const server = createServer({
    tasks: api.tests.tasks,
    authenticator: openAuthenticator,
    logger: testLogger,
  });

  const listening = server.listen(port);

  await expect(listening).rejects.toThrow(PortInUseError);
  await expect(listening).rejects.toMatchObject({
    code: 'EADDRINUSE',
    message: expect.stringContaining('--port'),
  });
  await server.close();
  taken.close();
});

test('the URL that a server answers with works for every host', async () => {
  await using api = await TestApi.start([double], { workers: 0 });
  for (const host of ['127.0.0.1', '0.0.0.0', '::1', '::']) {
    await using server = createServer({
      tasks: api.tests.tasks,
      authenticator: authenticatorOf([]),
      logger: testLogger,
    });
    const { url, port } = await server.listen(0, host);

    expect(new URL(url).port).toBe(String(port));
    // The name of all addresses isn't one that every browser opens.
    expect(['127.0.0.1', 'localhost', '[::1]']).toContain(new URL(url).hostname);
    expect((await fetch(`${url}/health`)).status).toBe(200);
  }
});

test('a server that is open to everybody does not listen where others can reach it', async () => {
  await using api = await TestApi.start([double], { workers: 0 });
  for (const host of ['0.0.0.0', '::', '192.0.2.1', 'app.example.com']) {
    await using server = createServer({
      tasks: api.tests.tasks,
      authenticator: openAuthenticator,
      logger: testLogger,
    });

    await expect(server.listen(0, host)).rejects.toThrow(
      new ConfigurationError([
        `Others can reach ${host}, and with auth 'open' everybody may do everything. Listen on 127.0.0.1, or let clients sign in, as by auth { tokens: true }.`,
      ]),
    );
  }
});

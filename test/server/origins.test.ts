import { once } from 'node:events';
import { request } from 'node:http';
import { json } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { startApi } from '../../src/cli/server.ts';
import { double } from '../support/definitions.ts';
import { testLogger } from '../support/stores.ts';
import { TestTokens } from '../support/tokens.ts';
import { TestApi } from './test-api.ts';

const app = 'https://app.example.com';
const live = encodeURIComponent('subscription { tasksUpdated { hasNextPage } }');
const body = JSON.stringify({ query: '{ __typename }' });

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start([double], { workers: 0, origins: [`${app}/`, 'loopback'] });
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
});

/** As a browser would send it: `fetch` doesn't let one set these headers. */
async function send(method: string, headers: Record<string, string>, path = '/graphql', at = api) {
  const asked = request(`${at.origin}${path}`, { method, headers, agent: false });
  asked.end(method === 'POST' ? body : undefined);
  const [response] = await once(asked, 'response');
  const isJson = response.headers['content-type']?.includes('json') === true;
  return {
    status: response.statusCode,
    headers: response.headers,
    body: isJson ? await json(response) : response.resume(),
  };
}

const post = (headers: Record<string, string>, at = api) =>
  send('POST', { 'content-type': 'application/json', ...headers }, '/graphql', at);

async function socketStatus(headers: Record<string, string>, at = api): Promise<number> {
  const socket = new WebSocket(at.socketUrl, 'graphql-transport-ws', { headers });
  const refused = once(socket, 'unexpected-response').then(([, response]) => response.statusCode);
  const status = await Promise.race([once(socket, 'open').then(() => 101), refused]);
  // Closed before it was open it says so by an error.
  socket.on('error', () => {});
  socket.terminate();
  return status;
}

describe.each([
  ['https://evil.example', 403],
  ['null', 403],
  ['https://app.example.com.evil.example', 403],
  ['http://app.example.com', 403],
  ['https://localhost:5173', 403],
  [app, 200],
  ['http://localhost.evil.example', 403],
  ['http://localhost:5173', 200],
  ['http://127.0.0.1:8080', 200],
])('a page of %s', (origin, status) => {
  test(`is answered with ${status} over HTTP, and may read it only then`, async () => {
    const response = await post({ origin });

    expect(response.status).toBe(status);
    expect(response.headers['access-control-allow-origin']).toBe(status === 200 ? origin : undefined);
    expect(response.headers['access-control-allow-credentials']).toBeUndefined();
    expect(response.headers['vary']).toContain('origin');
    expect(response.body).toMatchObject(
      status === 200 ? { data: {} } : { errors: [{ extensions: { code: 'ORIGIN_NOT_ALLOWED' } }] },
    );
  });

  test('gets a WebSocket accordingly', async () => {
    expect(await socketStatus({ origin })).toBe(status === 200 ? 101 : 403);
  });

  test('is told so when it asks first', async () => {
    const asks = { origin, 'access-control-request-method': 'POST' };
    const response = await send('OPTIONS', asks);

    expect(response.status).toBe(status === 200 ? 204 : 403);
    expect(response.headers['access-control-allow-headers']).toBe(
      status === 200 ? 'accept, authorization, content-type, idempotency-key, traceparent' : undefined,
    );
  });
});

describe('where clients sign in, and no origin is allowed', () => {
  const tokens = new TestTokens();
  let closed: TestApi;
  beforeAll(async () => {
    closed = await TestApi.start([double], { workers: 0, authenticator: tokens, redis: api.tests.redis });
  });
  afterAll(async () => {
    await closed[Symbol.asyncDispose]();
  });

  test.each([
    ['API.example.com', 'https://api.example.com'],
    ['api.example.com:443', 'https://api.example.com'],
    ['api.example.com:4000', 'http://api.example.com:4000'],
  ])('a page that the API itself serves, as %s, is answered', async (host, origin) => {
    const authorization = `Bearer ${tokens.make('ann')}`;

    expect(await post({ host, origin, authorization }, closed)).toMatchObject({
      status: 200,
      body: { data: {} },
    });
    expect(await socketStatus({ host, origin }, closed)).toBe(101);
  });

  test('no page of another origin is, whatever it asks, and none may read an answer', async () => {
    const headers = { origin: app, authorization: `Bearer ${tokens.make('ann')}` };

    for (const response of [
      await post(headers, closed),
      await send('GET', headers, '/graphql?query={__typename}', closed),
      await send('GET', { ...headers, accept: 'text/event-stream' }, `/graphql?query=${live}`, closed),
      await send('OPTIONS', { ...headers, 'access-control-request-method': 'POST' }, '/graphql', closed),
    ]) {
      expect(response.status).toBe(403);
      expect(Object.keys(response.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
    }
    expect(await socketStatus({ origin: app }, closed)).toBe(403);
  });

  test('a client without an origin gets a WebSocket, which needs a token like every other', async () => {
    const socket = new WebSocket(closed.socketUrl, 'graphql-transport-ws');
    await once(socket, 'open');

    socket.send(JSON.stringify({ type: 'connection_init' }));

    expect((await once(socket, 'close'))[0]).toBe(4403);
  });
});

test('a page of an allowed origin may read why it is refused, and when to come again', async () => {
  const tokens = new TestTokens();
  await using asking = await TestApi.start([double], {
    workers: 0,
    authenticator: tokens,
    origins: [app],
    redis: api.tests.redis,
  });

  const { status, headers } = await post({ origin: app }, asking);

  expect(status).toBe(401);
  expect(headers['access-control-allow-origin']).toBe(app);
  expect(headers['access-control-expose-headers']).toBe('retry-after, www-authenticate');
});

describe('where nobody signs in', () => {
  // Whoever owns a name may point it at this machine: to a browser its page and the API are then of one origin.
  test.each([
    ['evil.example', 403],
    ['evil.example:4000', 403],
    ['localhost.evil.example', 403],
    ['127.0.0.1.evil.example', 403],
    ['app.example.com', 200],
    ['localhost:4000', 200],
    ['api.localhost', 200],
    ['127.0.0.1:4000', 200],
    ['[::1]:4000', 200],
    ['api:4000', 200],
  ])('the API is called %s: %d', async (host, status) => {
    expect(await post({ host })).toMatchObject({ status });
    expect(await send('GET', { host }, '/graphql?query={__typename}')).toMatchObject({ status });
    expect(await socketStatus({ host })).toBe(status === 200 ? 101 : status);
  });
});

test('the origins of a command reach its API', async () => {
  const options = { definitions: [double], logger: testLogger, host: '127.0.0.1', port: 0, graphiql: false };
  const started = await startApi({ ...options, auth: 'open', redis: api.tests.redis, origins: [app] });
  const headers = { 'content-type': 'application/json', origin: app };

  const { status } = await fetch(started.url, { method: 'POST', headers, body });

  expect(status).toBe(200);
  await started.close();
});

test('a client that is no browser is answered', async () => {
  expect(await post({})).toMatchObject({ status: 200, body: { data: {} } });
  expect(await socketStatus({})).toBe(101);
});

test('what another site loads as an image or a script is refused', async () => {
  const path = '/graphql?query={__typename}';

  expect(await send('GET', { 'sec-fetch-site': 'cross-site' }, path)).toMatchObject({ status: 403 });
  expect(await send('GET', { 'sec-fetch-site': 'cross-site', origin: app }, path)).toMatchObject({
    status: 200,
  });
  expect(await send('GET', { 'sec-fetch-site': 'same-origin' }, path)).toMatchObject({ status: 200 });
});

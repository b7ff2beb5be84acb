import { once } from 'node:events';
import { request } from 'node:http';
import { json } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { startApi } from '../../src/cli/server.ts';
import { double } from '../support/definitions.ts';
import { testLogger } from '../support/stores.ts';
import { TestApi } from './test-api.ts';

const app = 'https://app.example.com';
const body = JSON.stringify({ query: '{ __typename }' });

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start([double], { workers: 0, origins: [`${app}/`, 'loopback'] });
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
});

/** As a browser would send it: `fetch` doesn't let one set these headers. */
async function send(method: string, headers: Record<string, string>, path = '/graphql') {
  const asked = request(`${api.origin}${path}`, { method, headers, agent: false });
  asked.end(method === 'POST' ? body : undefined);
  const [response] = await once(asked, 'response');
  const isJson = response.headers['content-type']?.includes('json') === true;
  return {
    status: response.statusCode,
    headers: response.headers,
    body: isJson ? await json(response) : response.resume(),
  };
}

const post = (headers: Record<string, string>) =>
  send('POST', { 'content-type': 'application/json', ...headers });

async function socketStatus(headers: Record<string, string>): Promise<number> {
  const socket = new WebSocket(api.socketUrl, 'graphql-transport-ws', { headers });
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

test.each([
  ['API.example.com', 'https://api.example.com'],
  ['api.example.com:443', 'https://api.example.com'],
  ['api.example.com:4000', 'http://api.example.com:4000'],
])('a page that the API itself serves, as %s, is answered', async (host, origin) => {
  expect(await post({ host, origin })).toMatchObject({ status: 200, body: { data: {} } });
  expect(await socketStatus({ host, origin })).toBe(101);
});

test('the origins of a command reach its API', async () => {
  const options = { definitions: [double], logger: testLogger, host: '127.0.0.1', port: 0, graphiql: false };
  const started = await startApi({ ...options, redis: api.tests.redis, origins: [app] });
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

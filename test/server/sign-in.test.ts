import { once } from 'node:events';
import { request } from 'node:http';
import { createClient } from 'graphql-ws';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { double } from '../support/definitions.ts';
import { TestTokens } from '../support/tokens.ts';
import { TestApi } from './test-api.ts';
import { TestClient } from './test-client.ts';

const whoami = JSON.stringify({ query: '{ __typename }' });
const tokens = new TestTokens();

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start([double], { workers: 0, authenticator: tokens, graphiql: true });
});
beforeEach(() => {
  tokens.isAway = false;
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
});

const unauthenticated = { errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] };

/** Each way that an operation takes over HTTP: directly, by Yoga, and what would be wrong with it. */
const requests: [string, RequestInit & { path?: string }][] = [
  ['a query', { method: 'POST', body: whoami, headers: { 'content-type': 'application/json' } }],
  ['a query by GET', { path: '?query={__typename}' }],
  [
    'a stream of events',
    { path: '?query=subscription{tasksUpdated{hasNextPage}}', headers: { accept: 'text/event-stream' } },
  ],
  ['a body that is no JSON', { method: 'POST', body: '{', headers: { 'content-type': 'application/json' } }],
  ['a form', { method: 'POST', body: new URLSearchParams({ query: '{ __typename }' }) }],
];

describe.each(requests)('%s', (_, { path = '', ...init }) => {
  const ask = (headers: Record<string, string>) =>
    fetch(`${api.url}${path}`, { ...init, headers: { ...(init.headers as object), ...headers } });

  test('is answered with 401 where it brings no token', async () => {
    const response = await ask({});

    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toBe('Bearer');
    expect(await response.json()).toMatchObject(unauthenticated);
  });

  test.each(['Bearer nonsense', 'Bearer', 'Basic bm86Ym9keQ=='])(
    'is told that this is no valid token: %s',
    async (authorization) => {
      const response = await ask({ authorization });

      expect(response.status).toBe(401);
      expect(response.headers.get('www-authenticate')).toBe('Bearer error="invalid_token"');
      expect(await response.json()).toMatchObject(unauthenticated);
    },
  );

  test('is told to come again while nobody can say whether its token is valid', async () => {
    tokens.isAway = true;

    const response = await ask({ authorization: `Bearer ${tokens.make('ann')}` });

    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('5');
    expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'UNAVAILABLE' } }] });
  });
});

test.each(['Bearer', 'bearer', 'BEARER'])('the scheme %s signs in', async (scheme) => {
  const token = tokens.make('ann');

  expect(await api.http('{ __typename }', {}, { authorization: `${scheme} ${token}` })).toEqual({
    data: { __typename: 'Query' },
  });
});

test('a body is not waited for before it is known who sends it', async () => {
  const headers = { 'content-type': 'application/json', 'content-length': 100 };
  const asked = request(api.url, { method: 'POST', headers, agent: false });
  asked.on('error', () => undefined);
  asked.flushHeaders();

  const [response] = await once(asked, 'response');

  expect(response.statusCode).toBe(401);
  asked.destroy();
});

test('health, the page of GraphiQL and what a browser asks first need no token', async () => {
  for (const path of ['/health', '/ready'])
    expect((await fetch(`${api.origin}${path}`)).status).not.toBe(401);
  const page = await fetch(api.url, { headers: { accept: 'text/html' } });
  expect(page.status).toBe(200);
  await page.text();
  const preflight = await fetch(api.url, { method: 'OPTIONS' });
  expect(preflight.status).toBe(204);
});

describe('a socket', () => {
  test.each([
    ['in `authorization` of its init', (token: string) => [{ authorization: `Bearer ${token}` }, {}]],
    ['in `token` of its init', (token: string) => [{ token }, {}]],
    ['in the header of its upgrade', (token: string) => [{}, { authorization: `Bearer ${token}` }]],
  ])('signs in by a token %s', async (_, shown) => {
    const [connectionParams = {}, headers] = shown(tokens.make('ann'));
    class Socket extends WebSocket {
      constructor(url: string, protocol: string) {
        super(url, protocol, { headers });
      }
    }
    const client = createClient({
      url: api.socketUrl,
      webSocketImpl: Socket,
      connectionParams,
      retryAttempts: 0,
    });

    expect(await api.overSocket('{ __typename }', {}, client)).toEqual({ data: { __typename: 'Query' } });
    await client.dispose();
  });

  test.each([{}, { token: 'nonsense' }, { token: 1 }, { authorization: 'Basic bm86Ym9keQ==' }])(
    'is closed with 4403 where its init is %o',
    async (connectionParams) => {
      const client = createClient({
        url: api.socketUrl,
        webSocketImpl: WebSocket,
        connectionParams,
        retryAttempts: 0,
      });

      await expect(api.overSocket('{ __typename }', {}, client)).rejects.toMatchObject({
        code: 4403,
        reason: 'Forbidden',
      });
      await client.dispose();
    },
  );

  test('is told to come again while nobody can say whether its token is valid, and does', async () => {
    tokens.isAway = true;
    const client = createClient({
      url: api.socketUrl,
      webSocketImpl: WebSocket,
      connectionParams: { token: tokens.make('ann') },
      retryWait: () => Promise.resolve(),
    });
    const closes: unknown[] = [];
    client.on('closed', (event) => {
      closes.push(event);
      tokens.isAway = false;
    });

    expect(await api.overSocket('{ __typename }', {}, client)).toEqual({ data: { __typename: 'Query' } });
    expect(closes).toMatchObject([{ code: 1013, reason: 'try again later' }]);
    await client.dispose();
  });
});

test('a client signs in over each transport', async () => {
  await using client = new TestClient(api.origin, tokens.make('ann'));
  const subscription = 'subscription { tasksUpdated { hasNextPage } }';

  expect(await client.http('{ __typename }')).toMatchObject({ data: {} });
  for (const stream of [client.ws(subscription), client.sse(subscription)]) {
    expect(await stream.next()).toMatchObject({ value: { data: {} } });
    await stream.return(undefined);
  }
});

import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { double } from '../support/definitions.ts';
import { TestApi } from './test-api.ts';

const mutation = 'mutation { double(input: { n: 1 }) { task { id } } }';

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start([double], { workers: 0, maxBodyBytes: 1000 });
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
});

describe('routes', () => {
  test.each([
    ['/health', 200, { status: 'ok' }],
    ['/ready', 200, { status: 'ready' }],
    ['/elsewhere', 404, { message: 'Nothing is here. GraphQL is at /graphql.' }],
    ['/graphql/more', 404, { message: 'Nothing is here. GraphQL is at /graphql.' }],
  ])('GET %s answers %d', async (path, status, body) => {
    // `/ready` tells of the store, which may still be about to answer.
    await vi.waitFor(() => expect(api.tests.tasks.isReady()).toBe(true), { timeout: 10_000 });

    const response = await fetch(`${api.origin}${path}`);

    expect(response.status).toBe(status);
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(await response.json()).toEqual(body);
  });

  test('a POST to a health check is refused', async () => {
    const response = await fetch(`${api.origin}/health`, { method: 'POST' });

    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe('GET, HEAD');
  });
});

describe('what another site could send by a form is refused', () => {
  test.each([
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'text/plain',
    'application/graphql',
  ])('as %s', async (type) => {
    const response = await api.post(`query=${encodeURIComponent(mutation)}`, { 'content-type': type });

    expect(response.status).toBe(415);
    expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'BAD_REQUEST' } }] });
  });

  test('a mutation by GET', async () => {
    const response = await fetch(`${api.url}?query=${encodeURIComponent(mutation)}`);

    expect(response.status).toBe(405);
    expect(await api.tests.tasks.count()).toMatchObject({ count: 0 });
  });
});

test('several operations in one request are refused', async () => {
  const response = await api.post([{ query: mutation }, { query: mutation }]);

  expect(response.ok).toBe(false);
  expect(await api.tests.tasks.count()).toMatchObject({ count: 0 });
});

test.each(['variables', 'extensions'])('%s of a GET that are no JSON are a bad request', async (name) => {
  const response = await fetch(`${api.url}?query={__typename}&${name}=[`);

  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'BAD_REQUEST' } }] });
});

describe('a body above the limit', () => {
  const large = JSON.stringify({ query: mutation }).padEnd(1001);

  test('is refused by its announced length', async () => {
    const response = await api.post(large);

    expect(response.status).toBe(413);
    expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'BODY_TOO_LARGE' } }] });
  });

  test('is refused by what comes where no length is announced, nothing runs, and the connection serves on', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const ask = async (chunks: readonly string[]) => {
      const headers = { 'content-type': 'application/json', 'transfer-encoding': 'chunked' };
      const asked = request(api.url, { agent, method: 'POST', headers });
      const answered = once(asked, 'response');
      for (const chunk of chunks) await new Promise((resolve) => asked.write(chunk, resolve));
      asked.end();
      const [response] = await answered;
      return { status: response.statusCode, body: JSON.parse(await text(response)), socket: asked.socket };
    };

    const refused = await ask([JSON.stringify({ query: mutation }), ' '.repeat(1000), ' '.repeat(1000)]);
    const next = await ask([JSON.stringify({ query: '{ __typename }' })]);

    expect(refused).toMatchObject({
      status: 413,
      body: { errors: [{ extensions: { code: 'BODY_TOO_LARGE' } }] },
    });
    expect(next).toMatchObject({ status: 200, body: { data: { __typename: 'Query' } } });
    expect(next.socket).toBe(refused.socket);
    expect(await api.tests.tasks.count()).toMatchObject({ count: 0 });
    agent.destroy();
  });

  test('is fine below it', async () => {
    const response = await api.post(JSON.stringify({ query: '{ __typename }' }).padEnd(1000));

    expect(response.status).toBe(200);
  });
});

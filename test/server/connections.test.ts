import { once } from 'node:events';
import pino from 'pino';
import { describe, expect, test, vi } from 'vitest';
import { ConfigurationError } from '../../src/errors.ts';
import { defineTask } from '../../src/index.ts';
import { openAuthenticator } from '../../src/auth/authenticator.ts';
import { createServer } from '../../src/server/server.ts';
import { double, forever } from '../support/definitions.ts';
import { testLogger } from '../support/stores.ts';
import { TestTasks } from '../support/tasks.ts';
import { post, RawClient, upgrade } from './raw-client.ts';
import { TestApi } from './test-api.ts';

const waiting = { timeout: 10_000 };

/** Times that a test can wait for. */
const hasty = { headersMs: 300, requestMs: 600 };

const typename = JSON.stringify({ query: '{ __typename }' });

/** Sends byte by byte until the connection is closed; gives after how many ms it was. */
async function drip(client: RawClient, text: string): Promise<number> {
  const begin = performance.now();
  let sent = 0;
  const timer = setInterval(() => {
    client.send(text.charAt(sent % text.length));
    sent += 1;
  }, 10);
  await client.closed.finally(() => clearInterval(timer));
  return performance.now() - begin;
}

describe('a client that takes its time', () => {
  test.each([
    ['for the headers', '', `GET /health HTTP/1.1\r\nhost: x\r\n${'x-more: 1\r\n'.repeat(1000)}`],
    ['for the body', post(typename, { 'content-length': '1000' }), ' '],
    [
      'for a body of unknown length',
      post(typename, {})
        .replace(/content-length: \d+/, 'transfer-encoding: chunked')
        .replace(/\{.*/s, ''),
      '1\r\n \r\n',
    ],
    ['for the request line', '', 'GET /graphql?'.padEnd(2000, 'x')],
  ])('%s, byte by byte, is closed on time with 408', async (_, first, rest) => {
    await using api = await TestApi.start([double], { workers: 0, connections: hasty });
    using client = await RawClient.open(api.origin);
    client.send(first);

    const ms = await drip(client, rest);

    expect(ms).toBeLessThan(3000);
    expect(client.text).toMatch(/^HTTP\/1\.1 408 /);
  });

  test('and never sends a byte is closed, too', async () => {
    await using api = await TestApi.start([double], { workers: 0, connections: hasty });
    using client = await RawClient.open(api.origin);

    await client.closed;

    expect(client.text).toMatch(/^(HTTP\/1\.1 408 |$)/);
  });

  test('to ask again is closed, but not one whose answer takes long', async () => {
    const connections = { ...hasty, idleMs: 1, answerMs: 100 };
    await using api = await TestApi.start([forever], { workers: 0, connections });
    const { data } = await api.http('mutation { forever { task { id } } }');
    using idle = await RawClient.open(api.origin);
    using stream = await RawClient.open(api.origin);
    idle.send(post(typename));
    const query = `subscription { taskUpdated(id: "${data.forever.task.id}") { status } }`;
    stream.send(post(JSON.stringify({ query }), { accept: 'text/event-stream' }));
    await stream.hears('QUEUED');

    await idle.closed;

    expect(idle.text).toContain('HTTP/1.1 200');
    await api.http('mutation ($id: ID!) { cancelTask(id: $id) { task { status } } }', {
      id: data.forever.task.id,
    });
    await stream.hears('CANCELED');
  });

  test('to read a large answer is cut off', async () => {
    const echo = defineTask({
      name: 'echo',
      input: (t) => ({ text: t.string({ required: true }) }),
      run: () => undefined,
    });
    await using api = await TestApi.start([echo], { workers: 0, connections: { answerMs: 1000 } });
    for (let count = 0; count < 40; count += 1)
      await api.tests.enqueueWhenReady(echo, { text: 'x'.repeat(250_000) });
    using client = await RawClient.open(api.origin);
    const query = '{ tasks(first: 40) { nodes { ... on EchoTask { input } } } }';
    client.send(post(JSON.stringify({ query })));
    await client.hears('xxx');
    client.socket.pause();
    const open = ends();

    // The kernel holds 4 MB of 10, and the server the rest, until it closes its end.
    await vi.waitFor(() => expect(ends()).toBeLessThan(open), waiting);
  });
});

/** Ends of connections in this process: both of each. */
function ends(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap').length;
}

describe('how many', () => {
  test('connections an address has is bounded, which is logged, and those that it has are served', async () => {
    const lines: string[] = [];
    const logger = pino({ level: 'info' }, { write: (line: string) => void lines.push(line) });
    await using api = await TestApi.start([double], {
      workers: 0,
      logger,
      connections: { maxPerAddress: 3 },
    });
    using first = await RawClient.open(api.origin);
    using second = await RawClient.open(api.origin);
    using third = await RawClient.open(api.origin);
    // Until the server has seen them all.
    for (const client of [first, second, third]) {
      client.send(post(typename));
      await client.hears('Query');
    }

    using fourth = await RawClient.open(api.origin);
    await fourth.closed;

    expect(lines.filter((line) => line.includes('connections are refused'))).toHaveLength(1);
    first.send(post(typename));
    await vi.waitFor(() => expect(first.text.match(/"Query"/g)).toHaveLength(2), waiting);
    second.socket.destroy();
    await vi.waitFor(async () => {
      using again = await RawClient.open(api.origin);
      again.send(post(typename));
      await again.hears('Query');
    }, waiting);
  });

  test('connections all have together is bounded', async () => {
    await using api = await TestApi.start([double], { workers: 0, connections: { max: 1 } });
    using first = await RawClient.open(api.origin);
    first.send(post(typename));
    await first.hears('Query');

    using second = await RawClient.open(api.origin);

    await second.closed;
    expect(second.text).toBe('');
  });

  test('requests a connection has under way is bounded: with more it is closed', async () => {
    await using api = await TestApi.start([forever], { workers: 0 });
    const { data } = await api.http('mutation { forever { task { id } } }');
    const query = `subscription { taskUpdated(id: "${data.forever.task.id}") { status } }`;
    using fine = await RawClient.open(api.origin);
    fine.send(Array.from({ length: 8 }, () => post(typename)).join(''));
    await vi.waitFor(() => expect(fine.text.match(/"Query"/g)).toHaveLength(8), waiting);
    using client = await RawClient.open(api.origin);

    client.send(
      Array.from({ length: 9 }, () => post(JSON.stringify({ query }), { accept: 'text/event-stream' })).join(
        '',
      ),
    );

    await client.closed;
    await vi.waitFor(() => expect(api.tests.tasks.channels).toBe(0), waiting);
  });
});

describe('what is no request', () => {
  const get = (line: string, ...headers: string[]) =>
    `${line}\r\n${headers.map((header) => `${header}\r\n`).join('')}\r\n`;
  const chunked = post(typename)
    .replace(/content-length: \d+/, 'transfer-encoding: chunked')
    .replace(/\{.*/s, '');

  test.each([
    ['headers above 16 KiB', get('GET /health HTTP/1.1', 'host: x', `x-large: ${'x'.repeat(17_000)}`), 431],
    ['a URL above 16 KiB', get(`GET /graphql?query=${'x'.repeat(17_000)} HTTP/1.1`, 'host: x'), 431],
    ['two lengths', post(typename).replace('content-length', 'content-length: 1\r\ncontent-length'), 400],
    ['a length and chunks', post(typename, { 'transfer-encoding': 'chunked' }), 400],
    ['a length that is none', post(typename, { 'content-length': '-5' }), 400],
    ['chunks that are none', `${chunked}zz\r\n`, 400],
    ['a chunk larger than it may be', `${chunked}fffffffffffffffff\r\n`, 400],
    ['no host', get('GET /health HTTP/1.1'), 400],
    [
      'a host that is none',
      get('GET /graphql?query={__typename} HTTP/1.1', 'host: a b', 'accept: application/json'),
      400,
    ],
    ['a port that is none', get('GET /graphql?query={__typename} HTTP/1.1', 'host: x:99999'), 400],
    ['another protocol', 'EHLO example.org\r\n\r\n', 400],
    ['bytes that are no text', '\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc', 400],
    ['an expectation that nobody knows', post(typename, { expect: 'nothing' }), 417],
    ['an upgrade elsewhere', upgrade.replace('/graphql', '/elsewhere'), 404],
    ['an upgrade by POST', upgrade.replace('GET', 'POST'), 405],
    ['an upgrade without a key', upgrade.replace(/sec-websocket-key.*\r\n/, ''), 400],
    ['an upgrade to an unknown version', upgrade.replace('version: 13', 'version: 99'), 400],
    ['protocols of an upgrade that are none', upgrade.replace('graphql-transport-ws', ',,;'), 400],
    ['a tunnel', get('CONNECT x:80 HTTP/1.1', 'host: x'), undefined],
    ['a version that is none', get('GET /health HTTP/9.9', 'host: x'), 400],
    ['a cut escape', get('GET /graphql?query=%zz&variables=%ff HTTP/1.1', 'host: x'), 400],
    [
      'another site by its whole address',
      get('GET http://evil.example/graphql?query={__typename} HTTP/1.1', 'host: x'),
      404,
    ],
  ])('%s is answered without a stack', async (_, text, status) => {
    await using api = await TestApi.start([double], { workers: 0, connections: hasty });
    using client = await RawClient.open(api.origin);

    client.send(text);
    await Promise.race([client.closed, once(client.socket, 'data')]);

    expect(client.text.slice(0, 12)).toBe(status === undefined ? '' : `HTTP/1.1 ${status}`);
    expect(client.text).not.toMatch(/\bat .*:\d+:\d+/);
    expect(await api.http('{ __typename }')).toMatchObject({ data: { __typename: 'Query' } });
  });

  test('what HTTP/1.0, an expectation of 100 or another upgrade ask for is answered', async () => {
    await using api = await TestApi.start([double], { workers: 0 });
    for (const [text, answer] of [
      ['GET /health HTTP/1.0\r\n\r\n', 'HTTP/1.1 200 OK'],
      [post(typename, { expect: '100-continue' }), 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK'],
      [post(typename, { connection: 'upgrade', upgrade: 'h2c' }), 'HTTP/1.1 200 OK'],
    ] as const) {
      using client = await RawClient.open(api.origin);
      client.send(text);
      await client.hears(answer);
      expect(client.text.startsWith(answer)).toBe(true);
    }
  });

  test('a refused upgrade ends the connection, whether or not its client does', async () => {
    await using api = await TestApi.start([double], { workers: 0 });
    using client = await RawClient.open(api.origin);
    client.socket.allowHalfOpen = true;

    client.send(upgrade.replace('/graphql', '/elsewhere'));
    await once(client.socket, 'end');

    // It isn't kept half open: what is sent to it is refused.
    const timer = setInterval(() => client.send('x'), 10);
    await client.closed.finally(() => clearInterval(timer));
    expect(client.text).toMatch(/^HTTP\/1.1 404 /);
  });

  test('an upgrade while an answer is under way is refused', async () => {
    await using api = await TestApi.start([forever], { workers: 0 });
    const { data } = await api.http('mutation { forever { task { id } } }');
    const query = `subscription { taskUpdated(id: "${data.forever.task.id}") { status } }`;
    using client = await RawClient.open(api.origin);

    client.send(post(JSON.stringify({ query }), { accept: 'text/event-stream' }) + upgrade);

    await client.closed;
    expect(client.text).not.toContain('101 Switching');
    await vi.waitFor(() => expect(api.tests.tasks.channels).toBe(0), waiting);
  });
});

describe('a body', () => {
  test.each([
    ['packed', { 'content-encoding': 'gzip' }],
    ['packed twice', { 'content-encoding': 'gzip, gzip' }],
    ['packed in a way that nobody knows', { 'content-encoding': 'x' }],
    ['in another charset', { 'content-type': 'application/json; charset=utf-16' }],
  ])('%s is answered with 415 before any of it is read', async (_, headers) => {
    await using api = await TestApi.start([double], { workers: 0 });
    using client = await RawClient.open(api.origin);

    client.send(post('', { 'content-length': '100000', ...headers }));

    await client.hears('BAD_REQUEST');
    expect(client.text).toMatch(/^HTTP\/1.1 415 /);
    expect(client.text).toContain('accept-encoding: identity');
  });

  test.each([
    ['as it is', { 'content-encoding': 'identity' }],
    ['in UTF-8', { 'content-type': 'application/json; charset="UTF-8"' }],
  ])('%s is fine', async (_, headers) => {
    await using api = await TestApi.start([double], { workers: 0 });

    const response = await api.post(typename, headers);

    expect(await response.json()).toEqual({ data: { __typename: 'Query' } });
  });
});

test.each([
  [
    'connections',
    { maxPerAddress: 0 },
    'connections.maxPerAddress: expected a whole number from 1 to 2147483647, got 0.',
  ],
  [
    'connections',
    { requestMs: 1.5 },
    'connections.requestMs: expected a whole number from 1 to 2147483647, got 1.5.',
  ],
  [
    'sockets',
    { maxOperations: -1 },
    'sockets.maxOperations: expected a whole number from 1 to 2147483647, got -1.',
  ],
  [
    'sockets',
    { pingMs: Infinity },
    'sockets.pingMs: expected a whole number from 1 to 2147483647, got Infinity.',
  ],
])('%s of %o are refused', async (area, given, message) => {
  await using tests = await TestTasks.start([double], { workers: 0 });
  const logger = testLogger;

  const create = () =>
    createServer({ tasks: tests.tasks, logger, authenticator: openAuthenticator, [area]: given });

  expect(create).toThrow(new ConfigurationError([message]));
});

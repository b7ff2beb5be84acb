import { once } from 'node:events';
import { isDeepStrictEqual } from 'node:util';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { double, forever, Gate } from '../support/definitions.ts';
import { defineTask } from '../../src/index.ts';
import { TestTokens } from '../support/tokens.ts';
import { frame, RawClient } from './raw-client.ts';
import { TestApi } from './test-api.ts';
import { TestClient } from './test-client.ts';

const waiting = { timeout: 10_000 };

interface Said {
  readonly id?: string;
  readonly type: string;
  readonly payload?: any; // oxlint-disable-line typescript/no-explicit-any -- a test knows what it asked for
}

/** A bare socket, and what it was told. */
class Client {
  readonly socket: WebSocket;
  readonly said: Said[] = [];
  readonly closed: Promise<{ code: number; reason: string }>;

  constructor(api: TestApi) {
    this.socket = new WebSocket(api.socketUrl, ['graphql-transport-ws']);
    open.push(this.socket);
    this.socket.on('message', (text: Buffer) => this.said.push(JSON.parse(text.toString())));
    this.socket.on('error', () => undefined);
    this.closed = once(this.socket, 'close').then(([code, reason]) => ({ code, reason: String(reason) }));
  }

  static async ready(api: TestApi): Promise<Client> {
    const client = new Client(api);
    await once(client.socket, 'open');
    client.send({ type: 'connection_init' });
    await client.hears({ type: 'connection_ack' });
    return client;
  }

  send(message: unknown): void {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  subscribe(id: string, query: string): void {
    this.send({ id, type: 'subscribe', payload: { query } });
  }

  async hears(message: Partial<Said>): Promise<void> {
    await vi.waitFor(() => {
      if (!this.said.some((said) => isDeepStrictEqual({ ...said, ...message }, said)))
        throw new Error(`expected ${JSON.stringify(message)}, got ${JSON.stringify(this.said)}`);
    }, waiting);
  }
}

const open: WebSocket[] = [];
afterEach(() => {
  for (const socket of open.splice(0)) socket.terminate();
});

const watchList = 'subscription { tasksUpdated { hasNextPage } }';

describe('operations of a socket', () => {
  test('one more than it may have is answered with an error, and there is room again when one ends', async () => {
    await using api = await TestApi.start([double], { workers: 0, sockets: { maxOperations: 2 } });
    const client = await Client.ready(api);

    for (const id of ['1', '2']) client.subscribe(id, watchList);
    for (const id of ['1', '2']) await client.hears({ id, type: 'next' });
    client.subscribe('3', watchList);

    await client.hears({ id: '3', type: 'error' });
    expect(client.said.find(({ id, type }) => id === '3' && type === 'error')?.payload).toMatchObject([
      { extensions: { code: 'TOO_MANY_OPERATIONS' } },
    ]);
    client.send({ id: '1', type: 'complete' });
    client.subscribe('4', '{ __typename }');
    await client.hears({ id: '4', type: 'next', payload: { data: { __typename: 'Query' } } });
    // Nor is the place of what failed, or has ended, taken for ever.
    for (let id = 10; id < 20; id += 2) {
      client.subscribe(`${id}`, '{ {');
      await client.hears({ id: `${id}`, type: 'error' });
      client.subscribe(`${id + 1}`, '{ __typename }');
      await client.hears({ id: `${id + 1}`, type: 'complete' });
    }
  });

  test('those whose client has completed them while they ran still count', async () => {
    const gate = new Gate();
    const held = defineTask({
      name: 'held',
      validate: () => gate.opened.then(() => undefined),
      run: () => undefined,
    });
    await using api = await TestApi.start([held], { workers: 0, sockets: { maxOperations: 2 } });
    const client = await Client.ready(api);

    for (const id of ['1', '2', '3']) {
      client.subscribe(id, 'mutation { held { task { id } } }');
      client.send({ id, type: 'complete' });
    }
    client.subscribe('4', '{ __typename }');

    await client.hears({ id: '4', type: 'error' });
    gate.open();
    await vi.waitFor(async () => expect((await api.tests.tasks.count()).count).toBe(2), waiting);
  });
});

describe('messages of a socket', () => {
  const ping = frame('{"type":"ping"}');

  test.each([
    ['messages', ping],
    ['pings of the protocol', frame('', 0x89)],
    ['pongs that nobody asked for', frame('', 0x8a)],
  ])('more %s in a second than it may send close it with 4429', async (_, bytes) => {
    await using api = await TestApi.start([double], { workers: 0, sockets: { maxMessagesPerSecond: 20 } });
    using client = await RawClient.openSocket(api.origin);

    client.send(Buffer.concat(Array.from({ length: 200 }, () => bytes)));

    await client.hears('Too many messages');
    expect(client.closeCode).toBe(4429);
  });

  test('a hundred at once are fine, and what they ask for is answered', async () => {
    await using api = await TestApi.start([double], { workers: 0 });
    const client = await Client.ready(api);

    for (let count = 0; count < 98; count += 1) client.send({ type: 'ping' });

    await vi.waitFor(() => expect(client.said).toHaveLength(99), waiting);
    expect(client.socket.readyState).toBe(WebSocket.OPEN);
  });

  test('what comes after the server has closed is not looked at', async () => {
    await using api = await TestApi.start([forever], { workers: 0, sockets: { closeMs: 200 } });
    using client = await RawClient.openSocket(api.origin);
    client.send(frame('{"type":"connection_init"}'));
    await client.hears('connection_ack');
    const query = 'mutation { forever { task { id } } }';

    client.send(frame('nonsense'));
    client.send(frame(JSON.stringify({ id: '1', type: 'subscribe', payload: { query } })));

    // Cut off, as it doesn't answer the close; long before it is for not answering pings.
    const begin = performance.now();
    await client.closed;
    expect(performance.now() - begin).toBeLessThan(8000);
    expect(client.closeCode).toBe(4400);
    expect((await api.tests.tasks.count()).count).toBe(0);
  });

  test('a pong repeats nothing of its ping, however deep that is', async () => {
    await using api = await TestApi.start([double], { workers: 0 });
    const client = await Client.ready(api);

    client.send(`{"type":"ping","payload":${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}}`);

    await client.hears({ type: 'pong' });
    expect(client.said.at(-1)).toEqual({ type: 'pong' });
  });

  test.each(['connection_ack', 'next', 'error', 'complete_all'])(
    '%s of a client closes it with 4400',
    async (type) => {
      await using api = await TestApi.start([double], { workers: 0 });
      const client = await Client.ready(api);

      client.send({ type, id: '1', payload: type === 'error' ? [{ message: 'x' }] : {} });

      expect((await client.closed).code).toBe(4400);
    },
  );

  test.each([{ id: null }, { payload: null }, { payload: {} }])(
    'a ping with %o is answered',
    async (more) => {
      await using api = await TestApi.start([double], { workers: 0 });
      const client = await Client.ready(api);

      client.send({ type: 'ping', ...more });

      await client.hears({ type: 'pong' });
      expect(client.socket.readyState).toBe(WebSocket.OPEN);
    },
  );

  test('an id of an operation has at most 128 bytes, whatever its characters', async () => {
    await using api = await TestApi.start([double], { workers: 0 });
    const client = await Client.ready(api);

    client.subscribe('ä'.repeat(64), '{ __typename }');
    await client.hears({ id: 'ä'.repeat(64), type: 'complete' });
    client.subscribe(`${'ä'.repeat(64)}a`, '{ __typename }');

    expect(await client.closed).toEqual({ code: 4400, reason: 'Expected an id of at most 128 bytes' });
  });

  test('an id that is taken closes the socket with 4409 however long it is', async () => {
    await using api = await TestApi.start([double], { workers: 0 });
    const client = await Client.ready(api);
    const id = 'ä'.repeat(64);

    client.subscribe(id, watchList);
    client.subscribe(id, watchList);

    const { code, reason } = await client.closed;
    expect(code).toBe(4409);
    expect(`Subscriber for ${id} already exists`).toContain(reason);
    expect(reason).not.toContain('\ufffd');
  });

  test('a syntax error answers its operation, and the others go on', async () => {
    await using api = await TestApi.start([double], { workers: 0 });
    const client = await Client.ready(api);
    client.subscribe('1', watchList);
    await client.hears({ id: '1', type: 'next' });

    client.subscribe('2', '{ {');

    await client.hears({ id: '2', type: 'error' });
    expect(client.said.at(-1)?.payload).toMatchObject([{ extensions: { code: 'GRAPHQL_PARSE_FAILED' } }]);
    client.subscribe('3', '{ __typename }');
    await client.hears({ id: '3', type: 'complete' });
    expect(client.said.some(({ id, type }) => id === '1' && type !== 'next')).toBe(false);
  });
});

describe('the init', () => {
  test('has to come in time, whatever else does', async () => {
    const sockets = { initTimeoutMs: 300, maxMessagesPerSecond: 10_000 };
    await using api = await TestApi.start([double], { workers: 0, sockets });
    using client = await RawClient.openSocket(api.origin);
    const begin = performance.now();

    const timer = setInterval(() => {
      client.send(frame('', 0x89));
      client.send(frame('{"type":"ping"}'));
    }, 20);
    await client.hears('Connection initialisation timeout').finally(() => clearInterval(timer));

    expect(client.text).toContain('pong');
    expect(performance.now() - begin).toBeLessThan(3000);
  });

  test('has to come in time, also where not even the answer to the upgrade is read', async () => {
    const sockets = { initTimeoutMs: 100, closeMs: 100 };
    await using api = await TestApi.start([double], { workers: 0, sockets });
    using client = await RawClient.openSocket(api.origin);
    client.socket.pause();

    // Who doesn't read learns of the end by what it sends.
    const timer = setInterval(() => client.send(frame('', 0x89)), 20);
    await client.closed.finally(() => clearInterval(timer));

    expect(client.socket.closed).toBe(true);
  });
});

describe('sockets of an owner', () => {
  test('one more than it may have is closed with 1013, another owner is served, and there is room when one ends', async () => {
    const tokens = new TestTokens();
    const sockets = { maxPerOwner: 2 };
    await using api = await TestApi.start([double], { workers: 0, sockets, authenticator: tokens });
    const [ann, ben] = [tokens.make('ann'), tokens.make('ben')];
    const signIn = async (token: string): Promise<Client> => {
      const client = new Client(api);
      await once(client.socket, 'open');
      client.send({ type: 'connection_init', payload: { token } });
      return client;
    };
    const first = await signIn(ann);
    for (const client of [first, await signIn(ann)]) await client.hears({ type: 'connection_ack' });

    const refused = await signIn(ann);

    expect(await refused.closed).toEqual({ code: 1013, reason: 'too many sockets of this owner' });
    await (await signIn(ben)).hears({ type: 'connection_ack' });
    first.socket.close();
    await first.closed;
    await (await signIn(ann)).hears({ type: 'connection_ack' });
  });
});

describe('streams of events', () => {
  const stream = (client: TestClient, signal: AbortSignal): AsyncGenerator =>
    client.sse(watchList, {}, signal);

  test.each([
    ['an address', { maxPerAddress: 2 }],
    ['an owner', { maxPerOwner: 2 }],
  ])('of %s count with its sockets: one more than it may have is answered with 429', async (_, sockets) => {
    const tokens = new TestTokens();
    await using api = await TestApi.start([double], { workers: 0, sockets, authenticator: tokens });
    await using ann = new TestClient(api.origin, tokens.make('ann'));
    const abort = new AbortController();
    await stream(ann, abort.signal).next();
    const socket = ann.ws(watchList);
    await socket.next();

    const refused = await ann.post({ query: watchList }, { accept: 'text/event-stream' });

    expect(refused.status).toBe(429);
    expect(refused.headers.get('retry-after')).toBe('10');
    expect(await refused.json()).toMatchObject({ errors: [{ extensions: { code: 'RATE_LIMITED' } }] });
    // What isn't a stream is answered, and there is room again when one ends.
    expect(await ann.http('{ __typename }')).toMatchObject({ data: { __typename: 'Query' } });
    abort.abort();
    await vi.waitFor(() => stream(ann, AbortSignal.timeout(10_000)).next(), waiting);
  });
});

describe('sockets of an address', () => {
  test('one more than it may have is refused with 429 before the handshake, until one is closed', async () => {
    await using api = await TestApi.start([double], { workers: 0, sockets: { maxPerAddress: 2 } });
    const first = await Client.ready(api);
    await Client.ready(api);

    const refused = new WebSocket(api.socketUrl, ['graphql-transport-ws']);
    const [, response] = await once(refused, 'unexpected-response');

    expect(response.statusCode).toBe(429);
    expect(response.headers['retry-after']).toBe('10');
    first.socket.close();
    await first.closed;
    await vi.waitFor(() => Client.ready(api), waiting);
  });
});

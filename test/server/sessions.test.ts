import { once } from 'node:events';
import { EventSource } from 'eventsource';
import { type Client, createClient } from 'graphql-ws';
import { SignJWT } from 'jose';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { ApiTokens } from '../../src/auth/api-tokens.ts';
import { createServer } from '../../src/index.ts';
import { defaultPrefix } from '../../src/redis/connection.ts';
import { connectTasks } from '../../src/tasks/tasks.ts';
import { forever } from '../support/definitions.ts';
import { registerSecret } from '../support/secrets.ts';
import { testLogger } from '../support/stores.ts';
import { TestTasks } from '../support/tasks.ts';
import { TestTokens } from '../support/tokens.ts';
import { TestApi } from './test-api.ts';
import { type Result, TestClient } from './test-client.ts';

const waiting = { timeout: 10_000 };
const follow = 'subscription ($id: ID!) { taskUpdated(id: $id) { status } }';
const enqueue = 'mutation { forever { task { id } } }';
const cancel = 'mutation ($id: ID!) { cancelTask(id: $id) { accepted } }';

const open: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

/** An API that asks for tokens, one who may do anything there, and a task that waits. */
async function start() {
  const tokens = new TestTokens();
  const api = await TestApi.start([forever], { workers: 0, authenticator: tokens });
  const ann = new TestClient(api.origin, tokens.make('ann'));
  const { data } = await ann.http('mutation { forever { task { id } watchToken { token } } }');
  const variables = { id: data.forever.task.id };
  return {
    tokens,
    api,
    ann,
    variables,
    watchToken: data.forever.watchToken.token as string,
    async [Symbol.asyncDispose]() {
      await ann[Symbol.asyncDispose]();
      await api[Symbol.asyncDispose]();
    },
  };
}
type Story = Awaited<ReturnType<typeof start>>;

/** A bare socket that has signed in, and what it is told. */
async function signedIn({ api }: { readonly api: { readonly socketUrl: string } }, token: string) {
  const socket = new WebSocket(api.socketUrl, 'graphql-transport-ws');
  open.push(() => socket.terminate());
  const told: { id?: string; type: string; payload?: any }[] = []; // oxlint-disable-line typescript/no-explicit-any -- a test knows what it asked for
  socket.on('message', (text: Buffer) => told.push(JSON.parse(text.toString())));
  const closed = once(socket, 'close').then(([code, reason]) => ({ code, reason: String(reason) }));
  await once(socket, 'open');
  const send = (message: unknown): void => socket.send(JSON.stringify(message));
  send({ type: 'connection_init', payload: { token } });
  await vi.waitFor(() => expect(told).toHaveLength(1), waiting);
  return { socket, told, closed, send };
}

const subscribe = (query: string, variables: object, id = '1') => ({
  id,
  type: 'subscribe',
  payload: { query, variables },
});

describe.each([
  ['expires', 1000, 'session expired', 'has expired'],
  ['is revoked', undefined, 'session revoked', 'was revoked'],
] as const)('when a session %s', (_, forMs, reason, words) => {
  /** Has it end, where time alone doesn't. */
  const end = ({ tokens }: Story, token: string): void => {
    if (forMs === undefined) tokens.revoke(token);
  };
  test('its socket is closed with 4403, whose reason says why, and its streams with it', async () => {
    await using story = await start();
    const token = story.tokens.make('bob', forMs);
    const { closed, send, told } = await signedIn(story, token);
    send(subscribe(follow, story.variables));
    await vi.waitFor(() => expect(told).toHaveLength(2), waiting);

    end(story, token);

    expect(await closed).toEqual({ code: 4403, reason });
    await vi.waitFor(() => expect(story.api.tests.tasks.channels).toBe(0), waiting);
    expect(story.tokens.held).toBe(0);
  });

  test('its stream of events is told so and completed', async () => {
    await using story = await start();
    const token = story.tokens.make('bob', forMs);
    await using bob = new TestClient(story.api.origin, token);
    const stream = bob.sse(follow, story.variables);
    expect(await stream.next()).toMatchObject({ value: { data: {} } });

    end(story, token);

    const rest = await Array.fromAsync(stream);
    expect(rest).toMatchObject([{ errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] }]);
    expect(rest[0]?.errors?.[0]?.message).toContain(words);
    await vi.waitFor(() => expect(story.api.tests.tasks.channels).toBe(0), waiting);
    expect(story.tokens.held).toBe(0);
  });

  test('its stream of events is told so, too, where its URL has more in it than GraphQL needs', async () => {
    await using story = await start();
    // What reads such requests is loaded by the first one, which may take longer than the session lasts.
    await story.ann.post('no JSON');
    const token = story.tokens.make('bob', forMs);
    const query = `subscription { taskUpdated(id: "${story.variables.id}") { status } }`;
    const response = await fetch(`${story.api.url}?${new URLSearchParams({ query, at: 'noon' })}`, {
      headers: { accept: 'text/event-stream', authorization: `Bearer ${token}` },
    });
    // Its headers are there before its first event; where it expires meanwhile, it has been held.
    await vi.waitUntil(() => story.tokens.held === 1 || forMs !== undefined, waiting);

    end(story, token);

    expect(await response.text()).toMatch(/"QUEUED"[^]*UNAUTHENTICATED[^]*event: complete/);
    await vi.waitFor(() => expect(story.api.tests.tasks.channels).toBe(0), waiting);
    expect(story.tokens.held).toBe(0);
  });

  test('a request that is under way is answered', async () => {
    await using story = await start();
    const token = story.tokens.make('bob', forMs);
    await using bob = new TestClient(story.api.origin, token);
    const query = 'mutation { forever(options: { wait: "20s" }) { task { id status } } }';
    const answer = bob.http(query);
    await vi.waitFor(() => expect(story.api.tests.tasks.channels).toBe(1), waiting);

    end(story, token);
    await vi.waitFor(async () => expect((await bob.http('{ __typename }')).errors).toBeDefined(), waiting);
    await story.ann.http('mutation { cancelTasks(filter: { names: ["forever"] }) { acceptedCount } }');

    expect(await answer).toMatchObject({ data: { forever: { task: { status: 'CANCELED' } } } });
  });
});

test('nothing is told after the end of a session, and nothing is done', async () => {
  await using story = await start();
  const token = story.tokens.make('bob');
  const { closed, send, told } = await signedIn(story, token);
  send(subscribe(follow, story.variables));
  await vi.waitFor(() => expect(told).toHaveLength(2), waiting);

  story.tokens.revoke(token);
  // On its way before the client knows that it is closed.
  send(subscribe(enqueue, {}, '2'));
  await closed;
  // Goes the same way, and so is no sooner there.
  await story.ann.http(enqueue);

  expect(told).toHaveLength(2);
  expect(await story.api.tests.tasks.count()).toMatchObject({ count: 2 });
});

test('a socket or stream that its client has left does not wait for the end of its session', async () => {
  await using story = await start();
  const token = story.tokens.make('bob');
  await using bob = new TestClient(story.api.origin, token);
  const { socket, send, told } = await signedIn(story, token);
  send(subscribe(follow, story.variables));
  await vi.waitFor(() => expect(told).toHaveLength(2), waiting);
  const leaving = new AbortController();
  const stream = bob.sse(follow, story.variables, leaving.signal);
  await stream.next();
  expect(story.tokens.held).toBe(2);

  socket.terminate();
  leaving.abort();
  await expect(stream.next()).rejects.toThrow('aborted');

  await vi.waitFor(() => expect(story.tokens.held).toBe(0), waiting);
});

describe('a session is renewed by a ping', () => {
  test('and streams go on beyond the end of the first one', async () => {
    await using story = await start();
    const client = createClient({
      url: story.api.socketUrl,
      webSocketImpl: WebSocket,
      connectionParams: { token: story.tokens.make('bob', 500) },
      retryAttempts: 0,
    });
    open.push(() => client.dispose());
    const { renew, expiresAt } = renewing(client);
    const stream = story.ann.ws(follow, story.variables, client);
    expect(await stream.next()).toMatchObject({ value: { data: {} } });
    const firstEnds = Date.parse(await expiresAt);

    const renewedUntil = await renew(story.tokens.make('bob', 60_000));

    expect(Date.parse(renewedUntil)).toBeGreaterThan(firstEnds + 10_000);
    await vi.waitFor(() => expect(Date.now()).toBeGreaterThan(firstEnds + 200), waiting);
    expect(story.tokens.held).toBe(1);
    await story.ann.http(cancel, story.variables);
    expect(await stream.next()).toMatchObject({
      value: { data: { taskUpdated: { status: 'CANCELED' } } },
    });
  });

  test('to one without an end, after which it is revoked by that', async () => {
    await using story = await start();
    const second = story.tokens.make('bob');
    const { closed, send, told } = await signedIn(story, story.tokens.make('bob', 60_000));

    send({ type: 'ping', payload: { authorization: `Bearer ${second}` } });
    await vi.waitFor(() => expect(told).toHaveLength(2), waiting);
    story.tokens.revoke(second);

    // Nothing of what came is said again.
    expect(told[1]).toEqual({ type: 'pong' });
    expect(await closed).toEqual({ code: 4403, reason: 'session revoked' });
  });

  test.each([
    ['another viewer', ({ tokens }: Story) => ({ token: tokens.make('eve') }), 'session changed'],
    ['nobody', () => ({ token: 'nonsense' }), 'Forbidden'],
    ['no token at all', () => ({ authorization: 'Basic bm86Ym9keQ==' }), 'Forbidden'],
    ['something else', () => ({ token: 1 }), 'Forbidden'],
  ])('but not by a token of %s, which closes it', async (_, payload, reason) => {
    await using story = await start();
    const { closed, send } = await signedIn(story, story.tokens.make('bob'));

    send({ type: 'ping', payload: payload(story) });

    expect(await closed).toEqual({ code: 4403, reason });
    expect(story.tokens.held).toBe(0);
  });

  test('later, where nobody can say whether the token is valid: so long the session goes on', async () => {
    await using story = await start();
    const { send, told, socket } = await signedIn(story, story.tokens.make('bob', 60_000));
    const token = story.tokens.make('bob', 120_000);
    story.tokens.isAway = true;
    send({ type: 'ping', payload: { token } });
    await vi.waitFor(() => expect(told).toHaveLength(2), waiting);
    story.tokens.isAway = false;
    send({ type: 'ping', payload: { token } });
    await vi.waitFor(() => expect(told).toHaveLength(3), waiting);

    expect(told[1]).toMatchObject({ type: 'pong', payload: { error: { code: 'UNAVAILABLE' } } });
    expect(told[2]).toMatchObject({ type: 'pong', payload: { expiresAt: expect.any(String) } });
    expect(socket.readyState).toBe(WebSocket.OPEN);
  });

  test('and a ping without a token is just answered', async () => {
    await using story = await start();
    const { send, told } = await signedIn(story, story.tokens.make('bob'));

    send({ type: 'ping' });
    send({ type: 'ping', payload: { any: 'thing' } });
    await vi.waitFor(() => expect(told).toHaveLength(3), waiting);

    expect(told.slice(1)).toEqual([{ type: 'pong' }, { type: 'pong' }]);
  });

  test('and not before its socket has signed in', async () => {
    await using story = await start();
    const socket = new WebSocket(story.api.socketUrl, 'graphql-transport-ws');
    open.push(() => socket.terminate());
    await once(socket, 'open');

    socket.send(JSON.stringify({ type: 'ping', payload: { token: story.tokens.make('bob') } }));

    expect((await once(socket, 'close'))[0]).toBe(4401);
  });
});

/** What an application adds to a client of graphql-ws. */
function renewing(client: Client) {
  let socket: WebSocket | undefined;
  const { promise: expiresAt, resolve } = Promise.withResolvers<string>();
  client.on('connected', (opened, payload) => {
    // What the client was told to make.
    socket = opened as WebSocket;
    resolve(payload?.['expiresAt'] as string);
  });
  const renew = async (token: string): Promise<string> => {
    const answered = new Promise<string>((resolve) => {
      const stop = client.on('pong', (_, payload) => {
        stop();
        resolve(payload?.['expiresAt'] as string);
      });
    });
    socket?.send(JSON.stringify({ type: 'ping', payload: { token } }));
    return answered;
  };
  return { expiresAt, renew };
}

describe('a token in a URL', () => {
  const queryUrl = ({ api }: Story, query: string, token: string): string =>
    `${api.url}?${new URLSearchParams({ query, token })}`;

  test('lets an EventSource follow, until the session ends', async () => {
    await using story = await start();
    const { id } = story.variables;
    const source = new EventSource(
      queryUrl(story, `subscription { taskUpdated(id: "${id}") { status } }`, story.watchToken),
    );
    open.push(() => source.close());
    const told: Result[] = [];
    source.addEventListener('next', ({ data }) => told.push(JSON.parse(data)));
    const completed = new Promise((resolve) => source.addEventListener('complete', resolve));
    await vi.waitFor(() => expect(told).toHaveLength(1), waiting);

    await story.ann.http('mutation { revokeWatchTokens { revokedAt } }');
    await completed;

    expect(told).toMatchObject([
      { data: { taskUpdated: { status: 'QUEUED' } } },
      { errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] },
    ]);
  });

  test.each([
    [
      'that is none for watching',
      false,
      'subscription { tasksUpdated { hasNextPage } }',
      'text/event-stream',
    ],
    ['for a query', true, '{ __typename }', 'application/json'],
    ['for a query whose answer is a stream', true, '{ __typename }', 'text/event-stream'],
    [
      'for a mutation',
      true,
      'mutation { cancelTasks(filter: { createdBefore: "2000-01-01T00:00:00Z" }) { acceptedCount } }',
      'text/event-stream',
    ],
  ])('is refused %s', async (_, isToWatch, query, accept) => {
    await using story = await start();
    const token = isToWatch ? story.watchToken : story.tokens.make('bob');

    const response = await fetch(queryUrl(story, query, token), { headers: { accept } });

    const text = await response.text();
    expect(response.status).toBe(401);
    expect(text).toContain('UNAUTHENTICATED');
    expect(text).toContain('authorization: Bearer');
    expect(text).not.toContain(token);
  });

  test('is refused in a POST, beside a header, and for a socket', async () => {
    await using story = await start();
    const token = story.watchToken;
    const query = 'subscription { tasksUpdated { hasNextPage } }';
    const headers = { accept: 'text/event-stream' };

    const post = await fetch(`${story.api.url}?token=${token}`, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify({ query }),
    });
    const both = await fetch(queryUrl(story, query, token), {
      headers: { ...headers, authorization: `Bearer ${token}` },
    });
    const socket = new WebSocket(`${story.api.socketUrl}?token=${token}`, 'graphql-transport-ws');
    const [, response] = await once(socket, 'unexpected-response');
    socket.on('error', () => undefined);
    socket.terminate();

    expect([post.status, both.status, response.statusCode]).toEqual([401, 401, 401]);
  });
});

describe('with API tokens and JSON Web Tokens', () => {
  const jwt = {
    secret: 'not for anything else than this test, and 32 bytes',
    issuer: 'test',
    audience: 'taskwire',
  };

  /** Two APIs of one store, as two processes have it, and a task that waits. */
  async function startTwo() {
    const tests = await TestTasks.start([forever], { workers: 0 });
    const other = await connectTasks({ redis: tests.redis, definitions: [forever], logger: testLogger });
    const auth = { tokens: true, jwt };
    const servers = [
      await createServer({ tasks: tests.tasks, auth, logger: testLogger }),
      await createServer({ tasks: other, auth, logger: testLogger }),
    ];
    const origins = await Promise.all(servers.map(async (server) => (await server.listen(0)).url));
    const { id } = await tests.tasks.enqueue(forever, {}, { owner: 'ann' });
    return {
      tests,
      origins,
      variables: { id },
      apiTokens: new ApiTokens(tests.tasks.connection, tests.redis.prefix ?? defaultPrefix),
      async [Symbol.asyncDispose]() {
        for (const server of servers) await server.close();
        await other.close();
        await tests[Symbol.asyncDispose]();
      },
    };
  }

  test('a revocation ends the streams of all processes within 5 s, and nobody else notices', async () => {
    await using story = await startTwo();
    const { token, apiToken } = await story.apiTokens.create({ owner: 'ann', scopes: ['tasks:read'] });
    const stays = await story.apiTokens.create({ owner: 'ann', scopes: ['tasks:read'] });
    registerSecret(token);
    registerSecret(stays.token);
    const streams: AsyncGenerator<Result>[] = [];
    const closed: Promise<unknown>[] = [];
    for (const origin of story.origins) {
      const client = new TestClient(origin, token);
      open.push(() => client[Symbol.asyncDispose]());
      const socket = client.socket();
      closed.push(new Promise((resolve) => socket.on('closed', resolve)));
      streams.push(client.sse(follow, story.variables), client.ws(follow, story.variables, socket));
    }
    await using bystander = new TestClient(story.origins[1] ?? '', stays.token);
    const other = bystander.ws(follow, story.variables);
    for (const stream of [...streams, other])
      expect(await stream.next()).toMatchObject({ value: { data: {} } });
    const ends = Promise.allSettled(streams.map((stream) => Array.fromAsync(stream)));

    const began = performance.now();
    await story.apiTokens.revoke(apiToken.id);
    const [overSse] = await ends;

    expect(performance.now() - began).toBeLessThan(5_000);
    expect(await Promise.all(closed)).toMatchObject([
      { code: 4403, reason: 'session revoked' },
      { code: 4403, reason: 'session revoked' },
    ]);
    expect(overSse).toMatchObject({ value: [{ errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] }] });
    await story.tests.tasks.cancel(story.variables.id);
    expect(await other.next()).toMatchObject({ value: { data: { taskUpdated: { status: 'CANCELED' } } } });
  });

  test('a JWT ends with its time, unless a newer one of the same rights takes its place', async () => {
    await using story = await startTwo();
    const now = Math.floor(Date.now() / 1000);
    const key = new TextEncoder().encode(jwt.secret);
    const sign = async (scope: string, lastsS: number): Promise<string> =>
      registerSecret(
        await new SignJWT({ scope })
          .setProtectedHeader({ alg: 'HS256' })
          .setIssuer(jwt.issuer)
          .setAudience(jwt.audience)
          .setSubject('ann')
          .setIssuedAt(now)
          .setExpirationTime(now + lastsS)
          .sign(key),
      );
    const first = await sign('tasks:read', 4);
    const api = { socketUrl: `${story.origins[0]?.replace('http', 'ws')}/graphql` };
    const ending = await signedIn({ api }, first);
    const renewed = await signedIn({ api }, first);
    renewed.send({ type: 'ping', payload: { token: await sign('tasks:read', 300) } });

    expect(await ending.closed).toEqual({ code: 4403, reason: 'session expired' });
    expect(renewed.told[1]).toMatchObject({ type: 'pong', payload: { expiresAt: expect.any(String) } });
    expect(renewed.socket.readyState).toBe(WebSocket.OPEN);
    renewed.send({ type: 'ping', payload: { token: await sign('tasks:read tasks:write', 300) } });
    expect(await renewed.closed).toEqual({ code: 4403, reason: 'session changed' });
  });
});

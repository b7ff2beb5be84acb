import { EventSource } from 'eventsource';
import { type Client, createClient } from 'graphql-ws';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { authenticatorOf } from '../../src/auth/authenticator.ts';
import type { WatchRight } from '../../src/auth/viewer.ts';
import { WatchTokens } from '../../src/auth/watch-tokens.ts';
import { defineTask } from '../../src/index.ts';
import { TestApiTokens } from '../support/auth.ts';
import { double } from '../support/definitions.ts';
import { sessionEnd } from './session-end.ts';
import { TestApi } from './test-api.ts';
import { type Result, TestClient } from './test-client.ts';

/** What the steps of `stepwise` wait for. */
let steps = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];

/** Goes on when a test lets it. */
const stepwise = defineTask({
  name: 'stepwise',
  output: (t) => ({ text: t.string() }),
  async run(_, { progress, log, stream }) {
    for (const [index, step] of steps.entries()) {
      await progress({ message: `step ${index}` });
      log.info(`reached ${index}`);
      await stream('words').write(`word ${index} `);
      await step.promise;
    }
    return { text: 'done' };
  },
});

let auth: TestApiTokens;
let api: TestApi;
let backend: TestClient;
const open: (() => unknown)[] = [];

beforeAll(async () => {
  auth = await TestApiTokens.start();
  const authenticator = authenticatorOf([auth.way]);
  api = await TestApi.start([stepwise, double], { redis: auth.settings, authenticator, concurrency: 50 });
  const { token } = await auth.tokens.create({ owner: 'acme', scopes: ['tasks:read', 'tasks:write'] });
  backend = new TestClient(api.origin, token);
});
afterEach(async () => {
  for (const step of steps) step.resolve();
  for (const close of open.splice(0)) await close();
  steps = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await auth[Symbol.asyncDispose]();
});

const waiting = { timeout: 8_000 };

/** What a backend does when one of its pages asks for something that takes its time. */
async function enqueue(rights: readonly WatchRight[] = ['STATUS', 'OUTPUT']) {
  const { data, errors } = await backend.http(
    'mutation ($rights: [WatchRight!]) { stepwise { task { id } watchToken(rights: $rights) { token expiresAt } } }',
    { rights },
  );
  expect(errors).toBeUndefined();
  return { id: data.stepwise.task.id as string, token: data.stepwise.watchToken.token as string };
}

/** A token that ends sooner than one may ask for. */
async function shortToken(taskId: string, lifeMs: number, rights: readonly WatchRight[] = ['STATUS']) {
  const { connection, options } = api.tests.tasks;
  const tokens = new WatchTokens(connection, options.redis.prefix ?? 'tw');
  return await tokens.mint({ taskId, owner: 'acme', rights }, lifeMs);
}

const updated =
  'subscription ($id: ID!) { stepwiseUpdated(id: $id) { status progress { message } output { text } } }';
const renew = 'mutation { renewWatchToken(expiresIn: "1m") { watchToken { token expiresAt } } }';

/** A page's socket, which takes a new token as docs/watch-tokens.md shows. */
function browserSocket(token: string) {
  let socket: WebSocket | undefined;
  const closed = Promise.withResolvers<{ code: number; reason: string }>();
  const client = createClient({
    url: api.socketUrl,
    webSocketImpl: WebSocket,
    connectionParams: { token },
    retryAttempts: 0,
    on: {
      // What the client was told to make.
      connected: (opened) => (socket = opened as WebSocket),
      closed: (event) => closed.resolve(event as { code: number; reason: string }),
    },
  });
  open.push(() => client.dispose());
  const renewBy = async (token: string): Promise<unknown> => {
    const pong = new Promise((resolve) => {
      const stop = client.on('pong', (_, payload) => (stop(), resolve(payload)));
    });
    socket?.send(JSON.stringify({ type: 'ping', payload: { token } }));
    return await pong;
  };
  return { client, closed: closed.promise, renewBy };
}

/** Collects what a subscription is told. */
function follow(client: Client, query: string, variables: Record<string, unknown>) {
  const told: Result[] = [];
  const ended = Promise.withResolvers<unknown>();
  client.subscribe(
    { query, variables },
    // A GraphQL result, as over HTTP.
    {
      next: (result) => told.push(result as Result),
      error: ended.resolve,
      complete: () => ended.resolve('complete'),
    },
  );
  return { told, ended: ended.promise };
}

function message(result: Result | undefined): unknown {
  return result?.data?.stepwiseUpdated?.progress?.message;
}

test('a browser follows its task over a WebSocket, renews in the middle of it and loses nothing', async () => {
  const { id } = await enqueue();
  const first = await shortToken(id, 3_000, ['STATUS', 'OUTPUT']);
  const { client, renewBy } = browserSocket(first.token);
  const { told, ended } = follow(client, updated, { id });
  await vi.waitFor(() => expect(told.some((result) => message(result) === 'step 0')).toBe(true), waiting);

  const { data } = await new TestClient(api.origin, first.token).http(renew);
  const { token, expiresAt } = data.renewWatchToken.watchToken;
  expect(await renewBy(token)).toEqual({ expiresAt });
  expect(await sessionEnd(api.socketUrl, first.token)).toBe(4403);
  steps[0]?.resolve();
  await vi.waitFor(() => expect(message(told.at(-1))).toBe('step 1'), waiting);
  steps[1]?.resolve();

  expect(await ended).toBe('complete');
  expect(told.at(-1)?.data.stepwiseUpdated).toMatchObject({ status: 'SUCCEEDED', output: { text: 'done' } });
  expect(told.flatMap(({ errors }) => errors ?? [])).toEqual([]);
});

/** A page's EventSource. */
function eventSource(token: string, query: string, variables: Record<string, unknown>) {
  const url = new URL(api.url);
  url.searchParams.set('query', query);
  url.searchParams.set('variables', JSON.stringify(variables));
  url.searchParams.set('token', token);
  const source = new EventSource(url);
  open.push(() => source.close());
  const told: Result[] = [];
  const ended = new Promise<string>((resolve) => {
    source.addEventListener('next', ({ data }) => told.push(JSON.parse(data)));
    source.addEventListener('complete', () => (source.close(), resolve('complete')));
    source.addEventListener('error', ({ code }) => (source.close(), resolve(`error ${code}`)));
  });
  return { source, told, ended };
}

test("a browser's EventSource follows its task with the token in its URL, and goes on with a renewed one", async () => {
  const { id, token } = await enqueue();
  const first = eventSource(token, updated, { id });
  await vi.waitFor(() => expect(message(first.told.at(-1))).toBe('step 0'), waiting);

  const { data } = await new TestClient(api.origin, token).http(renew);
  first.source.close();
  steps[0]?.resolve();
  const second = eventSource(data.renewWatchToken.watchToken.token, updated, { id });
  await vi.waitFor(() => expect(message(second.told.at(-1))).toBe('step 1'), waiting);
  steps[1]?.resolve();

  expect(await second.ended).toBe('complete');
  expect(second.told.at(-1)?.data.stepwiseUpdated).toMatchObject({
    status: 'SUCCEEDED',
    output: { text: 'done' },
  });
});

test('a token that is not renewed ends what it began, within five seconds of its end', async () => {
  const { id } = await enqueue();
  const { token, expiresAt } = await shortToken(id, 1_000);
  const status = 'subscription ($id: ID!) { taskUpdated(id: $id) { status } }';
  const { client, closed } = browserSocket(token);
  follow(client, status, { id });
  const events = eventSource(token, status, { id });

  expect(await closed).toMatchObject({ code: 4403, reason: 'session expired' });
  expect(Date.now() - expiresAt).toBeLessThan(5_000);
  expect(await events.ended).toBe('complete');
  expect(Date.now() - expiresAt).toBeLessThan(6_000);
  expect(events.told.at(-1)?.errors?.[0]?.extensions).toMatchObject({ code: 'UNAUTHENTICATED' });
});

test('what is no valid token opens no way in: 401 over HTTP and SSE, 4403 over WebSocket', async () => {
  const { id, token } = await enqueue();
  const expired = await shortToken(id, 1);
  const json = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const [head, claims, signature = ''] = token.split('.');
  const forged = [
    expired.token,
    `${head}.${claims}.${signature.replace(/^./, (char) => (char === 'A' ? 'B' : 'A'))}`,
    `${head}.${json({ t: id, o: 'acme', r: ['CANCEL'], i: 0, e: 9e15 })}.${signature}`,
    `tww_${json({ alg: 'none' })}.${claims}.`,
    `${json({ alg: 'none', typ: 'watch+jwt' })}.${json({ t: id, o: 'acme' })}.`,
    `${head}.${claims}`,
  ];

  for (const token of forged) {
    const response = await new TestClient(api.origin, token).post({ query: '{ __typename }' });
    expect(response.status).toBe(401);
    const { client, closed } = browserSocket(token);
    follow(client, updated, { id });
    expect(await closed).toMatchObject({ code: 4403, reason: 'Forbidden' });
    expect(await eventSource(token, updated, { id }).ended).toBe('error 401');
  }
});

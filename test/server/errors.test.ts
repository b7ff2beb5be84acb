import { createServer } from 'node:http';
import { Writable } from 'node:stream';
import {
  buildSchema,
  type GraphQLFieldResolver,
  GraphQLObjectType,
  GraphQLScalarType,
  GraphQLSchema,
  GraphQLString,
} from 'graphql';
import pino from 'pino';
import { expect, test, vi } from 'vitest';
import { openAuthenticator } from '../../src/auth/authenticator.ts';
import type { Context } from '../../src/graphql/context.ts';
import { defineTask } from '../../src/index.ts';
import { ClientPlaces } from '../../src/server/client-places.ts';
import { HttpOperations } from '../../src/server/http-operations.ts';
import { socketDefaults } from '../../src/server/limits.ts';
import { Pipeline } from '../../src/server/pipeline.ts';
import { SignIn } from '../../src/server/sign-in.ts';
import { Subscriptions } from '../../src/server/subscriptions.ts';
import { Sockets } from '../../src/server/websocket.ts';
import { double, forever } from '../support/definitions.ts';
import { redisServerPath } from '../support/stores.ts';
import { RedisServer } from '../support/redis-server.ts';
import { TestStore } from '../support/store.ts';
import { TestApi } from './test-api.ts';
import { type Result, TestClient } from './test-client.ts';

const waiting = { timeout: 10_000 };
const secret = 'the password is hunter2';

/** A log that a test can read. */
function readableLog() {
  const lines: { errorId?: string; err?: { message: string; stack: string } }[] = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      lines.push(JSON.parse(String(chunk)));
      done();
    },
  });
  return { lines, logger: pino({ level: 'error' }, stream) };
}

/** A scalar that can't read back what it wrote, as a user's might. */
const GraphQLBroken = new GraphQLScalarType({
  name: 'Broken',
  specifiedByURL: 'https://example.org/broken',
  serialize: String,
  parseValue() {
    throw new Error(secret);
  },
});

test('an unexpected error is masked alike on HTTP, SSE and WebSocket, and logged under the id that the client gets', async () => {
  const { lines, logger } = readableLog();
  const broken = defineTask({
    name: 'broken',
    scalars: { Broken: GraphQLBroken },
    // Its type isn't among the built-in scalars.
    output: (t) => ({ value: t.field({ type: 'Broken' as 'JSON' }), fine: t.int() }),
    run: () => ({ value: 'anything', fine: 1 }),
  });
  await using api = await TestApi.start([broken], { logger });
  const { data } = await api.http('mutation { broken { task { id } } }');
  const { id } = data.broken.task;
  await api.tests.finished(id);

  const query = 'query ($id: ID!) { result: task(id: $id) { ... on BrokenTask { output { fine value } } } }';
  const subscription = 'subscription ($id: ID!) { result: brokenUpdated(id: $id) { output { fine value } } }';
  const answers = [
    await api.http(query, { id }),
    await api.overSocket(query, { id }),
    ...(await Array.fromAsync(api.sse(subscription, { id }))),
    ...(await Array.fromAsync(api.ws(subscription, { id }))),
  ];

  expect(answers).toHaveLength(4);
  for (const answer of answers) {
    expect(JSON.stringify(answer)).not.toContain('hunter2');
    expect(JSON.stringify(answer)).not.toMatch(/stack|\.ts:|unexpected/);
    expect(answer).toEqual({
      data: { result: { output: { fine: 1, value: null } } },
      errors: [
        {
          message: expect.stringMatching(/^Something went wrong/),
          path: ['result', 'output', 'value'],
          locations: expect.anything(),
          extensions: { code: 'INTERNAL_SERVER_ERROR', errorId: expect.any(String) },
        },
      ],
    });
    const logged = lines.find(({ errorId }) => errorId === answer.errors?.[0]?.extensions?.['errorId']);
    expect(logged?.err).toMatchObject({ message: secret, stack: expect.stringContaining('parseValue') });
  }
});

test.each([
  ['a syntax error', '{', 'GRAPHQL_PARSE_FAILED'],
  ['an unknown field', '{ nothing }', 'GRAPHQL_VALIDATION_FAILED'],
  [
    'two operations without a choice',
    'query A { __typename } query B { __typename }',
    'OPERATION_RESOLUTION_FAILURE',
  ],
  ['an unknown id', '{ task(id: "default_00000000000000000000000000") { id } }', 'TASK_NOT_FOUND'],
  ['a null for what must not be', 'query ($id: ID = "x") { task(id: $id) { id } }', 'BAD_USER_INPUT'],
])('%s has the same code on HTTP, SSE and WebSocket', async (_, query, code) => {
  await using api = await TestApi.start([double], { workers: 0 });
  const variables = { id: null };

  // The socket first: Yoga keeps a document's errors, which must be right for HTTP, too.
  const answers: Result[] = [
    await api.overSocket(query, variables),
    await api.http(query, variables),
    ...(await Array.fromAsync(api.sse(query, variables))),
  ];

  expect(answers.map(({ errors }) => errors?.map(({ extensions }) => extensions?.['code']))).toEqual([
    [code],
    [code],
    [code],
  ]);
});

test('a syntax error that came over WebSocket first is still a 400 over HTTP', async () => {
  await using api = await TestApi.start([double], { workers: 0 });

  await api.overSocket('{ {');
  const response = await api.post({ query: '{ {' }, { accept: 'application/graphql-response+json' });

  expect(response.status).toBe(400);
});

test('a syntax error over WebSocket answers its operation and leaves the others alone', async () => {
  await using api = await TestApi.start([double], { workers: 0 });
  const id = await api.enqueueDouble(1);
  const client = api.socket();
  const closed = vi.fn<() => void>();
  client.on('closed', closed);
  const states = api.ws('subscription ($id: ID!) { taskUpdated(id: $id) { status } }', { id }, client);
  await states.next();

  const broken = await Array.fromAsync(api.ws('subscription {', {}, client));
  await api.http('{ __typename }');
  expect(closed).not.toHaveBeenCalled();
  await api.http('mutation ($id: ID!) { cancelTask(id: $id) { accepted } }', { id });

  expect(broken).toMatchObject([{ errors: [{ extensions: { code: 'GRAPHQL_PARSE_FAILED' } }] }]);
  expect(await states.next()).toMatchObject({ value: { data: { taskUpdated: { status: 'CANCELED' } } } });
  expect(await states.next()).toMatchObject({ done: true });
});

test('a task that vanishes while it is watched ends the streams with TASK_LOST', async () => {
  await using api = await TestApi.start([forever], { workers: 0 });
  const { data } = await api.http('mutation { forever { task { id } } }');
  const { id } = data.forever.task;
  const query = 'subscription ($id: ID!) { foreverUpdated(id: $id) { status } }';
  const streams = [api.ws(query, { id }), api.sse(query, { id })];
  for (const stream of streams) await stream.next();

  await using store = new TestStore(api.tests.redis, 'default');
  await store.vanish(id);

  for (const stream of streams) {
    expect(await stream.next()).toMatchObject({ value: { errors: [{ extensions: { code: 'TASK_LOST' } }] } });
    expect(await stream.next()).toMatchObject({ done: true });
  }
});

test('what a subscription throws while it streams, or before, is masked on SSE and WebSocket alike', async () => {
  const { lines, logger } = readableLog();
  await using api = await TestApi.start([double], { workers: 0 });
  const pipeline = new Pipeline({
    schema: failingSchema(),
    tasks: api.tests.tasks,
    logger,
    closing: new AbortController().signal,
  });
  const subscriptions = new Subscriptions(pipeline);
  const signIn = new SignIn(openAuthenticator);
  const places = new ClientPlaces(socketDefaults);
  const sockets = new Sockets(pipeline, subscriptions, signIn, places, logger, socketDefaults);
  const operations = new HttpOperations(pipeline, subscriptions, signIn, places);
  const server = createServer((request, response) => void operations.answer(request, response));
  server.on('upgrade', (request, connection, head) => sockets.upgrade(request, connection, head));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  await using failing = new TestClient(`http://127.0.0.1:${port}`);

  const masked = [{ extensions: { code: 'INTERNAL_SERVER_ERROR', errorId: expect.any(String) } }];
  for (const stream of [failing.ws('subscription { later }'), failing.sse('subscription { later }')]) {
    const results = await Array.fromAsync(stream);
    expect(results).toMatchObject([{ data: { later: 'fine' } }, { errors: masked }]);
    expect(JSON.stringify(results)).not.toContain('hunter2');
  }
  for (const stream of [failing.ws('subscription { atOnce }'), failing.sse('subscription { atOnce }')]) {
    const results = await Array.fromAsync(stream);
    expect(results).toMatchObject([{ errors: masked }]);
    expect(JSON.stringify(results)).not.toContain('hunter2');
  }
  expect(lines).toHaveLength(4);
  await sockets.close();
  operations.close();
  server.close();
  server.closeAllConnections();
});

test.runIf(redisServerPath)(
  'while the store is away requests are UNAVAILABLE within a second, and work again after it',
  async () => {
    await using redis = await RedisServer.start(redisServerPath ?? '');
    await using api = await TestApi.start([double], { redis: { url: redis.url }, workers: 0 });
    const mutation = 'mutation { double(input: { n: 1 }) { task { id } } }';
    const { data } = await vi.waitFor(async () => {
      const answer = await api.http(mutation);
      expect(answer.errors).toBeUndefined();
      return answer;
    });
    const { id } = data.double.task;
    expect((await fetch(`${api.origin}/ready`)).status).toBe(200);

    await redis.end('SIGKILL');
    const query = 'query ($id: ID!) { task(id: $id) { id } }';
    const subscription = 'subscription ($id: ID!) { taskUpdated(id: $id) { id } }';
    const answers = await Promise.all([
      api.http(mutation),
      api.overSocket(mutation),
      api.http(query, { id }),
      api.overSocket(subscription, { id }),
      Array.fromAsync(api.sse(subscription, { id })).then(([first]) => first),
      api.http('{ tasks { nodes { id } } }'),
      api.http('mutation ($id: ID!) { cancelTask(id: $id) { accepted } }', { id }),
    ]);

    for (const answer of answers)
      expect(answer?.errors).toMatchObject([{ extensions: { code: 'UNAVAILABLE' } }]);
    // The quickest of some: the rest is the machine's, which runs other tests, too.
    const elapsed: number[] = [];
    for (let ask = 0; ask < 3; ask += 1) {
      const began = performance.now();
      await api.http(mutation);
      elapsed.push(performance.now() - began);
    }
    expect(Math.min(...elapsed)).toBeLessThan(1000);
    const ready = await fetch(`${api.origin}/ready`);
    expect(ready.status).toBe(503);
    expect(await ready.json()).toMatchObject({ reason: expect.stringContaining('not reachable') });
    expect((await fetch(`${api.origin}/health`)).status).toBe(200);

    await redis.run();
    await vi.waitFor(async () => {
      expect((await api.http(mutation)).errors).toBeUndefined();
      expect((await fetch(`${api.origin}/ready`)).status).toBe(200);
    }, waiting);
  },
);

/** A schema whose subscriptions fail as ours never should. */
function failingSchema(): GraphQLSchema {
  const subscribe = (body: () => AsyncGenerator<string>) => ({
    type: GraphQLString,
    subscribe: body as GraphQLFieldResolver<unknown, Context>,
    resolve: (value: unknown) => value,
  });
  return new GraphQLSchema({
    query: buildSchema('type Query { nothing: String }').getQueryType() ?? null,
    subscription: new GraphQLObjectType({
      name: 'Subscription',
      fields: {
        later: subscribe(async function* () {
          yield 'fine';
          throw new TypeError(secret);
        }),
        atOnce: subscribe(() => {
          throw new TypeError(secret);
        }),
      },
    }),
  });
}

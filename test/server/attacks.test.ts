import { once } from 'node:events';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { defineTask } from '../../src/index.ts';
import { double } from '../support/definitions.ts';
import { TestApi } from './test-api.ts';
import type { Variables } from './test-client.ts';

/** Keeps whatever it is given. */
const keep = defineTask({
  name: 'keep',
  input: (t) => ({ anything: t.field({ type: 'JSON' }), count: t.int() }),
  run: () => undefined,
});

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start([double, keep], { workers: 0, sockets: { maxMessageBytes: 1_000_000 } });
  // Loads what answers errors.
  await api.http('{');
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
});

const strict = { accept: 'application/graphql-response+json' };

/** A socket with a subscription that is under way, and what hears of its end. */
async function heldSocket() {
  const client = api.socket();
  const closed = vi.fn<() => void>();
  client.on('closed', () => closed());
  const states = api.ws('subscription { tasksUpdated { hasNextPage } }', {}, client);
  expect(await states.next()).toMatchObject({ value: { data: {} } });
  return { client, closed, [Symbol.asyncDispose]: async () => void (await states.return(undefined)) };
}

function many(count: number, write: (index: number) => string): string {
  return Array.from({ length: count }, (_, index) => write(index)).join(' ');
}

function nested(levels: number, open: string, inner: string, close = '}'): string {
  return `${open.repeat(levels)}${inner}${close.repeat(levels)}`;
}

interface Attack {
  readonly query: string;
  readonly variables?: Variables;
  readonly code: string;
  readonly message?: RegExp;
}

const attacks: Record<string, Attack> = {
  '31 aliases': {
    query: `{ ${many(31, (index) => `a${index}: __typename`)} }`,
    code: 'DOCUMENT_TOO_LARGE',
    message: /expected at most 30 aliases, got 31;/,
  },
  'aliases that a fragment multiplies': {
    query: `{ ${many(16, () => '...Two ')} } fragment Two on Query { a: __typename b: __typename }`,
    code: 'DOCUMENT_TOO_LARGE',
    message: /at most 30 aliases, got 32; at most 20 fields at its root, got 32\./,
  },
  '11 levels of fields': {
    query: `{ task(id: "x") ${nested(9, '{ parent ', '{ id }')} }`,
    code: 'DOCUMENT_TOO_LARGE',
    message: /expected at most 10 levels of fields, got 11\./,
  },
  '11 levels of fields in fragments': {
    query: `{ task(id: "x") { ...A } } fragment A on Task { parent { parent { ...B } } }
      fragment B on Task { parent ${nested(6, '{ parent ', '{ id }')} }`,
    code: 'DOCUMENT_TOO_LARGE',
    message: /got 11\./,
  },
  '21 root fields': {
    query: `{ ${'__typename '.repeat(21)} }`,
    code: 'DOCUMENT_TOO_LARGE',
    message: /at most 20 fields at its root, got 21\./,
  },
  'the same field 501 times': {
    query: `{ task(id: "x") { ${'id '.repeat(500)} } }`,
    code: 'DOCUMENT_TOO_LARGE',
    message: /at most 500 fields, .* got 501\./,
  },
  '51 directives': {
    query: `{ __typename ${many(51, (index) => `@a${index}`)} }`,
    code: 'DOCUMENT_TOO_LARGE',
    message: /at most 50 directives, got 51\./,
  },
  '51 variables': {
    query: `query (${many(51, (index) => `$v${index}: Int`)}) { __typename }`,
    code: 'DOCUMENT_TOO_LARGE',
    message: /at most 50 variables, got 51\./,
  },
  'a fragment bomb': {
    query: `{ ...F0 } ${many(90, (index) => `fragment F${index} on Query { ...F${index + 1} ...F${index + 1} }`)}
      fragment F90 on Query { __typename }`,
    code: 'DOCUMENT_TOO_LARGE',
    message: /got 100000 or more/,
  },
  'a fragment bomb that nothing names': {
    query: `{ __typename } ${many(90, (index) => `fragment F${index} on Query { ...F${index + 1} ...F${index + 1} }`)}
      fragment F90 on Query { __typename }`,
    code: 'DOCUMENT_TOO_LARGE',
  },
  'fragments in a circle': {
    query: '{ ...A } fragment A on Query { ...B ...B } fragment B on Query { ...A ...A ...B }',
    code: 'GRAPHQL_VALIDATION_FAILED',
    message: /itself/,
  },
  'introspection in a circle': {
    query: `{ __schema { types ${nested(4, '{ fields { type ', '{ name }', '} }')} } }`,
    code: 'GRAPHQL_VALIDATION_FAILED',
    message: /Maximum introspection depth/,
  },
  'introspection 17 levels deep': {
    query: `{ __schema { queryType ${nested(14, '{ ofType ', '{ name }')} } }`,
    code: 'DOCUMENT_TOO_LARGE',
    message: /at most 16 levels of fields of an introspection, got 17\./,
  },
  'lists in lists': {
    query: '{ tasks(first: 100) { nodes { children(first: 100) { nodes { id } } } } }',
    code: 'TOO_COSTLY',
    message: /at most 1000 points, got 10121\./,
  },
  'lists in lists, by variables': {
    query: `query ($n: Int = 2) { tasks(first: $n) { ...Page } }
      fragment Page on TaskConnection { nodes { children(first: $n) { nodes { id } } } }`,
    variables: { n: 100 },
    code: 'TOO_COSTLY',
  },
  'a document nested 2,000 deep': {
    query: nested(2_000, '{ a ', 'a'),
    code: 'GRAPHQL_PARSE_FAILED',
  },
  'a list nested 2,000 deep in a document': {
    query: `mutation { keep(input: { anything: ${nested(2_000, '[', '', ']')} }) { task { id } } }`,
    code: 'GRAPHQL_PARSE_FAILED',
  },
  'variables nested 1,000 deep': {
    query: 'mutation ($i: KeepInput!) { keep(input: $i) { task { id } } }',
    variables: { i: { anything: JSON.parse(nested(1_000, '[', '', ']')) } },
    code: 'BAD_USER_INPUT',
  },
  'a number that no Int holds': {
    query: 'mutation ($i: KeepInput!) { keep(input: $i) { task { id } } }',
    variables: { i: { count: 1e300 } },
    code: 'BAD_USER_INPUT',
  },
  'a number of 10,000 digits': {
    query: `mutation { keep(input: { count: ${'9'.repeat(10_000)} }) { task { id } } }`,
    code: 'BAD_USER_INPUT',
  },
};

describe.each(Object.entries(attacks))('%s', (_, { query, variables, code, message = /./ }) => {
  test(`is answered with ${code} and 400 over HTTP, and nothing runs`, async () => {
    const before = await api.tests.tasks.count();

    const response = await api.post({ query, variables }, strict);

    expect(response.status).toBe(400);
    const { errors } = await response.json();
    expect(errors[0]).toMatchObject({ message: expect.stringMatching(message), extensions: { code } });
    expect(await api.tests.tasks.count()).toEqual(before);
  });

  test(`is answered with ${code} over WebSocket, which stays open`, async () => {
    await using held = await heldSocket();

    const { errors } = await api.overSocket(query, variables, held.client);

    expect(errors?.[0]).toMatchObject({ message: expect.stringMatching(message), extensions: { code } });
    expect(await api.overSocket('{ __typename }', {}, held.client)).toEqual({
      data: { __typename: 'Query' },
    });
    expect(held.closed).not.toHaveBeenCalled();
  });

  test('holds nobody else up', async () => {
    const blockedMs: number[] = [];
    // The quickest of some: the rest is the machine's, which runs other tests, too.
    for (let ask = 0; ask < 10 && !blockedMs.some((ms) => ms < 100); ask += 1) {
      const delay = monitorEventLoopDelay({ resolution: 1 });
      delay.enable();
      await (await api.post({ query, variables })).text();
      delay.disable();
      blockedMs.push(delay.max / 1e6);
    }

    expect(Math.min(...blockedMs)).toBeLessThan(100);
  });
});

describe('JSON that is nested 5,000 deep', () => {
  const list = nested(5_000, '[', '', ']');
  const object = nested(5_000, '{"a":', '1');

  test.each([
    ['as the whole body', list],
    ['as the query', `{"query": ${list}}`],
    ['as an object of variables', `{"query": "{ __typename }", "variables": ${object}}`],
    ['in a variable', `{"query": "query ($a: Int) { __typename }", "variables": {"a": ${object}}}`],
    ['as extensions', `{"query": "{ __typename ", "extensions": ${object}}`],
    ['beside the query', `{"query": "{ __typename }", "other": ${list}}`],
  ])('%s is a bad request', async (_, body) => {
    const response = await api.post(body, strict);

    expect(response.status).toBeGreaterThanOrEqual(400);
    expect(response.status).toBeLessThan(500);
  });

  test('over WebSocket is answered, and closes no other socket', async () => {
    await using other = await heldSocket();
    const socket = new WebSocket(api.socketUrl, 'graphql-transport-ws');
    await once(socket, 'open');
    socket.send('{"type": "connection_init"}');
    await once(socket, 'message');

    const payload = `{"query": "mutation ($a: JSON) { keep(input: { anything: $a }) { task { id } } }", "variables": {"a": ${list}}}`;
    socket.send(`{"id": "1", "type": "subscribe", "payload": ${payload}}`);
    const [answer] = await once(socket, 'message');

    expect(JSON.parse(String(answer))).toMatchObject({
      type: 'error',
      payload: [{ extensions: { code: 'BAD_USER_INPUT' } }],
    });
    socket.terminate();
    expect(await api.overSocket('{ __typename }', {}, other.client)).toEqual({
      data: { __typename: 'Query' },
    });
    expect(other.closed).not.toHaveBeenCalled();
  });
});

describe('a body that is no UTF-8', () => {
  const query = 'mutation { keep(input: { anything: "ü" }) { task { input } } }';
  const post = async (body: Uint8Array<ArrayBuffer>, type = 'application/json') =>
    await fetch(api.url, { method: 'POST', headers: { ...strict, 'content-type': type }, body });

  test.each([
    ['UTF-16', Uint8Array.from(Buffer.from(JSON.stringify({ query }), 'utf16le')), undefined],
    ['UTF-16, said so', Uint8Array.from(Buffer.from(JSON.stringify({ query }), 'utf16le')), 'utf-16'],
    ['latin1', Uint8Array.from(Buffer.from(JSON.stringify({ query }), 'latin1')), undefined],
    ['latin1, said so', Uint8Array.from(Buffer.from(JSON.stringify({ query }), 'latin1')), 'iso-8859-1'],
    [
      'a lone byte',
      Uint8Array.from([...Buffer.from('{"query": "{ __typename }", "a": "'), 0xff, 0x22, 0x7d]),
      undefined,
    ],
    ['zeros', new Uint8Array(1000), undefined],
  ])('%s is answered, and never with 500', async (_, body, charset) => {
    const type = charset === undefined ? undefined : `application/json; charset=${charset}`;

    const response = await post(body, type);

    expect([200, 400, 415]).toContain(response.status);
    await response.text();
  });
});

describe.each(['http', 'overSocket'] as const)('over %s', (transport) => {
  test('keys such as `__proto__` and `constructor` are data', async () => {
    const anything = JSON.parse(
      '{"__proto__": {"polluted": true}, "constructor": {"prototype": {"polluted": true}}, "toString": 1}',
    );
    const query = 'mutation ($i: KeepInput!) { keep(input: $i) { task { input } } }';

    const { data } = await api[transport](query, { i: { anything } });

    expect(JSON.stringify(data.keep.task.input)).toBe(JSON.stringify({ anything }));
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  test('variables called `__proto__` and `constructor` are variables', async () => {
    const query = `mutation ($__proto__: JSON, $constructor: Int, $toString: JSON) {
      keep(input: { anything: [$__proto__, $toString], count: $constructor }) { task { input } }
    }`;
    const variables = JSON.parse('{"__proto__": {"a": 1}, "constructor": 2}');

    const { data } = await api[transport](query, variables);

    expect(data.keep.task.input).toEqual({ anything: [{ a: 1 }, null], count: 2 });
    expect(
      (await api[transport]('query ($constructor: ID!) { task(id: $constructor) { id } }', {})).errors,
    ).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }]);
  });

  test('an input with an unknown `__proto__` is told so', async () => {
    const variables = JSON.parse('{"i": {"__proto__": {"count": 1}}}');

    const { errors } = await api[transport](
      'mutation ($i: KeepInput!) { keep(input: $i) { task { id } } }',
      variables,
    );

    expect(errors?.[0]?.extensions).toMatchObject({
      code: 'BAD_USER_INPUT',
      issues: [{ path: ['i', '__proto__'] }],
    });
  });

  test('of many errors five are told, and how many more there are', async () => {
    const unknown = await api[transport](`{ ${many(12, (index) => `x${index}`)} }`);
    const ran = await api[transport](`{ ${many(8, (index) => `a${index}: task(id: "x${index}") { id }`)} }`);

    expect(unknown.errors).toHaveLength(5);
    expect(unknown.errors?.map(({ extensions }) => extensions?.['omitted'])).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
      7,
    ]);
    expect(ran.errors).toHaveLength(5);
    expect(ran.errors?.at(-1)).toMatchObject({
      path: ['a4'],
      extensions: { code: 'TASK_NOT_FOUND', omitted: 3 },
    });
    expect(Object.keys(ran.data)).toHaveLength(8);
  });

  test('no answer has a stack, a path of a file, or a suggestion', async () => {
    const queries = [
      ...Object.values(attacks).map(({ query, variables }) => ({ query, variables })),
      { query: '{ taskz { nodes { id } } }', variables: {} },
      { query: 'mutation { doubl(input: { m: 1 }) { task { id } } }', variables: {} },
      {
        query: 'mutation ($i: DoubleInput!) { double(input: $i) { task { id } } }',
        variables: { i: { m: 1 } },
      },
      {
        query: 'query ($f: TaskFilter) { tasks(filter: $f) { nodes { id } } }',
        variables: { f: { name: 'x' } },
      },
      { query: '{ tasks(filter: { statuses: [QUEUE] }) { nodes { id } } }', variables: {} },
    ];
    for (const { query, variables } of queries) {
      const text = JSON.stringify(await api[transport](query, variables));

      expect(text).toContain('errors');
      expect(text).not.toMatch(/Did you mean|node_modules|\.[tj]s:\d|"stack/);
    }
  });
});

test('twenty of each attack leave no memory behind', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const heapAfter = async (rounds: number) => {
    for (let round = 0; round < rounds; round += 1) {
      for (const { query, variables } of Object.values(attacks)) {
        await (await api.post({ query, variables })).text();
      }
    }
    collect();
    return process.memoryUsage().heapUsed;
  };
  const before = await heapAfter(5);

  expect((await heapAfter(20)) - before).toBeLessThan(3_000_000);
}, 60_000);

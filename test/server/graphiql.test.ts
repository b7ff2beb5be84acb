import { expect, test } from 'vitest';
import { builtIn } from '../../src/cli/definitions.ts';
import { compileDefinitions } from '../../src/definition/types.ts';
import { buildSchema } from '../../src/graphql/schema.ts';
import { defineTask } from '../../src/index.ts';
import { exampleOf } from '../../src/server/example.ts';
import { double } from '../support/definitions.ts';
import { TestTokens } from '../support/tokens.ts';
import { TestApi } from './test-api.ts';

const html = { headers: { accept: 'text/html,application/xhtml+xml' } };

/** Its own rules refuse whatever a machine would make up. */
const picky = defineTask({
  name: 'picky',
  input: (t) => ({ word: t.string({ required: true }) }),
  validate: ({ word }) => (word === 'please' ? undefined : 'Say please.'),
  run: () => undefined,
});

test('GraphiQL needs nothing from anywhere else', async () => {
  await using api = await TestApi.start([double], { workers: 0, graphiql: true });
  const response = await fetch(api.url, html);
  const page = await response.text();

  expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
  const loads =
    /(?:src|href)=["']?(?!data:)(?:https?:)?\/\/|url\(["']?(?!data:|#)(?:https?:)?\/\/|@import|importScripts\(["']http|import\(["']http/i;
  const [head = ''] = page.split('<script>');
  expect(head.replaceAll(/data:[^"')]*/g, '')).not.toMatch(loads);
  expect(page).not.toMatch(/unpkg\.com|jsdelivr|cdnjs|googleapis|esm\.sh/);
  // And if something did, the browser wouldn't let it.
  const policy = response.headers.get('content-security-policy') ?? '';
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("connect-src 'self'");
  expect(policy).toContain("frame-ancestors 'none'");
  expect(policy).not.toContain('http');
});

test('GraphiQL opens with a mutation and a subscription that work, for the first task that takes an example', async () => {
  await using api = await TestApi.start([picky, double], { graphiql: true });
  const first = await tabs(api);

  expect(first[0]?.query).toContain('double(input: $input)');
  const { data, errors } = await api.http(first[0]?.query ?? '', JSON.parse(first[0]?.variables ?? '{}'));
  expect(errors).toBeUndefined();

  // Opened again, the subscription has the id of the last task.
  const again = await tabs(api);
  const variables = JSON.parse(again[1]?.variables ?? '{}');
  expect(variables).toEqual({ id: data.double.task.id });
  const states = await Array.fromAsync(api.ws(again[1]?.query ?? '', variables));
  expect(states.at(-1)).toMatchObject({ data: { doubleUpdated: { status: 'SUCCEEDED', output: { n: 6 } } } });
  expect(again[2]?.query).toContain('tasksUpdated');
});

test.each(builtIn)('there is an example for the built-in task $name', async (definition) => {
  const definitions = compileDefinitions([definition]);

  const example = await exampleOf(buildSchema([definition]), definitions);

  expect(example).toMatchObject({ name: definition.name });
});

test('GraphiQL subscribes over WebSocket', async () => {
  await using api = await TestApi.start([double], { workers: 0, graphiql: true });
  const page = await (await fetch(api.url, html)).text();

  expect(page).toMatch(
    /renderYogaGraphiQL\(\s*window\.document\.querySelector\('#root'\),\s*\{[^\n]*"subscriptionsProtocol":"WS"/,
  );
});

test('where there is a sign-in GraphiQL takes a token in its headers, and tells nothing of the schema or of tasks before', async () => {
  await using api = await TestApi.start([double], { graphiql: true, authenticator: new TestTokens() });
  const { id } = await api.tests.tasks.enqueue(double, { n: 1 });

  const response = await fetch(api.url, html);
  const page = await response.text();

  expect(response.headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
  const [, options = '{}'] = /querySelector\('#root'\),\s*(\{[^\n]*\}),/.exec(page) ?? [];
  const header = expect.stringContaining('"authorization": "Bearer ');
  // Of its two ways to subscribe the one that sends the headers.
  expect(JSON.parse(options)).toMatchObject({
    subscriptionsProtocol: 'SSE',
    defaultHeaders: header,
    shouldPersistHeaders: false,
    defaultTabs: [{ headers: header }],
  });
  expect(options).not.toMatch(/double/i);
  expect(page).not.toContain(id);
});

test('GraphiQL is served to browsers only, and only when it is on', async () => {
  await using api = await TestApi.start([double], { workers: 0, graphiql: true });
  await using closed = await TestApi.start([double], { workers: 0, redis: api.tests.redis });

  const query = await fetch(`${api.url}?query={__typename}`, { headers: { accept: 'application/json' } });
  expect(await query.json()).toEqual({ data: { __typename: 'Query' } });
  const off = await fetch(closed.url, html);
  expect(off.headers.get('content-type')).toBe('text/plain; charset=utf-8');
  expect(await off.text()).toMatch(/GraphiQL is off.*TASKWIRE_GRAPHIQL=on/);
});

test('a misspelt name is answered with suggestions only where GraphiQL is on', async () => {
  await using api = await TestApi.start([double], { workers: 0, graphiql: true });
  await using closed = await TestApi.start([double], { workers: 0, redis: api.tests.redis });

  for (const query of [
    '{ taskz { nodes { id } } }',
    'mutation { double(input: { m: 1, n: 1 }) { task { id } } }',
  ]) {
    expect((await api.http(query)).errors?.[0]?.message).toContain('Did you mean');
    for (const { errors } of [await closed.http(query), await closed.overSocket(query)]) {
      expect(errors).toHaveLength(1);
      expect(JSON.stringify(errors)).not.toContain('Did you mean');
    }
  }
});

/** The tabs that the page opens with. */
async function tabs(api: TestApi): Promise<{ query: string; variables?: string }[]> {
  const page = await (await fetch(api.url, html)).text();
  const [, options = '{}'] = /querySelector\('#root'\),\s*(\{[^\n]*\}),/.exec(page) ?? [];
  return JSON.parse(options).defaultTabs;
}

import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Server, createServer } from '../../src/index.ts';
import { double } from '../support/definitions.ts';
import { testLogger } from '../support/stores.ts';
import { TestTasks } from '../support/tasks.ts';
import { ApiTokens } from '../../src/auth/api-tokens.ts';
import { TestClient } from './test-client.ts';

const create = `mutation($owner: String!, $scopes: [String!]!, $name: String, $expiresIn: Duration) {
  createApiToken(owner: $owner, scopes: $scopes, name: $name, expiresIn: $expiresIn) {
    token apiToken { id name owner scopes createdAt expiresAt lastUsedAt }
  }
}`;
const revoke = 'mutation($id: ID!) { revokeApiToken(id: $id) { accepted } }';
const list = `query($first: Int, $after: String) { apiTokens(first: $first, after: $after) {
  nodes { id name owner scopes } edges { cursor node { id } } pageInfo { hasNextPage endCursor }
} }`;

let tests: TestTasks;
let server: Server;
let other: Server;
let admin: TestClient;
let otherUrl: string;

beforeAll(async () => {
  tests = await TestTasks.start([double], { workers: 0 });
  const options = { tasks: tests.tasks, auth: { tokens: true }, logger: testLogger };
  [server, other] = [await createServer(options), await createServer(options)];
  const first = await new ApiTokens(tests.tasks.connection, tests.redis.prefix ?? 'tw').create({
    owner: 'root',
    scopes: ['admin'],
  });
  admin = new TestClient((await server.listen(0)).url, first.token);
  otherUrl = (await other.listen(0)).url;
});
afterAll(async () => {
  await admin[Symbol.asyncDispose]();
  await server.close();
  await other.close();
  await tests[Symbol.asyncDispose]();
});

test('an admin makes a token for an owner, which signs it in everywhere until it is revoked', async () => {
  const { data } = await admin.http(create, {
    owner: 'acme',
    scopes: ['tasks:read'],
    name: 'shop',
    expiresIn: '30d',
  });
  const { token, apiToken } = data.createApiToken;
  expect(apiToken).toMatchObject({ owner: 'acme', name: 'shop', scopes: ['tasks:read'], lastUsedAt: null });
  expect(Date.parse(apiToken.expiresAt) - Date.parse(apiToken.createdAt)).toBe(30 * 86_400_000);
  await using acme = new TestClient(otherUrl, token);
  expect(await acme.http('{ __typename }')).toEqual({ data: { __typename: 'Query' } });
  expect(await acme.http(create, { owner: 'acme', scopes: ['admin'] })).toMatchObject({
    errors: [{ extensions: { code: 'FORBIDDEN' } }],
  });
  expect(await acme.http(list)).toMatchObject({ errors: [{ extensions: { code: 'FORBIDDEN' } }] });

  expect(await admin.http(revoke, { id: apiToken.id })).toEqual({
    data: { revokeApiToken: { accepted: true } },
  });
  expect(await admin.http(revoke, { id: apiToken.id })).toEqual({
    data: { revokeApiToken: { accepted: false } },
  });

  await expect
    .poll(async () => await acme.http('{ __typename }'), { timeout: 5_000 })
    .toMatchObject({ errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] });
  const { data: told } = await admin.http(
    `{ auditEvents(first: 10) { nodes { action outcome target { id } } } }`,
  );
  expect(told.auditEvents.nodes).toEqual(
    expect.arrayContaining([
      { action: 'createApiToken', outcome: 'OK', target: { id: apiToken.id } },
      { action: 'revokeApiToken', outcome: 'OK', target: { id: apiToken.id } },
      { action: 'revokeApiToken', outcome: 'NOT_ACCEPTED', target: { id: apiToken.id } },
    ]),
  );
  expect(JSON.stringify(told)).not.toContain(token);
});

test('the tokens are listed page by page, without what is secret of them', async () => {
  for (const name of ['a', 'b', 'c'])
    await admin.http(create, { owner: 'pages', scopes: ['tasks:read'], name });
  const found: string[] = [];
  let after: string | undefined;
  do {
    const { data } = await admin.http(list, { first: 2, after });
    const { nodes, edges, pageInfo } = data.apiTokens;
    expect(edges.map((edge: { node: { id: string } }) => edge.node.id)).toEqual(
      nodes.map((node: { id: string }) => node.id),
    );
    found.push(...nodes.map((node: { owner: string; name: string }) => `${node.owner} ${node.name}`.trim()));
    after = pageInfo.hasNextPage ? pageInfo.endCursor : undefined;
  } while (after !== undefined);

  expect(found).toHaveLength(new Set(found).size);
  expect(found.toSorted()).toEqual(['pages a', 'pages b', 'pages c', 'root']);
});

test.each([
  ['a scope that there is not', create, { owner: 'acme', scopes: ['root'] }, 'scopes'],
  ['no scope', create, { owner: 'acme', scopes: [] }, 'scopes'],
  ['no owner', create, { owner: '', scopes: ['admin'] }, 'owner'],
  ['a life in months', create, { owner: 'a', scopes: ['admin'], expiresIn: 'P1M' }, 'expiresIn'],
  ['a life of nothing', create, { owner: 'a', scopes: ['admin'], expiresIn: '0s' }, 'expiresIn'],
  ['a page of none', list, { first: 0 }, 'first'],
  ['a cursor that is none', list, { after: 'x' }, 'after'],
])('what is asked for with %s is refused by its argument', async (_, query, variables, argument) => {
  expect(await admin.http(query, variables)).toMatchObject({
    errors: [{ extensions: { code: 'BAD_USER_INPUT', issues: [{ path: [argument] }] } }],
  });
});

test('an API by which nobody signs in with API tokens says so, rather than to make useless ones', async () => {
  await using open = await createServer({ tasks: tests.tasks, auth: 'open', logger: testLogger });
  await using client = new TestClient((await open.listen(0)).url);

  expect(await client.http(create, { owner: 'a', scopes: ['admin'] })).toMatchObject({
    errors: [
      {
        message: expect.stringMatching(/^Nobody signs in to this API by API tokens/),
        extensions: { code: 'BAD_USER_INPUT' },
      },
    ],
  });
});
